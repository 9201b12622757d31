"""The live view on a terminal: what is drawn, and how seldom while a load runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.live import Live
from rich.segment import Segment

from harness.reporters.live.lines import Frame, Status, rows_that_fit
from harness.reporters.live.table import CellLine, cell_table, recent_trials

MIN_INTERVAL_S = 0.5
"""Between two drawings during a load: drawing takes CPU from the measurement."""


class LiveScreen:
    """Draws frames in place, and only on request: there is no thread."""

    def __init__(self, console: Console, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.console = console
        self._live = Live(
            console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False
        )
        self._clock = clock
        self._drawn_s = -MIN_INTERVAL_S
        self._lines: Sequence[CellLine] = ()
        self._what = ""
        self._size = (0, 0)
        self._table: list[list[Segment]] = []
        self._recent: Sequence[str] = ()
        self._recent_lines: list[list[Segment]] = []

    def start(self) -> None:
        """Take the terminal."""
        self._live.start()

    def stop(self, *, clear: bool) -> None:
        """Give the terminal back; what was drawn last stays unless it is to be cleared."""
        self._live.transient = clear
        self._live.stop()

    def set_cells(self, lines: Sequence[CellLine], what: str, recent: Sequence[str] = ()) -> None:
        """What the table shows from the next drawing on, and the last trials, the newest first."""
        self._lines, self._what, self._recent, self._size = lines, what, recent, (0, 0)

    @property
    def due(self) -> bool:
        """Whether the last drawing is long enough ago to draw during a load."""
        return self._clock() - self._drawn_s >= MIN_INTERVAL_S

    def draw(self, status: Status) -> None:
        """Draw now."""
        width, height = self.console.size
        rows = rows_that_fit(height, purpose=bool(status.purpose))
        if self._size != (width, height):
            self._lay_out(rows, width)
            self._size = (width, height)
        more = max(len(self._lines) - rows, 0)
        frame = Frame(status, self._table, more, self._recent_lines)
        self._live.update(frame, refresh=True)
        self._drawn_s = self._clock()

    def _lay_out(self, rows: int, width: int) -> None:
        """What does not change while a load runs: the cells, and below them the last trials."""
        table = cell_table(self._lines, self._what, rows, width)
        self._table = self.console.render_lines(table, pad=False)
        recent = recent_trials(self._recent, rows - len(self._lines), width)
        self._recent_lines = self.console.render_lines(recent, pad=False)
