"""The archive that a kernel unpacks as its first root: cpio, `newc`, as the kernel documents it.

Format: Documentation/driver-api/early-userspace/buffer-format.rst. Archives may follow each other
in one file; the kernel unpacks them in turn, and each needs its own trailer.
"""

from __future__ import annotations

import os
import posixpath
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

ALIGNMENT: Final = 4
TRAILER: Final = b"TRAILER!!!"
_MAGIC: Final = b"070701"
_LARGEST_FILE: Final = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the archive.

    `mode` is `st_mode`, kind included; `data` the content of a file or the target of a link;
    `device` major and minor number of a device. Everything belongs to root and has the time 0, so
    that equal entries make equal archives.
    """

    mode: int
    data: bytes = b""
    device: tuple[int, int] = (0, 0)


def folder(mode: int = 0o755) -> Entry:
    """A folder."""
    return Entry(stat.S_IFDIR | mode)


def file(data: bytes, mode: int = 0o644) -> Entry:
    """A regular file."""
    return Entry(stat.S_IFREG | mode, data)


def link(target: bytes) -> Entry:
    """A symbolic link."""
    return Entry(stat.S_IFLNK | 0o777, target)


def character_device(major: int, minor: int, mode: int = 0o600) -> Entry:
    """A character device."""
    return Entry(stat.S_IFCHR | mode, device=(major, minor))


def write_archive(entries: Mapping[bytes, Entry]) -> bytes:
    """The archive of these entries, by absolute path; folders that are missing are added.

    Raises ValueError for a path that is not absolute and normal, or that leads through a file.
    """
    parts: list[bytes] = []
    whole = with_parents(entries)
    for number, path in enumerate(sorted(whole), start=1):
        parts += _record(path.lstrip(b"/"), number, whole[path])
    parts += _record(TRAILER, 0, Entry(0))
    return b"".join(parts)


def with_parents(entries: Mapping[bytes, Entry]) -> dict[bytes, Entry]:
    """The entries and the folders that they stand in, `/` left out."""
    whole = dict(entries)
    for path in entries:
        if not is_plain(path):
            raise ValueError(f"{os.fsdecode(path)!r} is no path of an archive")
        for parent in _parents(path):
            above = whole.setdefault(parent, folder())
            if not stat.S_ISDIR(above.mode):
                raise ValueError(f"{os.fsdecode(parent)!r} is no folder, as {path!r} needs it")
    whole.pop(b"/", None)
    return whole


def is_plain(path: bytes) -> bool:
    """Whether a path is absolute, without `.`, `..`, doubled slashes or NUL."""
    return path.startswith(b"/") and posixpath.normpath(path) == path and b"\0" not in path


def _parents(path: bytes) -> Iterable[bytes]:
    while (path := posixpath.dirname(path)) != b"/":
        yield path


def _record(name: bytes, number: int, entry: Entry) -> list[bytes]:
    if len(entry.data) > _LARGEST_FILE:
        raise ValueError(f"{os.fsdecode(name)!r} is too large for the archive")
    links = 2 if stat.S_ISDIR(entry.mode) else 1
    # inode, mode, uid, gid, links, time, size, the device it stands on, that it is, name, checksum
    fields = (number, entry.mode, 0, 0, links, 0, len(entry.data), 0, 0, *entry.device,
              len(name) + 1, 0)  # fmt: skip
    head = _MAGIC + b"".join(b"%08x" % value for value in fields) + name + b"\0"
    return [head, _padding(len(head)), entry.data, _padding(len(entry.data))]


def _padding(size: int) -> bytes:
    return bytes(-size % ALIGNMENT)
