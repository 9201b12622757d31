"""The JSON document of a result; its schema is `docs/schema/result.schema.json`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from msgspec import to_builtins

from harness.model.result import (
    BuildChange,
    CellLedger,
    Comparison,
    Exclusion,
    LossComparison,
    RankedConsumer,
    Result,
    Waiting,
)
from harness.model.scaling import ScalingPoint
from harness.model.stored.published import Redone
from harness.model.stored.soak import Trend
from harness.model.stored.victim import VictimCell
from harness.reporters.answer import answer
from harness.reporters.documents.profile import profiles_document
from harness.reporters.parts.ledger import STAGES

SCHEMA = "auditbench.result/1"


def result_document(result: Result) -> dict[str, Any]:
    """A result as one plain document."""
    return {
        "schema": SCHEMA,
        "run": result.run,
        "complete": result.complete,
        "trials": result.trials,
        "invalid_trials": result.invalid_trials,
        "host": result.host.document,
        "plan": result.plan.document,
        "comparisons": [_flat(comparison) for comparison in result.comparisons],
        "losses": [_flat(loss) for loss in result.losses],
        "ranking": [_flat(ranked) for ranked in result.ranking],
        "builds": [_build(build) for build in result.builds],
        "sustained": [asdict(step) for step in result.sustained],
        "exclusions": [_exclusion(exclusion) for exclusion in result.exclusions],
        "waiting": [_waiting(waiting) for waiting in result.waiting],
        "scaling": [_scaling(point) for point in result.scaling],
        "trends": [_flat(trend) for trend in result.trends],
        "published": [_redone(each) for each in result.redone],
        "victims": [_flat(victim) for victim in result.victims],
        "profiles": profiles_document(result.profiles),
        "ledgers": [_ledger(ledger) for ledger in result.ledgers],
        "noise_floor": [asdict(floor) for floor in result.noise_floor],
        "warnings": [asdict(caution) for caution in result.cautions],
        "unmatched": [asdict(cell) for cell in result.unmatched],
        "question": result.question,
        "answer": answer(result),
    }


def _flat(
    about_a_cell: Comparison | LossComparison | RankedConsumer | VictimCell | Trend,
) -> dict[str, Any]:
    """Its fields, with those of its cell among them."""
    document = asdict(about_a_cell)
    return {**document.pop("cell"), **document}


def _build(build: BuildChange) -> dict[str, Any]:
    return {
        **asdict(build.cell),
        "against": build.against.consumer,
        "comparisons": [_flat(comparison) for comparison in build.comparisons],
        "loss": _flat(build.loss) if build.loss is not None else None,
    }


def _exclusion(exclusion: Exclusion) -> dict[str, Any]:
    return {
        **asdict(exclusion.cell),
        "without": exclusion.without.scenario,
        "events_per_op": exclusion.events,
        "events_per_op_without": exclusion.events_without,
        "kept_back": exclusion.kept_back,
        "started": exclusion.started,
        "gain": _flat(exclusion.gain),
    }


def _waiting(waiting: Waiting) -> dict[str, Any]:
    document = asdict(waiting)
    further = document.pop("further")
    return {
        **document.pop("cell"),
        **document,
        "further_scenario": further["scenario"] if further is not None else None,
        "cost": _flat(waiting.cost) if waiting.cost is not None else None,
    }


def _scaling(point: ScalingPoint) -> dict[str, Any]:
    document = asdict(point)
    series = document.pop("scenario")
    return {**document.pop("cell"), "series": series, **document}


def _redone(each: Redone) -> dict[str, Any]:
    """Its published part, under its own names, and what was found here."""
    published = to_builtins(each.published)
    return {
        "name": published.pop("name"),
        "published": published,
        "agreement": each.agreement,
        "reference": each.reference,
        "value": each.value,
        "ratio": each.ratio,
        "ci_low": each.ci_low,
        "ci_high": each.ci_high,
    }


def _ledger(ledger: CellLedger) -> dict[str, Any]:
    total = asdict(ledger.total)
    stages = {name: total.pop(f"stage_{name}") for name in STAGES}
    return {
        **asdict(ledger.cell),
        **total,
        "stages": stages,
        "operations": ledger.operations,
        "trials": ledger.trials,
        "trials_with_loss": ledger.trials_with_loss,
        "trials_unexplained": ledger.trials_unexplained,
    }
