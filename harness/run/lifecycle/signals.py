"""What stops a run: Ctrl-C, SIGTERM, and the loss of the terminal.

Python raises KeyboardInterrupt wherever it happens to be, and drops it where nobody can catch it,
as in a hook of fork or the end of an object. So a stop is also remembered, and asked for between
trials.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_asked: set[int] = set()
"""The signals that asked to stop, since `stop_signals` was last entered."""


@contextmanager
def stop_signals() -> Iterator[None]:
    """Treat SIGTERM, and the loss of the terminal, like Ctrl-C."""
    _asked.clear()

    def stop(number: int, frame: FrameType | None) -> None:
        _asked.add(number)
        raise KeyboardInterrupt

    # Under nohup the loss of the terminal is ignored, and stays so.
    stopping = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    numbers = [number for number in stopping if signal.getsignal(number) is not signal.SIG_IGN]
    before = [signal.signal(number, stop) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def stop_if_asked() -> None:
    """Raise KeyboardInterrupt if a signal within `stop_signals` asked for it."""
    if _asked:
        raise KeyboardInterrupt
