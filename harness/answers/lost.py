"""The cells that lost events which their reference did not lose: no speed makes that better."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from harness.model.compare import Change, LossChange
from harness.model.result import Comparison, LossComparison
from harness.model.run import AA, Cell
from harness.model.stored.plan import StoredPlan


def lost_cells(losses: Sequence[LossComparison], plan: StoredPlan) -> list[LossComparison]:
    """The losses, with the verdict *lost* on every cell that lost what its reference did not.

    A loss that was seen is no estimate: its interval says how much, not whether. What lacks in a
    capture was not lost.
    """
    if plan.is_replay:
        return list(losses)
    by_cell = {loss.cell: loss for loss in losses}
    return [
        replace(loss, verdict="lost")
        if lost_alone(loss, by_cell.get(plan.reference.of(loss.cell)))
        else loss
        for loss in losses
    ]


def lost_changes(
    changes: Iterable[Change], losses: Iterable[LossChange]
) -> tuple[list[Change], list[LossChange]]:
    """The same of two runs, or of two cells of one: *lost* is what lost where BASE did not."""
    judged = [
        replace(each, head=replace(each.head, verdict="lost"))
        if lost_alone(each.head, each.base)
        else each
        for each in losses
    ]
    heads = [each.head for each in judged]
    compared = list(changes)
    fast = without_speed([change.comparison for change in compared], heads)
    paired = zip(compared, fast, strict=True)
    return [replace(change, comparison=comparison) for change, comparison in paired], judged


def lost_alone(loss: LossComparison, reference: LossComparison | None) -> bool:
    """Whether it lost, and its reference, where there is one, did not."""
    if not loss.trials_with_loss or loss.verdict == "reference":
        return False
    return reference is None or (reference.trials > 0 and not reference.trials_with_loss)


def without_speed(
    comparisons: Iterable[Comparison], losses: Iterable[LossComparison]
) -> list[Comparison]:
    """The comparisons, with the verdict on every cell that lost; ratio and interval stay."""
    cells: frozenset[Cell] = frozenset(loss.cell for loss in losses if loss.verdict == "lost")
    return [
        replace(each, verdict="lost", blocks_needed=None)
        if each.cell in cells
        and each.verdict not in ("reference", "no-reference")
        and not each.cell.scenario.endswith(AA)
        else each
        for each in comparisons
    ]
