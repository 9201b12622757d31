"""What becomes of a guest's answer: counts per operation, a ledger, and reasons not to use it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.model.count import CONSUMER, EVENTS, INSTRUCTIONS, KAUDITD, RECORDS
from harness.model.run import Cell, Sample, Scenario, Trial
from harness.run.counted_sample import counted_sample
from tests.support.rule_lines import parse_rule_text
from tests.support.worker_documents import DONE

STATUS = {
    "mask": 0,
    "enabled": 1,
    "failure": 1,
    "pid": 9,
    "rate_limit": 0,
    "backlog_limit": 65536,
    "lost": 0,
    "backlog": 0,
    "feature_bitmap": 0,
    "backlog_wait_time": 0,
    "backlog_wait_time_actual": 0,
}
EVENTS_OF_LOAD = {
    "events": 50,
    "records": 200,
    "missing_records": 0,
    "after_marker": 0,
    "by_syscall": {"42": {"complete": 50, "partial": 0, "records": 200}},
}
CONSUMER_DOCUMENT: dict[str, Any] = {
    "mode": "unicast",
    "records": 203,
    "socket_drops": 0,
    "markers": [0, 1, 2],
    "events": {"complete": 52, "partial": 0, "duplicate_records": 0, "late_records": 0},
    "serials": {"gaps": 0},
    "sessions": {"7": EVENTS_OF_LOAD},
    "anchor": {"records": 1},
}
ANSWER: dict[str, Any] = {
    "event": "trial",
    "ops_per_chunk": 10,
    "chunks": [500_000] * 5,
    "clock": 80,
    "instructions_per_op": 50_000.0,
    "kauditd_ns": 1_000_000,
    "consumer_ns": 500_000,
    "markers_sent": 2,
    "status_before": STATUS,
    "status_after": STATUS,
    "worker": DONE | {"yields": {"connect": 1.0}},
    "consumer": CONSUMER_DOCUMENT,
}
RULE = parse_rule_text("-a always,exit -F arch=b64 -S connect").rule
assert RULE is not None
SCENARIO = Scenario(
    "rules",
    "",
    enabled=1,
    rules=(RULE.to_bytes(),),
)


def sample_of(scenario: Scenario = SCENARIO, **changes: Any) -> Sample:
    """The sample of this answer, but for what is given."""
    trial = Trial(0, Cell("connect", "rules", "assemble"), 1, 0, 1, 50)
    return counted_sample(trial, scenario, {**ANSWER, **changes})


def changed(**changes: Any) -> dict[str, Any]:
    """The consumer's document, but for what is given of the load's own session."""
    return {**CONSUMER_DOCUMENT, "sessions": {"7": {**EVENTS_OF_LOAD, **changes}}}


def test_all_counts_are_per_operation() -> None:
    sample = sample_of()
    assert sample.valid
    assert sample.metrics == {
        INSTRUCTIONS: 50_000.0,
        KAUDITD: 20_000.0,
        CONSUMER: 10_000.0,
        EVENTS: 1.0,
        RECORDS: 4.0,
    }


def test_the_ledger_closes_as_that_of_a_live_trial() -> None:
    ledger = sample_of().ledger
    assert (ledger.generated, ledger.complete, ledger.partial) == (50, 50, 0)
    assert (ledger.lost, ledger.unexplained) == (0, 0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"status_after": {**STATUS, "lost": 4}}, "the kernel lost 4 records"),
        (
            {
                "consumer": changed(
                    by_syscall={"42": {"complete": 49, "partial": 1, "records": 199}},
                    missing_records=1,
                )
            },
            "1 event partial",
        ),
        (
            {
                "consumer": changed(
                    events=48, by_syscall={"42": {"complete": 48, "partial": 0, "records": 192}}
                )
            },
            "+2 unexplained",
        ),
        ({"markers_sent": None}, "the sync marker never came back"),
        # A daemon does not tell while it runs: its log says so afterwards.
        (
            {"consumer": {**CONSUMER_DOCUMENT, "markers": [0]}},
            "the sync marker never came back",
        ),
    ],
)
def test_a_trial_that_lost_events_says_so_and_is_not_used(
    changes: dict[str, Any], words: str
) -> None:
    sample = sample_of(**changes)
    assert not sample.valid
    assert words in sample.invalid_reason
    assert sample.metrics == {}
    assert sample.consumer_document is not None, "what it received is kept"


def test_without_a_consumer_only_the_load_is_counted() -> None:
    never = replace(SCENARIO, enabled=None, rules=())
    alone = {name: ANSWER[name] for name in ("event", "chunks", "instructions_per_op", "worker")}
    trial = Trial(0, Cell("connect", "never-enabled", "none"), 1, 0, 1, 50)
    sample = counted_sample(trial, never, alone)
    assert sample.valid
    assert sample.metrics == {INSTRUCTIONS: 50_000.0}


def test_switched_off_no_marker_is_asked_for() -> None:
    off = replace(SCENARIO, enabled=0, rules=())
    document = {**CONSUMER_DOCUMENT, "sessions": {}, "markers": [], "records": 0,
                "events": {"complete": 0, "partial": 0, "duplicate_records": 0,
                           "late_records": 0}}  # fmt: skip
    sample = sample_of(off, markers_sent=0, consumer=document, kauditd_ns=0, consumer_ns=0)
    assert sample.valid, sample.invalid_reason
    assert sample.metrics[EVENTS] == 0
