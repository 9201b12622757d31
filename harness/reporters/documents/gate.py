"""A gate's verdict and checks as one JSON document."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from harness.model.gate import Check, GateReport
from harness.reporters.documents.coverage_change import blind_document
from harness.reporters.gate import gate_sentence, waiting_notes

SCHEMA = "auditbench.gate/1"


def gate_document(report: GateReport) -> dict[str, Any]:
    """As in `docs/schema/gate.schema.json`."""
    return {
        "schema": SCHEMA,
        "verdict": report.verdict,
        "answer": gate_sentence(report),
        "doubts": list(report.doubts),
        "inconclusive": "pass" if report.inconclusive_passes else "fail",
        "runs": [result.run for result in report.results],
        "checks": [_check(check) for check in report.checks],
        "blind": [blind_document(check) for check in report.blind],
        "waiting": list(waiting_notes(report)),
        "warnings": [asdict(caution) for caution in report.cautions],
    }


def _check(check: Check) -> dict[str, Any]:
    return {
        **asdict(check.cell),
        "limit": asdict(check.limit),
        "against": check.against,
        "outcome": check.outcome,
        "readings": [asdict(reading) for reading in check.readings],
    }
