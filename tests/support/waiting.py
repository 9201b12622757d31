"""Waiting for what another process or the kernel does."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.support.patience import PATIENCE_S


def wait_until(
    condition: Callable[[], object], what: str, *, patience_s: float = PATIENCE_S
) -> None:
    """Return once the condition holds; AssertionError if it does not in time."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"still not: {what}"
        time.sleep(0.01)
