"""Ratios while a run goes on: after every trial what is known by then, and how it narrowed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.analysis.ratio import Ratio, geometric_mean, paired_ratio, unpaired_ratio
from harness.analysis.series import Series, paired
from harness.model.run import Cell, Sample


@dataclass(frozen=True, slots=True)
class Running:
    """A cell as far as it was measured; None is what is not known yet.

    `widths` are the larger halves of the 95 % interval, as shares of the ratio, one for each
    block from the second on.
    """

    estimate: float | None = None
    ratio: Ratio | None = None
    widths: tuple[float, ...] = ()


class RunningRatios:
    """Every cell to its reference, from the samples taken so far, by one metric."""

    def __init__(self, cells: Sequence[Cell], references: Mapping[Cell, Cell], metric: str) -> None:
        self._metric = metric
        self._reference: dict[Cell, Cell | None] = {}
        self._series: dict[Cell, Series] = {}
        self._apart: set[Cell] = set()
        self._known: dict[Cell, Running] = {}
        self.set_cells(cells, references)

    def set_cells(self, cells: Sequence[Cell], references: Mapping[Cell, Cell]) -> None:
        """These are the cells from now on; what is known of those that stay is kept."""
        self._reference = {cell: _found(references[cell], cells) for cell in cells}
        self._series = {cell: self._series.get(cell, {}) for cell in cells}
        self._known = {cell: self._known.get(cell, Running()) for cell in cells}

    def compared(self) -> list[Cell]:
        """The cells that have a reference other than themselves; all cells where none has."""
        with_one = [cell for cell, other in self._reference.items() if other not in (None, cell)]
        return with_one or list(self._reference)

    def of(self, cell: Cell) -> Running:
        """What is known of a cell."""
        return self._known[cell]

    def take(self, sample: Sample) -> None:
        """A trial was measured; warm-up and what is not valid change nothing."""
        value = sample.metrics.get(self._metric)
        if value is None or sample.warm_up or not sample.valid:
            return
        cell = sample.cell
        self._series[cell][sample.block] = value
        if not sample.interleaved:
            self._apart.add(cell)
        for other, reference in self._reference.items():
            if cell in (other, reference):
                self._known[other] = self._update(other, reference)

    def _update(self, cell: Cell, reference: Cell | None) -> Running:
        before = self._known[cell]
        ratio = self._ratio(cell, reference)
        widths = before.widths
        if ratio is not None and (before.ratio is None or ratio.n > before.ratio.n):
            width = _width(ratio)
            widths = widths if width is None else (*widths, width)
        return Running(geometric_mean(list(self._series[cell].values())), ratio, widths)

    def _ratio(self, cell: Cell, reference: Cell | None) -> Ratio | None:
        if reference in (None, cell):
            return None
        values, others = self._series[cell], self._series[reference]
        if (cell in self._apart) != (reference in self._apart):
            return unpaired_ratio(list(values.values()), list(others.values()))
        return paired_ratio(*paired(values, others))


def _found(reference: Cell, cells: Sequence[Cell]) -> Cell | None:
    """The reference; for a cell without a consumer that under whichever consumer comes first."""
    if reference in cells:
        return reference
    wanted = (reference.workload, reference.scenario)
    return next((cell for cell in cells if (cell.workload, cell.scenario) == wanted), None)


def _width(ratio: Ratio) -> float | None:
    if ratio.ci_low is None or ratio.ci_high is None:
        return None
    return max(ratio.ci_high / ratio.ratio - 1, 1 - ratio.ci_low / ratio.ratio)
