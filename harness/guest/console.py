"""The console of a guest: what its kernel complains of, and how it ended, in one line."""

from __future__ import annotations

import re
from typing import Final

from harness.plain import plain

MOST_BYTES: Final = 65536
_LAST_LINES = 3
_TELLING_LINES = 2
_MOST_COMPLAINTS = 20
_NO_MEMORY = (
    r"Out of memory|oom-kill|deadlocked on memory|Initramfs unpacking failed|MemoryError|"
    r"Cannot allocate memory"
)
_GOES_ON = (
    r"Out of memory|oom-kill|BUG:|Oops|WARNING: CPU|soft lockup|rcu: INFO|detected stall|"
    r"blocked for more than"
)
"""What a kernel says that may go on; what it dies of is told when it has ended."""
_COMPLAINT = re.compile(_GOES_ON)
_TELLING = re.compile(rf"Kernel panic|{_GOES_ON}|{_NO_MEMORY}")
"""What a kernel says before the traces that follow it, and the agent where its Python ends."""
_MEMORY = re.compile(_NO_MEMORY)
_STAMPED = re.compile(r"\[ *\d+\.\d+\] .*")
"""What a kernel says, without what its firmware left on the line."""
_CONTROLS = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|.)")


class Console:
    """The end of what a kernel said."""

    def __init__(self) -> None:
        self._data = b""
        self._unfinished = b""
        self._complaints: list[str] = []

    def take(self, more: bytes) -> None:
        """Add what it has said since."""
        self._data = (self._data + more)[-MOST_BYTES:]
        *lines, unfinished = (self._unfinished + more).split(b"\n")
        self._unfinished = unfinished[-MOST_BYTES:]
        said = (_STAMPED.search(line) for line in _lines(b"\n".join(lines)))
        self._complaints += [line[0] for line in said if line and _COMPLAINT.search(line[0])]
        del self._complaints[:-_MOST_COMPLAINTS]

    def complaints(self) -> list[str]:
        """The whole lines since the last time in which the kernel says that something is wrong."""
        taken, self._complaints = self._complaints, []
        return taken

    def end(self) -> str:
        """The lines that tell what went wrong, then the last ones; `nothing` for an empty one."""
        lines = _lines(self._data)
        telling = [line for line in lines if _TELLING.search(line)]
        told = dict.fromkeys([*telling[-_TELLING_LINES:], *lines[-_LAST_LINES:]])
        return " | ".join(told) or "nothing"

    def lacks_memory(self) -> bool:
        """Whether it says that there was too little memory."""
        return any(_MEMORY.search(line) for line in _lines(self._data))


def _lines(data: bytes) -> list[str]:
    """The lines that are not empty, fit for a terminal."""
    text = _CONTROLS.sub("", data.decode(errors="replace"))
    return [plain(line.strip()) for line in text.splitlines() if line.strip()]
