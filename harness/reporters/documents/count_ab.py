"""A against B of a counted run as one JSON document, with the whole result of the run in it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from harness.model.ab import CountAbReport
from harness.reporters.counts.ab import count_ab_sentences
from harness.reporters.documents.count import count_document
from harness.reporters.documents.count_changes import change_row
from harness.reporters.documents.coverage_change import change_document
from harness.reporters.rules.coverage_change import coverage_sentences

SCHEMA = "auditbench.ab-count/1"


def count_ab_document(ab_report: CountAbReport) -> dict[str, Any]:
    """As in `docs/schema/ab-count.schema.json`."""
    return {
        "schema": SCHEMA,
        "instrument": "counted",
        "verdict": ab_report.verdict,
        "answer": " ".join(
            [*count_ab_sentences(ab_report), *coverage_sentences(ab_report.coverage)]
        ),
        "doubts": list(ab_report.doubts),
        "a": asdict(ab_report.a),
        "b": asdict(ab_report.b),
        "comparisons": [change_row(change) for change in ab_report.changes],
        "costs": [change_row(change) for change in ab_report.costs],
        "warnings": [asdict(caution) for caution in ab_report.cautions],
        "coverage": [change_document(change) for change in ab_report.coverage],
        "result": count_document(ab_report.result),
    }
