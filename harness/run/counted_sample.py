"""The sample of one trial in a guest: its counts per operation, and where its events went.

The documents of load and consumer are those of a live trial, and so is the ledger made of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from harness.analysis.ledger import close_ledger
from harness.counted import counted
from harness.kernel.status import AuditStatus
from harness.metrics.audit import audit_delta
from harness.model.count import (
    CONSUMER,
    EVENTS,
    INSTRUCTIONS,
    KAUDITD,
    RECORDS,
    RULES_DELETE,
    RULES_LOAD,
)
from harness.model.run import Ledger, Sample, Scenario, Trial
from harness.model.stored.documents import ConsumerDocument, WorkerDocument
from harness.run.trials.demanded_events import demanded_events, rules_name_only
from harness.run.trials.markers import marker_came
from harness.run.trials.metrics import Circumstances, evidence_of
from harness.run.trials.said import consumer_said, worker_said
from harness.run.trials.sample import sample_of

NOTHING_KNOWN = Ledger(generated=None, complete=None, partial=None, lost=None, attribution="none")


def counted_sample(trial: Trial, scenario: Scenario, answer: Mapping[str, Any]) -> Sample:
    """The sample of what a guest answered; one that cannot be used has the reason.

    Raises ChildFailedError where a document in it is none.
    """
    reason, ledger, metrics = _why_not(answer, scenario.file), NOTHING_KNOWN, {}
    if not reason:
        done, received = worker_said(answer["worker"]), consumer_said(answer.get("consumer"))
        if received is not None:
            ledger = _ledger(answer, scenario, done, received)
        reason = "; ".join(_faults(done, ledger, answer, scenario, received))
        metrics = _metrics(answer, done, received, scenario)
    return sample_of(
        trial,
        interleaved=scenario.interleaved,
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        duration_ns=sum(answer.get("chunks", ())),
        metrics={} if reason else metrics,
        ledger=ledger,
        invalid_reason=reason,
        workload_document={"ops": trial.ops, "counted": _without_documents(answer),
                           **answer.get("worker", {})},
        consumer_document=answer.get("consumer"),
        status_before=answer.get("status_before"),
        status_after=answer.get("status_after"),
    )  # fmt: skip


def _without_documents(answer: Mapping[str, Any]) -> dict[str, Any]:
    elsewhere = ("worker", "consumer", "status_before", "status_after")
    return {name: value for name, value in answer.items() if name not in elsewhere}


def _why_not(answer: Mapping[str, Any], rule_file: str) -> str:
    """Why a trial counted nothing; empty for one that did."""
    if answer["event"] == "refused":
        return f"{rule_file}: {answer['message']}" if rule_file else str(answer["message"])
    return str(answer.get("failed", ""))


def _metrics(
    answer: Mapping[str, Any],
    done: WorkerDocument,
    received: ConsumerDocument | None,
    scenario: Scenario,
) -> dict[str, float]:
    metrics = {INSTRUCTIONS: float(answer[INSTRUCTIONS])}
    if received is not None:
        calls = received.of_session(done.session).by_syscall.values() if scenario.enabled else ()
        metrics |= {
            KAUDITD: answer["kauditd_ns"] / done.ops,
            CONSUMER: answer["consumer_ns"] / done.ops,
            EVENTS: sum(call.complete + call.partial for call in calls) / done.ops,
            RECORDS: sum(call.records for call in calls) / done.ops,
        }
    if life := answer.get("life"):
        metrics |= {RULES_LOAD: life["load"], RULES_DELETE: life["delete"]}
    return metrics


def _ledger(
    answer: Mapping[str, Any],
    scenario: Scenario,
    done: WorkerDocument,
    received: ConsumerDocument,
) -> Ledger:
    before = AuditStatus(**answer["status_before"])
    after = AuditStatus(**answer["status_after"])
    demanded, suppressed = demanded_events(scenario, done)
    circumstances = Circumstances(
        session=done.session,
        demanded=demanded,
        suppressed=suppressed,
        backlog_limit=before.backlog_limit,
        rate_limit=before.rate_limit,
        markers_sent=answer["markers_sent"],
        scoped=rules_name_only(scenario, done.auid),
    )
    return close_ledger(evidence_of(received, audit_delta(before, after, hz=None), circumstances))


def _faults(
    done: WorkerDocument,
    ledger: Ledger,
    answer: Mapping[str, Any],
    scenario: Scenario,
    received: ConsumerDocument | None,
) -> Iterator[str]:
    """What makes a trial's counts another thing than they seem."""
    if done.failures:
        yield f"{counted(done.failures, 'operation')} of the load failed"
    if ledger is NOTHING_KNOWN:
        return
    sent = answer["markers_sent"]
    if scenario.enabled and (sent is None or not marker_came(received, sent)):
        yield "the sync marker never came back"
    if told := ", ".join(_losses(ledger)):
        yield f"events were lost ({told}), and what the others cost says nothing of these"


def _losses(ledger: Ledger) -> Iterator[str]:
    """What did not come whole, by the ledger."""
    if ledger.lost:
        yield f"the kernel lost {counted(ledger.lost, 'record')}"
    if ledger.partial:
        yield f"{counted(ledger.partial, 'event')} partial"
    for name, count in (("refused", ledger.refused), ("vanished", ledger.vanished)):
        if count:
            yield f"{counted(count, 'event')} {name}"
    if ledger.unexplained:
        yield f"{ledger.unexplained:+,} unexplained"
