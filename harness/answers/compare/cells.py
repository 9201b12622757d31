"""What changed between two sets of stored samples, and what to be careful about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.analysis.against_reference import MetricView, compare
from harness.analysis.between_runs import CellPair, compare_across
from harness.analysis.between_runs_loss import losses_across
from harness.analysis.loss import compare_losses
from harness.answers.compare.comparability import Difference
from harness.answers.result import in_plan_order
from harness.answers.trust import flaws_of
from harness.model.caution import Caution
from harness.model.compare import Change, LossChange
from harness.model.reference import Margins, Reference
from harness.model.run import AA, Sample
from harness.store import StoredRun

Changes = tuple[list[Change], list[LossChange]]


def changes_across(
    base: StoredRun,
    head: StoredRun,
    pairs: Sequence[CellPair],
    views: Sequence[MetricView],
    margins: Margins,
    primary: str,
) -> Changes:
    """Cells of one run against those of another."""
    old, new = in_plan_order(base), in_plan_order(head)
    references = base.plan.reference, head.plan.reference
    changes = compare_across(old, new, pairs, views, references, margins, primary=primary)
    return changes, [] if head.plan.is_replay else losses_across(old, new, pairs)


def changes_within(
    base: StoredRun,
    head: StoredRun,
    pairs: Sequence[CellPair],
    views: Sequence[MetricView],
    margins: Margins,
    primary: str,
) -> Changes:
    """Cells of one run, which is both `base` and `head`, paired by block."""
    by_head = {pair.head: pair for pair in pairs}
    samples = list(_as_one_consumer(base, pairs))
    reference = Reference(scenario=pairs[0].base.scenario)
    compared = compare(
        samples,
        views,
        reference,
        margin=margins.general,
        margins=margins.by_metric,
        primary=primary,
    )
    changes = [
        Change(comparison, "paired", pair.base.scenario, pair.base.consumer)
        for comparison in compared
        if (pair := by_head.get(comparison.cell)) is not None
    ]
    if base.plan.is_replay:
        return changes, []
    by_cell = {loss.cell: loss for loss in compare_losses(samples, reference)}
    losses = [
        LossChange(by_cell[reference.of(pair.head)], by_cell[pair.head])
        for pair in pairs
        if reference.of(pair.head) in by_cell and pair.head in by_cell
    ]
    return changes, losses


def _as_one_consumer(stored: StoredRun, pairs: Sequence[CellPair]) -> Iterator[Sample]:
    """The samples of all cells, BASE's as if HEAD's consumer had received its events."""
    consumers = {pair.base: pair.head.consumer for pair in pairs}
    heads = {pair.head for pair in pairs}
    for sample in stored.samples:
        if sample.cell in consumers:
            yield replace(sample, consumer=consumers[sample.cell])
        elif sample.cell in heads:
            yield sample


def change_cautions(
    differences: Sequence[Difference], runs: Sequence[StoredRun], changes: Sequence[Change]
) -> list[Caution]:
    """What the reader must know: differences that were allowed, flaws of the runs, loud noise."""
    return [
        *(
            Caution("unlike", f"compared although they differ: {difference.words}")
            for difference in differences
        ),
        *(caution for run in runs for caution in flaws_of(run)),
        *_loud(changes),
    ]


def _loud(changes: Sequence[Change]) -> list[Caution]:
    """If the A/A cell changed, other changes may be noise as well."""
    return [
        Caution(
            "noise",
            f"{change.comparison.cell.workload}: {change.comparison.metric} of the A/A "
            f"cell changed by a factor of {change.comparison.ratio:.3f}",
            "changes of this size are noise; measure more blocks on a quieter machine",
        )
        for change in changes
        if change.comparison.cell.scenario.endswith(AA)
        and change.comparison.verdict in ("worse", "better")
        and change.comparison.ratio is not None
    ]
