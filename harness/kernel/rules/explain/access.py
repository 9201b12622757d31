"""The accesses of `perm=` that a call has: r, w, x and a, by its name and its open flags.

Source: `audit_match_perm` of the kernel's `kernel/auditsc.c`, and the classes of
`include/asm-generic/audit_*.h`, which have grown over the years: what only some kernels have is
said apart.
"""

from __future__ import annotations

from consumer.text.archs import syscall_name
from harness.kernel.rules.explain.seen import Seen
from harness.kernel.rules.fields import PERMISSION_BITS

_READ, _WRITE = PERMISSION_BITS["r"], PERMISSION_BITS["w"]
_EXECUTE, _ATTRIBUTES = PERMISSION_BITS["x"], PERMISSION_BITS["a"]
_OPEN_MODES = (_READ, _WRITE, _READ | _WRITE, _READ | _WRITE)
"""By the two lowest bits of the flags."""
_FLAGS_AT = {"open": "a1", "openat": "a2"}
_SOCKETCALL_BIND = 2
_CLASSES = {
    _WRITE: """
        rename mkdir rmdir creat link unlink symlink mknod mkdirat mknodat unlinkat renameat linkat
        symlinkat acct swapon quotactl truncate truncate64 bind
    """,
    _READ: """
        readlink quotactl listxattr llistxattr flistxattr getxattr lgetxattr fgetxattr readlinkat
    """,
    _ATTRIBUTES: """
        chmod fchmod chown lchown fchown setxattr lsetxattr fsetxattr removexattr lremovexattr
        fremovexattr fchownat fchmodat chown32 fchown32 lchown32
    """,
}
_SINCE_6_12 = {
    _WRITE: "renameat2 ftruncate ftruncate64 fallocate",
    _ATTRIBUTES: "link linkat",
}
"""In the classes of Linux 6.12; older kernels lack some of them."""
_IN_SOME = {
    _ATTRIBUTES: "fchmodat2 setxattrat removexattrat file_setattr",
    _READ: "getxattrat listxattrat file_getattr",
}
"""Calls that are newer than the classes, where a kernel may have them or not."""
_RELEASE = (6, 12)


def _by_name(*tables: dict[int, str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for bit, names in ((bit, names) for table in tables for bit, names in table.items()):
        for name in names.split():
            found[name] = found.get(name, 0) | bit
    return found


_CERTAIN = _by_name(_CLASSES)
_RECENT = _by_name(_SINCE_6_12)
_MAYBE = _by_name(_IN_SOME)


def perm_holds(bits: int, seen: Seen, release: tuple[int, int] | None) -> bool | None:
    """Whether a call has one of these accesses. `release` is its kernel's, None if unknown."""
    call = seen.call
    name = None if call.number is None else syscall_name(call.arch, call.number)
    if name is None:
        return None
    if name in ("execve", "execveat"):
        return bool(bits & _EXECUTE)
    if name == "openat2" or name in _FLAGS_AT:
        flags = seen.open_flags if name == "openat2" else call.known.get(_FLAGS_AT[name])
        return None if flags is None else bool(bits & _OPEN_MODES[flags & 3])
    if name == "socketcall":
        first = call.known.get("a0")
        return None if first is None else bool(bits & _WRITE and first == _SOCKETCALL_BIND)
    recent = _RECENT.get(name, 0)
    certain = _CERTAIN.get(name, 0) | (recent if release and release >= _RELEASE else 0)
    if bits & certain:
        return True
    return None if bits & (recent | _MAYBE.get(name, 0)) else False
