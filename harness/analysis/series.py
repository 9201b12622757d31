"""Samples to series: one value per block for a cell and metric."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from harness.model.run import Cell, Sample

Series = dict[int, float]
"""Block number to value."""


def collect(samples: Iterable[Sample], metric: str) -> dict[Cell, Series]:
    """The values of one metric by cell and block; warm-up and invalid trials are left out."""
    series: dict[Cell, Series] = defaultdict(dict)
    for sample in samples:
        if sample.warm_up or not sample.valid or metric not in sample.metrics:
            continue
        series[sample.cell][sample.block] = sample.metrics[metric]
    return dict(series)


def paired(first: Series, second: Series) -> tuple[list[float], list[float]]:
    """The values of both series in the blocks that both have, in block order."""
    blocks = sorted(first.keys() & second.keys())
    return [first[block] for block in blocks], [second[block] for block in blocks]
