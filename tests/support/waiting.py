"""Waiting for what another process or the kernel does."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.support.patience import PATIENCE_S


def comes_true(
    condition: Callable[[], object], *, patience_s: float = PATIENCE_S, pause_s: float = 0.01
) -> bool:
    """Whether the condition holds, now or at some time until patience ends."""
    deadline = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause_s)
    return True


def wait_until(
    condition: Callable[[], object], what: str, *, patience_s: float = PATIENCE_S
) -> None:
    """Return once the condition holds; AssertionError if it does not in time."""
    assert comes_true(condition, patience_s=patience_s), f"still not: {what}"
