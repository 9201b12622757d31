"""Operations on files: opening, renaming, removing, linking, and their rights."""

from __future__ import annotations

import os
import stat
import struct

from harness.guest.operations.operation import AT_FDCWD, USER, Place, operation

_NAME, _VALUE = "trusted.auditbench", b"1"
_EVERYBODY = 0o644
_NOBODY_ELSE = 0o600
_O_NOATIME = 0o1000000
_AT_REMOVEDIR = 0x200
_OPEN_HOW = struct.Struct("<QQQ")


def _open_how(flags: int) -> bytes:
    return _OPEN_HOW.pack(flags, 0, 0)


def _open(flags: int, mode: int = _EVERYBODY) -> tuple[int, int]:
    return flags | os.O_CLOEXEC, mode


def _folder(place: Place) -> int:
    return place.text(str(place.subfolder()))


def _link(place: Place) -> tuple[int, int]:
    return place.file_path(), place.path("other")


def _attribute(place: Place) -> tuple[int, int, int]:
    return place.text(_NAME), place.data(_VALUE), len(_VALUE)


def _with_attribute(place: Place) -> tuple[int, int]:
    made = place.file()
    os.setxattr(made, _NAME, _VALUE)
    return place.text(str(made)), place.text(_NAME)


OPENING = (
    operation("openat to read", lambda p: (AT_FDCWD, p.file_path(), *_open(os.O_RDONLY)),
              ring=True),
    operation("openat to write", lambda p: (AT_FDCWD, p.file_path(), *_open(os.O_WRONLY)),
              ring=True),
    operation("openat of a new file",
              lambda p: (AT_FDCWD, p.path("new"), *_open(os.O_WRONLY | os.O_CREAT)), ring=True),
    operation("openat refused (EACCES)",
              lambda p: (AT_FDCWD, p.text(str(p.file(mode=_NOBODY_ELSE))), *_open(os.O_RDONLY)),
              user=USER, ring=True),
    operation("openat refused (EPERM)",
              lambda p: (AT_FDCWD, p.file_path(), *_open(os.O_RDONLY | _O_NOATIME)),
              user=USER, ring=True),
    operation("open to write", lambda p: (p.file_path(), *_open(os.O_WRONLY))),
    operation("creat", lambda p: (p.path("new"), _EVERYBODY)),
    operation("openat2", lambda p: (AT_FDCWD, p.file_path(), p.data(_open_how(os.O_WRONLY)),
                                    _OPEN_HOW.size), ring=True),
    operation("open_by_handle_at",
              lambda p: (AT_FDCWD, p.data(struct.pack("<Ii8s", 8, 1, bytes(8))), os.O_RDONLY)),
    operation("truncate", lambda p: (p.file_path(), 1)),
    operation("ftruncate", lambda p: (p.opened(), 1), ring=True),
    operation("write", lambda p: (p.opened(), p.data(b"more"), 4), ring=True),
)  # fmt: skip
NAMES = (
    operation("rename", _link),
    operation("renameat", lambda p: (AT_FDCWD, p.file_path(), AT_FDCWD, p.path("other"))),
    operation("renameat2", lambda p: (AT_FDCWD, p.file_path(), AT_FDCWD, p.path("other"), 0),
              ring=True),
    operation("unlink", lambda p: (p.file_path(),)),
    operation("unlinkat", lambda p: (AT_FDCWD, p.file_path(), 0), ring=True),
    operation("unlinkat of a folder", lambda p: (AT_FDCWD, _folder(p), _AT_REMOVEDIR), ring=True),
    operation("rmdir", lambda p: (_folder(p),)),
    operation("mkdir", lambda p: (p.path("new"), 0o755)),
    operation("mkdirat", lambda p: (AT_FDCWD, p.path("new"), 0o755), ring=True),
    operation("link", _link),
    operation("linkat", lambda p: (AT_FDCWD, p.file_path(), AT_FDCWD, p.path("other"), 0),
              ring=True),
    operation("symlink", _link),
    operation("symlinkat", lambda p: (p.file_path(), AT_FDCWD, p.path("other")), ring=True),
    operation("mknod", lambda p: (p.path("new"), stat.S_IFIFO | _EVERYBODY, 0)),
    operation("mknodat", lambda p: (AT_FDCWD, p.path("new"), stat.S_IFIFO | _EVERYBODY, 0)),
)  # fmt: skip
RIGHTS = (
    operation("chmod", lambda p: (p.file_path(), 0o4755)),
    operation("fchmod", lambda p: (p.opened(), 0o4755)),
    operation("fchmodat", lambda p: (AT_FDCWD, p.file_path(), 0o4755)),
    operation("fchmodat2", lambda p: (AT_FDCWD, p.file_path(), 0o4755, 0)),
    operation("chown", lambda p: (p.file_path(), USER, USER), call_32="chown32"),
    operation("lchown", lambda p: (p.file_path(), USER, USER), call_32="lchown32"),
    operation("fchown", lambda p: (p.opened(), USER, USER), call_32="fchown32"),
    operation("fchownat", lambda p: (AT_FDCWD, p.file_path(), USER, USER, 0)),
    operation("setxattr", lambda p: (p.file_path(), *_attribute(p), 0), ring=True),
    operation("lsetxattr", lambda p: (p.file_path(), *_attribute(p), 0)),
    operation("fsetxattr", lambda p: (p.opened(), *_attribute(p), 0), ring=True),
    operation("removexattr", _with_attribute),
    operation("lremovexattr", _with_attribute),
)  # fmt: skip
