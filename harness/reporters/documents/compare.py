"""What changed from BASE to HEAD as one JSON document, and as flat rows.

The schema of the document stands in `docs/schema/compare.schema.json`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from harness.model.compare import Change, ChangeReport, LossChange, RunChanges
from harness.model.result import LossComparison
from harness.reporters.compare import answer_words

SCHEMA = "auditbench.compare/1"


def changes_document(report: ChangeReport) -> dict[str, Any]:
    """A comparison of runs as one plain document."""
    return {
        "schema": SCHEMA,
        "verdict": report.verdict,
        "primary": report.primary,
        "operation": report.operation,
        "pairs": [_pair(pair) for pair in report.pairs],
        "answer": answer_words(report),
    }


def change_rows(report: ChangeReport) -> Iterator[dict[str, Any]]:
    """One flat row per cell and metric, and one with the metric `lost` per cell for its loss."""
    for pair in report.pairs:
        runs = {"base_run": pair.base, "head_run": pair.head}
        for change in pair.changes:
            row = _change(change)
            yield {**runs, **{name: row.get(name) for name in _COLUMNS}}
        for loss in pair.losses:
            yield {**runs, **_loss_row(loss)}


_COLUMNS = (
    *("workload", "scenario", "consumer", "base_scenario", "base_consumer", "metric", "unit"),
    *("base", "head", "method", "ratio", "ci_low", "ci_high", "verdict", "margin", "blocks"),
    *("detectable", "plain_ratio", "plain_low", "plain_high", "counts"),
)


def _pair(pair: RunChanges) -> dict[str, Any]:
    return {
        "base": pair.base,
        "head": pair.head,
        "within": pair.within,
        "trustworthy": pair.trustworthy,
        "boots": None if pair.boots is None else list(pair.boots),
        "changes": [_change(change) for change in pair.changes],
        "losses": [_loss(loss) for loss in pair.losses],
        "waiting": [
            {**asdict(each.cell), "base": each.base, "head": each.head} for each in pair.waits
        ],
        "warnings": [asdict(caution) for caution in pair.cautions],
    }


def _change(change: Change) -> dict[str, Any]:
    compared = asdict(change.comparison)
    cell = compared.pop("cell")
    return {
        **cell,
        "base_scenario": change.base_scenario,
        "base_consumer": change.base_consumer,
        "base": compared.pop("reference"),
        "head": compared.pop("estimate"),
        "method": change.method,
        **compared,
        "plain_ratio": change.plain_ratio,
        "plain_low": change.plain_low,
        "plain_high": change.plain_high,
        "counts": change.counts,
    }


def _loss(loss: LossChange) -> dict[str, Any]:
    return {
        **asdict(loss.head.cell),
        "base": _side(loss.base),
        "head": _side(loss.head),
        "difference": loss.head.difference,
        "difference_low": loss.head.difference_low,
        "difference_high": loss.head.difference_high,
        "verdict": loss.head.verdict,
    }


def _side(loss: LossComparison) -> dict[str, Any]:
    names = ("trials", "trials_with_loss", "share", "share_low", "share_high", "loss_ratio")
    return {name: getattr(loss, name) for name in names}


def _loss_row(loss: LossChange) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(_COLUMNS)
    row.update(asdict(loss.head.cell))
    row.update(
        base_scenario=loss.base.cell.scenario,
        base_consumer=loss.base.cell.consumer,
        metric="lost",
        unit="share of events",
        base=loss.base.loss_ratio,
        head=loss.head.loss_ratio,
        verdict=loss.head.verdict,
        blocks=loss.head.trials,
    )
    return row
