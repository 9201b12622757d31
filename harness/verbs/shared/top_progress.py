"""How far reading is, on a terminal only and only when it takes long."""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from harness.counted import counted

QUIET_S = 1.0
STEP_S = 0.1
LINE_STEP_S = 10.0


class ReadingProgress:
    """Takes bytes done and bytes in all (0: not known). A bar on a terminal after one second;
    elsewhere a line every ten seconds."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._next_s = time.monotonic() + (QUIET_S if console.is_terminal else LINE_STEP_S)

    def __enter__(self) -> ReadingProgress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, done: int, total: int) -> None:
        """Show it, if it is time."""
        now_s = time.monotonic()
        if now_s < self._next_s:
            return
        if not self._console.is_terminal:
            self._next_s = now_s + LINE_STEP_S
            share = f"{done:,} of " if total else ""
            read = f"{share}{counted(total or done, 'byte')} read"
            self._console.print(read, markup=False)
            return
        self._next_s = now_s + STEP_S
        if self._bar is None:
            self._begin()
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total or None)

    def _begin(self) -> None:
        self._bar = Progress(
            BarColumn(bar_width=24),
            DownloadColumn(binary_units=True),
            TransferSpeedColumn(),
            TimeRemainingColumn(compact=True),
            console=self._console,
            transient=True,
        )
        self._task = self._bar.add_task("reading", total=None)
        self._bar.start()


class ListeningProgress:
    """Takes records so far. A line with a bar and the seconds left on a terminal; elsewhere a
    line every ten seconds."""

    def __init__(self, console: Console, duration_s: float) -> None:
        self._console = console
        self._duration_s = duration_s
        self._started_s = time.monotonic()
        self._next_s = self._started_s + (STEP_S if console.is_terminal else LINE_STEP_S)
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> ListeningProgress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def begin(self) -> None:
        """The time runs from now on."""
        self._next_s += time.monotonic() - self._started_s
        self._started_s = time.monotonic()

    def __call__(self, records: int) -> None:
        """Show it, if it is time."""
        now_s = time.monotonic()
        if now_s < self._next_s:
            return
        done_s = min(now_s - self._started_s, self._duration_s)
        words = f"{counted(records, 'record')}, {self._duration_s - done_s:.0f} s left"
        if not self._console.is_terminal:
            self._next_s = now_s + LINE_STEP_S
            self._console.print(words, markup=False)
            return
        self._next_s = now_s + STEP_S
        if self._bar is None or self._task is None:
            self._bar = Progress(
                BarColumn(bar_width=24),
                TextColumn("{task.description}", markup=False),
                console=self._console,
                transient=True,
            )
            self._task = self._bar.add_task(words, total=self._duration_s)
            self._bar.start()
        self._bar.update(self._task, completed=done_s, description=words)
