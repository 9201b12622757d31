"""A program's other files in running containers: what `exe=` of a rule does not match there.

The kernel compares device and inode. One process for each mount namespace is looked at, through
/proc/PID/root; what may not be looked at is left out silently. A container's files are its own:
links in them are followed within it, no file is opened to be read, and file systems that another
program or host answers for (FUSE, NFS …) are not touched, as they may never answer.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harness.kernel.rules.lint.programs import Copy, FindCopies

PROC = Path("/proc")
MOST_NAMESPACES = 200
_MOST_LINKS = 16
_LOCAL = frozenset(
    {"overlay", "ext2", "ext3", "ext4", "xfs", "btrfs", "tmpfs", "ramfs", "rootfs", "zfs", "f2fs"}
    | {"erofs", "squashfs", "bcachefs"}
)
"""File systems whose files are looked at."""


@dataclass(frozen=True, slots=True)
class _Mount:
    device: str
    root: bytes
    place: bytes
    kind: str


class _Container:
    """A mount namespace that is not ours, seen through one of its processes."""

    def __init__(self, proc: Path, pid: int) -> None:
        self.pid = pid
        self._folder = proc / str(pid)

    @cached_property
    def mounts(self) -> list[_Mount]:
        """Its mounts, as the process sees them."""
        return _mounts(self._folder / "mountinfo")

    def find(self, path: bytes) -> tuple[bytes, os.stat_result] | None:
        """The real path within and the status of a program; None where it has none to look at."""
        parts, done, links = path.split(b"/")[1:], b"", 0
        with contextlib.suppress(OSError, ValueError):
            root = os.open(self._folder / "root", os.O_PATH | os.O_CLOEXEC | os.O_DIRECTORY)
            try:
                while parts:
                    place = done + b"/" + parts.pop(0)
                    if not self._is_local(place):
                        return None
                    status = os.stat(place[1:], dir_fd=root, follow_symlinks=False)
                    if not stat.S_ISLNK(status.st_mode):
                        done = place
                        continue
                    links += 1
                    target = os.readlink(place[1:], dir_fd=root)
                    whole = target if target.startswith(b"/") else done + b"/" + target
                    if links > _MOST_LINKS or b".." in whole.split(b"/"):
                        return None
                    parts, done = [p for p in whole.split(b"/") if p] + parts, b""
                return (done, status) if stat.S_ISREG(status.st_mode) else None
            finally:
                os.close(root)
        return None

    def _is_local(self, place: bytes) -> bool:
        mount = _mount_of(self.mounts, place)
        return mount is not None and mount.kind in _LOCAL


def container_copies(proc: Path = PROC) -> FindCopies:
    """From a program's path to its other files in the containers that run now."""
    containers = list(_containers(proc))
    ours = _mounts(proc / "self" / "mountinfo")

    def find(program: bytes) -> list[Copy]:
        try:
            own = os.lstat(program)
        except (OSError, ValueError):
            return []
        copies = []
        for container in containers:
            found = container.find(program)
            if found and (found[1].st_dev, found[1].st_ino) != (own.st_dev, own.st_ino):
                copies.append(Copy(container.pid, _seen_from_here(container, found[0], ours)))
        return copies

    return find


def _containers(proc: Path) -> Iterator[_Container]:
    """One for each mount namespace beside ours, found by its first process."""
    seen = {_namespace(proc / "self")}
    with contextlib.suppress(OSError):
        pids = sorted(int(name) for name in os.listdir(proc) if name.isdecimal())  # noqa: PTH208
        for pid in pids:
            namespace = _namespace(proc / str(pid))
            if namespace is None or namespace in seen or len(seen) > MOST_NAMESPACES:
                continue
            seen.add(namespace)
            yield _Container(proc, pid)


def _namespace(folder: Path) -> str | None:
    try:
        return os.readlink(folder / "ns" / "mnt")  # noqa: PTH115  # the text, not a path
    except OSError:
        return None


def _seen_from_here(container: _Container, path: bytes, ours: list[_Mount]) -> bytes:
    """The path by which this host reaches a container's file; empty where it does not."""
    mount = _mount_of(container.mounts, path)
    if mount is None:
        return b""
    inside = mount.root.rstrip(b"/") + path[len(mount.place.rstrip(b"/")) :]
    for each in ours:
        top = each.root.rstrip(b"/")
        if each.device == mount.device and inside.startswith(top + b"/"):
            return each.place.rstrip(b"/") + inside[len(top) :]
    return b""


def _mount_of(mounts: list[_Mount], path: bytes) -> _Mount | None:
    """The mount that a path lies on: the last of those with the longest place."""
    found = None
    for mount in mounts:
        place = mount.place.rstrip(b"/")
        is_above = path == place or path.startswith(place + b"/")
        if is_above and (found is None or len(mount.place) >= len(found.place)):
            found = mount
    return found


def _mounts(file: Path) -> list[_Mount]:
    """The mounts of a mountinfo file; none where it cannot be read. See proc_pid_mountinfo(5)."""
    try:
        lines = file.read_bytes().splitlines()
    except OSError:
        return []
    mounts = []
    for line in lines:
        words, _, rest = line.partition(b" - ")
        fields = words.split(b" ")
        if len(fields) < 6 or not rest:
            continue
        root, place = (_unescaped(each) for each in fields[3:5])
        kind = rest.split(b" ", 1)[0].decode("ascii", "replace")
        mounts.append(_Mount(fields[2].decode("ascii", "replace"), root, place, kind))
    return mounts


def _unescaped(word: bytes) -> bytes:
    for code, char in ((b"\\040", b" "), (b"\\011", b"\t"), (b"\\012", b"\n"), (b"\\134", b"\\")):
        word = word.replace(code, char)
    return word
