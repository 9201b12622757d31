"""The live view on a terminal: what is drawn, and how seldom while a load runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.live import Live
from rich.segment import Segment

from harness.reporters.live.lines import CellLine, Frame, Status, cell_table, rows_that_fit

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

    def start(self) -> None:
        """Take the terminal."""
        self._live.start()

    def stop(self, *, clear: bool) -> None:
        """Give the terminal back; what was drawn last stays unless it is to be cleared."""
        self._live.transient = clear
        self._live.stop()

    def set_cells(self, lines: Sequence[CellLine], what: str) -> None:
        """What the table shows from the next drawing on."""
        self._lines, self._what, self._size = lines, what, (0, 0)

    @property
    def due(self) -> bool:
        """Whether the last drawing is long enough ago to draw during a load."""
        return self._clock() - self._drawn_s >= MIN_INTERVAL_S

    def draw(self, status: Status) -> None:
        """Draw now."""
        width, height = self.console.size
        rows = rows_that_fit(height)
        if self._size != (width, height):
            table = cell_table(self._lines, self._what, rows)
            self._table = self.console.render_lines(table, pad=False)
            self._size = (width, height)
        more = max(len(self._lines) - rows, 0)
        self._live.update(Frame(status, self._table, more), refresh=True)
        self._drawn_s = self._clock()
