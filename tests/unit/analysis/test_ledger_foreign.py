"""The ledger of a consumer that is judged by its output: it may lose what it received."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.analysis.ledger import Evidence, close_ledger
from harness.metrics.audit import AuditDelta
from harness.run.trials.metrics import Circumstances, evidence_of
from harness.run.trials.said import consumer_said

# One SYSCALL record, two of others, and an event altogether were lost on the way to the output.
LOST_INSIDE = Evidence(
    demanded=2000,
    suppressed=0,
    complete=1996,
    partial=2,
    missing_records=2,
    lost=0,
    serial_gaps=1,
    records_per_event=3,
    unnamed=1,
    unnamed_records=2,
    backlog_limit=8192,
    socket_drops=0,
    loses_inside=True,
)


def test_what_it_lost_itself_is_accounted_for() -> None:
    ledger = close_ledger(LOST_INSIDE)
    assert (ledger.complete, ledger.partial, ledger.vanished) == (1996, 3, 1)
    assert (ledger.refused, ledger.unexplained) == (0, 0)
    assert (ledger.refused_low, ledger.refused_high) == (0, 0)
    assert ledger.stage_consumer_records == 6


def test_of_ours_the_same_would_be_a_contradiction() -> None:
    assert close_ledger(replace(LOST_INSIDE, loses_inside=False)).unexplained != 0


@pytest.mark.parametrize(("complete", "unexplained"), [(1990, 0), (1980, 4), (1998, 0), (2001, -5)])
def test_what_the_kernel_refused_lies_between_its_bounds(complete: int, unexplained: int) -> None:
    ledger = close_ledger(replace(LOST_INSIDE, complete=complete, lost=12))
    assert (ledger.refused_low, ledger.refused_high) == (0, 12)
    assert ledger.unexplained == unexplained
    assert ledger.stage_consumer_records is None


SCOPED = Evidence(
    demanded=1000,
    suppressed=0,
    complete=400,
    partial=0,
    missing_records=0,
    lost=640,
    serial_gaps=0,
    records_per_event=3,
    backlog_limit=64,
    socket_drops=0,
    scoped=True,
)
"""Of scoped rules: 600 refused, and 40 more in `lost` than the load can have lost."""


@pytest.mark.parametrize(
    ("foreign_events", "foreign_lost", "unexplained"),
    # The markers are no events of others.
    [(3, 10, -30), (13, 31, -9), (30, 40, 0), (None, 10, -30)],
)
def test_others_can_have_lost_what_they_have_of_the_events_that_arrived(
    foreign_events: int | None, foreign_lost: int, unexplained: int
) -> None:
    ledger = close_ledger(replace(SCOPED, foreign_events=foreign_events))
    assert (ledger.foreign_lost, ledger.unexplained) == (foreign_lost, unexplained)
    assert ledger.refused == 600 - unexplained
    assert ledger.may_be_of_others == bool(unexplained)


def test_of_serials_missing_others_can_have_lost_no_more_than_that_either() -> None:
    """60 serials are missing, more than the 25 events that did not arrive."""
    gone = replace(SCOPED, complete=975, serial_gaps=60, lost=100, records_per_event=1)
    ledger = close_ledger(replace(gone, rate_limit=5, foreign_events=3))
    assert (ledger.vanished, ledger.foreign_lost, ledger.unexplained) == (50, 10, -65)
    assert ledger.may_be_of_others
    with_others = close_ledger(replace(gone, rate_limit=5, foreign_events=700))
    assert with_others.unexplained == 0


def test_events_that_never_were_lost_are_nobody_elses() -> None:
    ledger = close_ledger(replace(SCOPED, complete=1004, lost=2, foreign_events=700))
    assert ledger.unexplained == -4
    assert not ledger.may_be_of_others


def test_an_event_without_the_record_that_names_it_is_one_of_the_trial() -> None:
    calls = {"42": {"complete": 9, "partial": 0, "records": 27}}
    document = {
        "judged": True,
        "mode": "unicast",
        "socket_drops": 0,
        "enobufs": 0,
        "records": 29,
        "truncated": 0,
        "malformed": 0,
        "markers": [1],
        "serials": {"gaps": 0},
        "events": {"complete": 9, "partial": 1, "duplicate_records": 0, "late_records": 0},
        "sessions": {
            "7": {
                "events": 9,
                "records": 27,
                "missing_records": 0,
                "after_marker": 0,
                "by_syscall": calls,
            }
        },
    }
    kernel = AuditDelta(lost=0, waited_jiffies=0, waited_ms=0.0)
    circumstances = Circumstances(session=7, demanded=10, backlog_limit=64, markers_sent=1)
    ledger = close_ledger(evidence_of(consumer_said(document), kernel, circumstances))
    assert (ledger.complete, ledger.partial, ledger.unnamed_events) == (9, 1, 1)
    assert ledger.unexplained == 0


STOPPED = replace(
    LOST_INSIDE,
    demanded=20_000,
    complete=1_990,
    partial=1,
    missing_records=1,
    serial_gaps=0,
    records_per_event=4,
    unnamed=0,
    unnamed_records=0,
    multicast=True,
    markers_missing=2,
    socket_drops=71_845,
    stopped_reading=True,
)
"""Of journald at full speed, which the first overrun of its socket ends."""


def test_what_came_after_a_listener_had_stopped_reading_is_accounted_for() -> None:
    ledger = close_ledger(STOPPED)
    assert (ledger.vanished, ledger.refused, ledger.unexplained) == (18_009, 0, 0)
    assert ledger.stage_multicast_records == 71_845
    assert close_ledger(replace(STOPPED, stopped_reading=False)).unexplained == 18_009
    # What the kernel refused has no serial either: which is which, nobody knows.
    assert close_ledger(replace(STOPPED, lost=5)).vanished == 0


@pytest.mark.parametrize(
    ("changes", "stopped"),
    [
        ({}, True),
        ({"markers": [0, 1]}, False),
        ({"markers": None}, False),
        ({"mode": "unicast"}, False),
        ({"socket_drops": 0}, False),
        ({"judged": False}, False),
    ],
)
def test_who_stopped_reading(changes: dict[str, object], stopped: bool) -> None:
    said = {"mode": "multicast", "socket_drops": 9, "markers": [0], "judged": True}
    document = consumer_said(said | changes)
    assert document is not None
    assert document.stopped_reading is stopped


@pytest.mark.parametrize(("sent", "foreign"), [(0, 3), (2, 1), (3, 0), (9, 0)])
def test_messages_of_the_harness_that_did_not_come_are_not_of_others(
    sent: int, foreign: int
) -> None:
    lossy = replace(
        STOPPED, stopped_reading=False, markers_missing=0, serial_gaps=18_012, other_messages=sent
    )
    ledger = close_ledger(lossy)
    assert (ledger.unexplained, ledger.foreign_lost) == (0, foreign)
    assert (ledger.vanished or 0) == 18_009
