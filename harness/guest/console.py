"""The console of a guest: how it ended, in one line."""

from __future__ import annotations

import re
from typing import Final

from harness.plain import plain

MOST_BYTES: Final = 65536
_LAST_LINES = 3
_TELLING_LINES = 2
_TELLING = re.compile(
    r"Kernel panic|Out of memory|oom-kill|BUG:|Oops|soft lockup|rcu: INFO|blocked for more than"
)
"""What a kernel says before the traces that follow it."""
_CONTROLS = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|.)")


class Console:
    """The end of what a kernel said."""

    def __init__(self) -> None:
        self._data = b""

    def take(self, more: bytes) -> None:
        """Add what it has said since."""
        self._data = (self._data + more)[-MOST_BYTES:]

    def end(self) -> str:
        """The lines that tell what went wrong, then the last ones; `nothing` for an empty one."""
        text = _CONTROLS.sub("", self._data.decode(errors="replace"))
        lines = [plain(line.strip()) for line in text.splitlines() if line.strip()]
        telling = [line for line in lines if _TELLING.search(line)]
        told = dict.fromkeys([*telling[-_TELLING_LINES:], *lines[-_LAST_LINES:]])
        return " | ".join(told) or "nothing"
