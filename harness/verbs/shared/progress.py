"""Chooses the progress display, and keeps the live one up to date: a view of the running ratios."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from rich.console import Console

from harness.analysis.running import RunningRatios
from harness.analysis.verdict import judge
from harness.model.reference import DEFAULT_MARGIN
from harness.model.run import Cell, Sample, Trial
from harness.plain import plain
from harness.reporters.live.lines import MOST_SPARKS, Status
from harness.reporters.live.plain import PlainProgress, cell_name, outcome
from harness.reporters.live.screen import LiveScreen
from harness.reporters.live.table import CellLine
from harness.reporters.units import count
from harness.reporters.words import metric_words
from harness.run.runner import Observer
from harness.verbs.shared.terminal import chosen

MOST_RECENT = 200
"""Trials of which a line is kept: more than any terminal shows."""


def make_observer(console: Console, *, no_live: bool = False) -> Observer:
    """The display that suits the console: live on a terminal that can do it, else plain lines."""
    verbose = chosen().verbose
    plain = no_live or verbose or not can_draw(console)
    return PlainProgress(console, every_trial=verbose) if plain else LiveView(console)


def can_draw(console: Console) -> bool:
    """Whether the console is a terminal on which lines can be drawn over, and may be."""
    color = chosen().color
    plain = console.is_dumb_terminal or console.quiet or color == "never"
    plain = plain or ("NO_COLOR" in os.environ and color == "auto")
    return console.file.isatty() and not plain


class LiveView:
    """Watches a run and shows it. Everything is computed and drawn between trials, but for the
    kernel's queue, which is drawn over during a load, seldom.
    """

    def __init__(self, console: Console, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._screen = LiveScreen(console, clock=clock)
        self._clock = clock
        self._ratios = RunningRatios((), {}, "")
        self._cells = 0
        self._what = ""
        self._start_s = 0.0
        self._trials = self._done = self._failed = self._block = 0
        self._now = self._last = ""
        self._backlog: deque[int | None] = deque(maxlen=MOST_SPARKS)
        self._lost: deque[int | None] = deque(maxlen=MOST_SPARKS)
        self._recent: deque[str] = deque(maxlen=MOST_RECENT)
        self._purpose = ""
        self._margin = DEFAULT_MARGIN
        self._backlog_now: int | None = None
        self._lost_now: int | None = None
        self._lost_before = 0

    def is_for(self, purpose: str, margin: float) -> None:
        """Know what the run is for, and the difference that matters."""
        self._purpose, self._margin = plain(purpose), margin

    def will_measure(
        self, cells: Sequence[Cell], references: Mapping[Cell, Cell], metric: str
    ) -> None:
        """Know the cells and what each is compared with; cells may be added during the run."""
        if self._cells:
            self._ratios.set_cells(cells, references)
        else:
            self._ratios = RunningRatios(cells, references, metric)
        self._cells = len(cells)
        self._what = metric_words(metric)

    def begin(self, trials: int) -> None:
        """Take the terminal."""
        self._trials, self._start_s = trials, self._clock()
        self._set_cells()
        self._screen.start()
        self._draw()

    def trial_begins(self, trial: Trial) -> None:
        """Show it, and the result of the last one: this is not timed yet."""
        self._now, self._block = cell_name(trial), trial.block
        self._backlog_now = self._lost_now = None
        self._draw()

    def pulse(self, backlog: int, lost: int) -> None:
        """Note the queue, and draw it if that was not done just now."""
        if self._lost_now is None:
            self._lost_before = lost
        self._backlog_now = max(backlog, self._backlog_now or 0)
        self._lost_now = lost - self._lost_before
        if self.due:
            self._draw()

    def trial_ends(self, sample: Sample) -> None:
        """Compute what is known now; it is drawn when the next trial begins."""
        self._done += 1
        self._last = f"{cell_name(sample)}  {outcome(sample)}"
        self._backlog.append(sample.backlog_high)
        self._lost.append(sample.ledger.lost)
        self._recent.appendleft(_in_short(sample))
        self._backlog_now = self._lost_now = None
        if not sample.valid:
            self._failed += 1
            words = f"{cell_name(sample)} {outcome(sample)}"
            self._screen.console.print(words, style="yellow", markup=False)
        self._ratios.take(sample)
        self._set_cells()

    def block_ends(self, trials: int) -> None:
        """There are more or fewer trials to come."""
        self._trials = trials

    def end(self) -> None:
        """Give the terminal back; the table of a run that was stopped stays in sight."""
        self._now = "" if self._done >= self._trials else "stopped"
        try:
            self._draw()
        finally:
            self._screen.stop(clear=self._done >= self._trials)

    @property
    def due(self) -> bool:
        """Whether the next pulse is drawn."""
        return self._screen.due

    def _set_cells(self) -> None:
        lines = [self._line(cell) for cell in self._ratios.compared()]
        self._screen.set_cells(lines, self._what, tuple(self._recent))

    def _line(self, cell: Cell) -> CellLine:
        known = self._ratios.of(cell)
        found = known.ratio
        return CellLine(
            cell,
            known.estimate,
            found.ratio if found else None,
            found.ci_low if found else None,
            found.ci_high if found else None,
            known.widths,
            judge(found, margin=self._margin),
        )

    def _draw(self) -> None:
        self._screen.draw(
            Status(
                block=self._block,
                blocks=self._blocks(),
                done=self._done,
                trials=self._trials,
                failed=self._failed,
                left_s=self._left_s(),
                now=self._now,
                last=self._last,
                backlog=(*self._backlog, self._backlog_now),
                lost=(*self._lost, self._lost_now),
                purpose=self._purpose,
            )
        )

    def _blocks(self) -> int:
        """How many there will probably be, without the warm-up."""
        return max(round(self._trials / max(self._cells, 1)) - 1, self._block)

    def _left_s(self) -> float | None:
        """By the mean of the trials so far; a block holds all kinds of them."""
        if not self._done:
            return None
        used_s = self._clock() - self._start_s
        return used_s / self._done * max(self._trials - self._done, 0)


def _in_short(sample: Sample) -> str:
    """A trial in one line."""
    block = f"block {sample.block}" if sample.block else "warm-up"
    lost = f", lost {count(sample.ledger.lost)}" if sample.ledger.lost else ""
    return f"{block}  {cell_name(sample)}  {outcome(sample)}{lost}"
