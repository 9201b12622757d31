"""The only access to files of the host: `/proc`, `/sys`, `/etc` below a root that tests replace.

Small files and links are read; an absent or refused one is None or empty, never an exception,
because every reader here must cope with kernels and containers that lack a file.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class HostTree:
    """Files of a host, by their absolute path on it (`/proc/stat`)."""

    root: Path = Path("/")

    def path(self, path: str) -> Path:
        """The path here of the host's `path`."""
        return self.root / path.lstrip("/")

    def data(self, path: str) -> bytes | None:
        """The whole file, or None if it cannot be read."""
        try:
            return self.path(path).read_bytes()
        except OSError:
            return None

    def text(self, path: str) -> str | None:
        """The file as text without surrounding white space, or None."""
        data = self.data(path)
        return None if data is None else data.decode("utf-8", "replace").strip()

    def number(self, path: str) -> int | None:
        """The file's one decimal number, or None."""
        text = self.text(path)
        try:
            return None if text is None else int(text)
        except ValueError:
            return None

    def link(self, path: str) -> str | None:
        """The text of a symbolic link, unresolved, or None."""
        try:
            return str(self.path(path).readlink())
        except OSError:
            return None

    def names(self, path: str) -> tuple[str, ...]:
        """The sorted names in a directory; empty if there is none."""
        try:
            return tuple(sorted(entry.name for entry in self.path(path).iterdir()))
        except OSError:
            return ()

    def exists(self, path: str) -> bool:
        """Whether the host has this path; a dangling link counts."""
        return os.path.lexists(self.path(path))

    def pids(self) -> tuple[int, ...]:
        """The process ids in `/proc`, ascending."""
        return tuple(sorted(int(name) for name in self.names("/proc") if name.isdecimal()))

    def process_name(self, pid: int) -> str | None:
        """`comm` of a process; None if there is no such process."""
        return self.text(f"/proc/{pid}/comm")

    def process_exe(self, pid: int) -> str | None:
        """The path that a process executes, according to `/proc`; None for kernel threads."""
        return self.link(f"/proc/{pid}/exe")


def parse_cpu_list(text: str) -> tuple[int, ...]:
    """CPU numbers in the kernel's list format, `0-1,4` -> `(0, 1, 4)`; `ValueError` otherwise."""
    cpus: set[int] = set()
    for part in filter(None, (part.strip() for part in text.split(","))):
        first, dash, last = part.partition("-")
        low = _decimal(first)
        high = _decimal(last) if dash else low
        if high < low:
            raise ValueError(f"range {part!r} runs backwards")
        if high - low > 65_536:
            raise ValueError(f"range {part!r} is longer than any machine")
        cpus.update(range(low, high + 1))
    return tuple(sorted(cpus))


def _decimal(text: str) -> int:
    """A CPU number; `int()` alone would also accept `1_0`, ` 1` and `-1`."""
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{text!r} is not a CPU number")
    return int(text)


def keyed_lines(text: str | None, separator: str = ":") -> dict[str, str]:
    """`key: value` lines (`/proc/self/status`, `/etc/os-release`) as a dictionary."""
    pairs = (line.partition(separator) for line in (text or "").splitlines())
    return {key.strip(): value.strip() for key, found, value in pairs if found}
