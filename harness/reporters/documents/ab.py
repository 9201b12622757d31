"""A against B as one JSON document, with the whole result of the run in it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from harness.model.ab import AbReport
from harness.reporters.ab import ab_sentences
from harness.reporters.documents.coverage_change import change_document
from harness.reporters.documents.result import result_document

SCHEMA = "auditbench.ab/1"


def ab_document(ab_report: AbReport) -> dict[str, Any]:
    """As in `docs/schema/ab.schema.json`."""
    return {
        "schema": SCHEMA,
        "verdict": ab_report.verdict,
        "answer": " ".join(ab_sentences(ab_report)),
        "doubts": list(ab_report.doubts),
        "a": asdict(ab_report.a),
        "b": asdict(ab_report.b),
        "comparisons": [_flat(asdict(c)) for c in ab_report.comparisons],
        "losses": [_flat(asdict(loss)) for loss in ab_report.losses],
        "without_waiting": [_flat(asdict(c)) for c in ab_report.without_waiting],
        "coverage": [change_document(change) for change in ab_report.coverage],
        "result": result_document(ab_report.result),
    }


def _flat(document: dict[str, Any]) -> dict[str, Any]:
    """With the cell's names beside the numbers."""
    return {**document.pop("cell"), **document}
