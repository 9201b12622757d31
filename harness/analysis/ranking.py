"""Consumers ranked: what an event costs each of them under the same load and rules."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence

from harness.analysis.ratio import geometric_mean, paired_ratio
from harness.analysis.series import collect, paired
from harness.model.result import RankedConsumer
from harness.model.run import Cell, Sample

COST = "cpu_consumer_ns_per_event"
PROCESS_PREFIX = "cpu_process_ns_per_event:"
MEMORY, WRITTEN = "consumer_memory_bytes", "consumer_written_bytes_per_event"
DELAY_P50, DELAY_MAX = "delay_p50_ms", "delay_max_ms"


def ranking(samples: Sequence[Sample]) -> list[RankedConsumer]:
    """All groups of cells that differ in nothing but the consumer, each ranked by CPU per event.

    What watched the same load without audit joins the group of its workload, where there is one.
    """
    usable = [sample for sample in samples if sample.valid and not sample.warm_up]
    costs = collect(usable, COST)
    groups: dict[tuple[str, str], list[Cell]] = {}
    for cell in costs:
        groups.setdefault((cell.workload, cell.scenario), []).append(cell)
    several = {key: cells for key, cells in groups.items() if len(cells) > 1}
    for (workload, _), (cell, *others) in groups.items():
        joined = [cells for (other, _), cells in several.items() if other == workload]
        if not others and len(joined) == 1 and _without_audit(cell, usable):
            joined[0].append(cell)
    return [ranked for cells in several.values() for ranked in _ranked(cells, usable)]


def _without_audit(cell: Cell, samples: Sequence[Sample]) -> bool:
    """Whether a cell's events were seen though the rules demand none."""
    demanded = _values([sample for sample in samples if sample.cell == cell], "events_generated")
    return bool(demanded) and not any(demanded)


def _ranked(cells: Sequence[Cell], samples: Sequence[Sample]) -> Iterator[RankedConsumer]:
    costs = collect(samples, COST)
    # Of the blocks that all have: a slow spell of the host is then in every mean, or in none.
    common = frozenset[int].intersection(*(frozenset(costs[cell]) for cell in cells))
    means = {
        cell: geometric_mean(
            [cost for block, cost in costs[cell].items() if block in common or not common]
        )
        for cell in cells
    }
    order = sorted(
        ((mean, cell) for cell, mean in means.items() if mean is not None),
        key=lambda pair: (pair[0], pair[1]),
    )
    for place, (mean, cell) in enumerate(order):
        above = order[place - 1][1] if place else None
        ratio = None if above is None else paired_ratio(*paired(costs[cell], costs[above]))
        own = [sample for sample in samples if sample.cell == cell]
        yield RankedConsumer(
            cell=cell,
            place=place + 1,
            blocks=len(costs[cell]),
            cpu_ns_per_event=mean,
            ratio=ratio.ratio if ratio else None,
            ci_low=ratio.ci_low if ratio else None,
            ci_high=ratio.ci_high if ratio else None,
            cpu_by_process_ns=_by_process(own),
            memory_bytes=max(_values(own, MEMORY), default=None),
            written_bytes=_median(own, WRITTEN),
            delay_p50_ms=_median(own, DELAY_P50),
            delay_max_ms=max(_values(own, DELAY_MAX), default=None),
        )


def _by_process(samples: Sequence[Sample]) -> dict[str, float]:
    """The mean by process, for consumers of more than one."""
    names = dict.fromkeys(
        name for sample in samples for name in sample.metrics if name.startswith(PROCESS_PREFIX)
    )
    means = {
        name.removeprefix(PROCESS_PREFIX): statistics.fmean(_values(samples, name))
        for name in names
    }
    return means if len(means) > 1 else {}


def _values(samples: Sequence[Sample], metric: str) -> list[float]:
    return [sample.metrics[metric] for sample in samples if metric in sample.metrics]


def _median(samples: Sequence[Sample], metric: str) -> float | None:
    values = _values(samples, metric)
    return statistics.median(values) if values else None
