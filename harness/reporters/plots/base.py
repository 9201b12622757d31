"""What every kind of plot offers: the picture, the data behind it, and what one sees in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from harness.reporters.plots.style import Ink, ink, settings

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Data = TypeVar("Data")
Value = str | int | float | None


@dataclass(frozen=True, slots=True)
class Table:
    """The data behind a plot. Names are as they were recorded; None is what is not known."""

    header: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]

    def records(self) -> Iterator[Mapping[str, Value]]:
        """Each row by column."""
        return (dict(zip(self.header, row, strict=True)) for row in self.rows)


@dataclass(frozen=True, slots=True)
class Choice:
    """What of a run is shown: one workload or all, one metric or the kind's own."""

    workload: str | None = None
    metric: str | None = None


@dataclass(frozen=True, slots=True)
class Plot(Generic[Data]):
    """One kind of plot. `takes_metric` is False where a kind shows what it shows."""

    name: str
    title: str
    picture: Callable[[Data, Choice, Ink], Figure]
    data: Callable[[Data, Choice], Table]
    words: Callable[[Data, Choice], str]
    missing: Callable[[Data, Choice], str | None]
    takes_metric: bool = False

    def draw(
        self,
        view: Data,
        workload: str | None = None,
        *,
        metric: str | None = None,
        dark: bool = False,
    ) -> Figure:
        """The picture. Only where `unavailable` has no objection."""
        with settings():
            return self.picture(view, Choice(workload, metric), ink(dark=dark))

    def table(self, view: Data, workload: str | None = None, *, metric: str | None = None) -> Table:
        """The numbers behind the picture, to be copied."""
        return self.data(view, Choice(workload, metric))

    def describe(
        self, view: Data, workload: str | None = None, *, metric: str | None = None
    ) -> str:
        """A description with numbers, for readers who cannot see it. Control characters escaped."""
        return self.words(view, Choice(workload, metric))

    def unavailable(
        self, view: Data, workload: str | None = None, *, metric: str | None = None
    ) -> str | None:
        """Why this run has no such plot; None where it has."""
        return self.missing(view, Choice(workload, metric))
