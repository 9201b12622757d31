"""A counted gate's verdict and checks as one JSON document."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from harness.model.count_gate import CountCheck, CountGateReport
from harness.reporters.counts.gate import count_gate_sentence
from harness.reporters.documents.coverage_change import blind_document

SCHEMA = "auditbench.gate-count/1"


def count_gate_document(report: CountGateReport) -> dict[str, Any]:
    """As in `docs/schema/gate-count.schema.json`."""
    return {
        "schema": SCHEMA,
        "instrument": "counted",
        "verdict": report.verdict,
        "answer": count_gate_sentence(report),
        "doubts": list(report.doubts),
        "inconclusive": "pass" if report.inconclusive_passes else "fail",
        "run": report.result.run if report.result else None,
        "kernels": _kernels(report),
        "checks": [_check(check) for check in report.checks],
        "blind": [blind_document(check) for check in report.blind],
        "warnings": [asdict(caution) for caution in report.cautions],
    }


def _kernels(report: CountGateReport) -> list[str]:
    if report.result is not None:
        return [guest.name for guest in report.result.guests]
    return list(dict.fromkeys(check.change.kernel for check in report.blind))


def _check(check: CountCheck) -> dict[str, Any]:
    return {
        "kernel": check.kernel,
        "workload": check.workload,
        "scenario": check.scenario,
        "metric": check.limit.metric,
        "limit": check.limit.text,
        "bound": check.limit.bound,
        "against": check.against,
        "base": check.base,
        "head": check.head,
        "difference": check.difference,
        "share": check.share,
        "floor": check.floor,
        "outcome": check.outcome,
    }
