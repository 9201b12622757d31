"""What changed between counted runs as one JSON document, and as flat rows.

The schema of the document stands in `docs/schema/compare-count.schema.json`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from harness.model.count_changes import CountChange, CountPair, CountReport
from harness.reporters.counts.compare import count_answer
from harness.reporters.documents.coverage_change import change_document
from harness.reporters.rules.coverage_change import coverage_sentences

SCHEMA = "auditbench.compare-count/1"


def count_changes_document(report: CountReport) -> dict[str, Any]:
    """A comparison of counted runs as one plain document."""
    return {
        "schema": SCHEMA,
        "instrument": "counted",
        "verdict": report.verdict,
        "answer": " ".join([count_answer(report), *coverage_sentences(report.coverage)]),
        "primary": report.primary,
        "pairs": [_pair(pair) for pair in report.pairs],
        "coverage": [change_document(change) for change in report.coverage],
    }


def count_change_rows(report: CountReport) -> Iterator[dict[str, Any]]:
    """One flat row per cell and metric."""
    for pair in report.pairs:
        for change in pair.changes:
            yield {"base_run": pair.base, "head_run": pair.head, **_row(change)}


def _pair(pair: CountPair) -> dict[str, Any]:
    return {
        "base": pair.base,
        "head": pair.head,
        "trustworthy": pair.trustworthy,
        "kernels": None
        if pair.guests is None
        else [
            {"name": guest.name, "kernel": guest.kernel, "sha256": guest.sha256}
            for guest in pair.guests
        ],
        "changes": [_row(change) for change in pair.changes],
        "warnings": [asdict(caution) for caution in pair.cautions],
    }


def _row(change: CountChange) -> dict[str, Any]:
    return {
        "kernel": change.kernel,
        "workload": change.workload,
        "scenario": change.scenario,
        "metric": change.metric,
        "base_kernel": change.base_kernel,
        "base_scenario": change.base_scenario,
        "base": change.base,
        "head": change.head,
        "difference": change.difference,
        "share": change.share,
        "floor": change.floor,
        "margin": change.margin,
        "verdict": change.verdict,
    }
