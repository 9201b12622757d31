"""The answer to *ranking*: which consumer costs least per event, and which keeps up."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from harness.model.result import RankedConsumer, Result
from harness.reporters.parts.ranking import by_group, consumers_sentence, sustained_sentence
from harness.reporters.parts.rows import by_workload, rows
from harness.reporters.units import duration, share


def ranking_first(result: Result) -> str:
    """The cheapest and the dearest consumer of each workload, in one sentence."""
    groups = by_group(result.ranking).items()
    return f"{'; '.join(_ends(name, group) for (name, _), group in groups)}." if groups else ""


def _ends(workload: str, group: Sequence[RankedConsumer]) -> str:
    first, last = group[0], group[-1]
    words = (
        f"{workload}: {first.cell.consumer} needs the least CPU per event "
        f"({duration(first.cpu_ns_per_event)})"
    )
    if last is first:
        return words
    if is_open(group[1]):
        words += f", without a proven lead over {group[1].cell.consumer}"
    times = last.cpu_ns_per_event / first.cpu_ns_per_event if first.cpu_ns_per_event else None
    much = f", {times:.3g} × as much" if times is not None else ""
    return f"{words}, {last.cell.consumer} the most ({duration(last.cpu_ns_per_event)}{much})"


def is_open(ranked: RankedConsumer) -> bool:
    """Whether it is not proven to cost more than the consumer above. An interval below 1, from the
    blocks that both have, even speaks against the order of their means.
    """
    return ranked.ci_low is None or ranked.ci_low <= 1


def ranking_cells(result: Result) -> list[str]:
    """All consumers, the cheapest first, a sentence per workload."""
    return list(filter(None, (consumers_sentence(name, result) for name in _workloads(result))))


def ranking_notes(result: Result) -> list[str]:
    """The highest rates, then what the ranking leaves out: open orders, losses, the unranked."""
    return list(
        filter(
            None,
            [
                sustained_sentence(result.sustained),
                *_open_orders(result),
                *_lost(result),
                *_unranked(result),
            ],
        )
    )


def _workloads(result: Result) -> dict[str, None]:
    return dict.fromkeys(ranked.cell.workload for ranked in result.ranking)


def _open_orders(result: Result) -> Iterator[str]:
    pairs = [
        f"{above.cell.consumer} and {below.cell.consumer} ({workload})"
        for (workload, _), group in by_group(result.ranking).items()
        for above, below in itertools.pairwise(group)
        if is_open(below)
    ]
    if pairs:
        yield f"Order inconclusive: {', '.join(pairs)}."


def _lost(result: Result) -> Iterator[str]:
    lost = [
        f"{loss.cell.consumer} ({loss.cell.workload}"
        + (f", {share(loss.loss_ratio)} of the events)" if loss.loss_ratio is not None else ")")
        for loss in result.losses
        if loss.trials_with_loss
    ]
    if lost:
        yield f"Lost events: {', '.join(lost)}."


def _unranked(result: Result) -> Iterator[str]:
    ranked = {each.cell for each in result.ranking}
    left = [
        f"{row.cell.consumer} ({workload})"
        for workload, group in by_workload(rows(result)).items()
        for row in group
        if row.cell not in ranked and row.by_metric and row.cell.consumer != "none"
    ]
    if left:
        yield f"Not ranked: {', '.join(dict.fromkeys(left))}."
