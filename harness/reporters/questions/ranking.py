"""The answer to *ranking*: which consumer costs least per event, and which keeps up."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence

from harness.model.result import RankedConsumer, Result
from harness.model.run import Cell
from harness.reporters.parts.ranking import by_group, consumers_sentence, sustained_sentence
from harness.reporters.parts.rows import by_workload, rows
from harness.reporters.units import duration, share


def ranking_first(result: Result) -> str:
    """The cheapest and the dearest consumer of each workload, in one sentence.

    Of those that lost nothing, where there are any: what the few events cost that came to one that
    lost the others says little.
    """
    groups = by_group(result.ranking).items()
    lossy = {loss.cell for loss in result.losses if loss.trials_with_loss}
    return (
        f"{'; '.join(_ends(name, group, lossy) for (name, _), group in groups)}." if groups else ""
    )


def _ends(workload: str, ranked: Sequence[RankedConsumer], lossy: Collection[Cell]) -> str:
    group = [each for each in ranked if each.cell not in lossy] or ranked
    first, last = group[0], group[-1]
    words = (
        f"{workload}: {first.cell.consumer} needs the least CPU per event "
        f"({duration(first.cpu_ns_per_event)})"
    )
    among = " of those that lost nothing" if len(group) < len(ranked) else ""
    if last is first:
        return words + among
    if group[1].place == first.place + 1 and is_open(group[1]):
        words += f", without a proven lead over {group[1].cell.consumer}"
    times = last.cpu_ns_per_event / first.cpu_ns_per_event if first.cpu_ns_per_event else None
    much = f", {times:.3g} × as much" if times is not None else ""
    most = f"{last.cell.consumer} the most ({duration(last.cpu_ns_per_event)}{much})"
    return f"{words}, {most}{among}"


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
