"""What stops a run besides Ctrl-C."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stop_signals() -> Iterator[None]:
    """Treat SIGTERM, and the loss of the terminal, like Ctrl-C."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    # Under nohup the loss of the terminal is ignored, and stays so.
    asked = (signal.SIGTERM, signal.SIGHUP)
    numbers = [number for number in asked if signal.getsignal(number) is not signal.SIG_IGN]
    before = [signal.signal(number, stop) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
