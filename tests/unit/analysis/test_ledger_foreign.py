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
