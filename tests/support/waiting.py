"""Waiting for what another process or the kernel does."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], object], what: str, *, patience_s: float = 30) -> None:
    """Return once the condition holds; AssertionError if it does not in that time."""
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, f"still not: {what}"
        time.sleep(0.01)
