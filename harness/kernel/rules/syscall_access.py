"""The accesses of `perm=` that calls have: r, w, x and a.

Source: `audit_match_perm` of the kernel's `kernel/auditsc.c`, and the classes of
`include/asm-generic/audit_*.h`, which have grown over the years: what only some kernels have is
said apart. Opens have the access that their flags ask for, and socketcall(2) that of its bind.
"""

from __future__ import annotations

from consumer.text.archs import syscall_name
from consumer.text.syscalls import syscall_names
from harness.kernel.rules.fields import PERMISSION_BITS

READ, WRITE = PERMISSION_BITS["r"], PERMISSION_BITS["w"]
EXECUTE, ATTRIBUTES = PERMISSION_BITS["x"], PERMISSION_BITS["a"]
EXECS = frozenset({"execve", "execveat"})
OPENS = frozenset({"open", "openat", "openat2"})
SOCKETCALL = "socketcall"
_CLASSES = {
    WRITE: """
        rename mkdir rmdir creat link unlink symlink mknod mkdirat mknodat unlinkat renameat linkat
        symlinkat acct swapon quotactl truncate truncate64 bind
    """,
    READ: """
        readlink quotactl listxattr llistxattr flistxattr getxattr lgetxattr fgetxattr readlinkat
    """,
    ATTRIBUTES: """
        chmod fchmod chown lchown fchown setxattr lsetxattr fsetxattr removexattr lremovexattr
        fremovexattr fchownat fchmodat chown32 fchown32 lchown32
    """,
}
_SINCE_6_12 = {
    WRITE: "renameat2 ftruncate ftruncate64 fallocate",
    ATTRIBUTES: "link linkat",
}
"""In the classes of Linux 6.12; older kernels lack some of them."""
_IN_SOME = {
    WRITE: "quotactl_fd",
    READ: "quotactl_fd getxattrat listxattrat file_getattr",
    ATTRIBUTES: "fchmodat2 setxattrat removexattrat file_setattr",
}
"""Calls that are newer than the classes, where a kernel may have them or not."""
_RELEASE = (6, 12)
_UNCLASSED = """
read write close getpid getppid socket connect accept accept4 sendto recvfrom sendmsg recvmsg
shutdown listen clone clone3 fork vfork exit exit_group wait4
"""
_WITHOUT_CLASS = frozenset(_UNCLASSED.split())
"""Frequent calls that no kernel has in any class."""


def _by_name(table: dict[int, str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for bit, names in table.items():
        for name in names.split():
            found[name] = found.get(name, 0) | bit
    return found


_CERTAIN, _RECENT, _MAYBE = map(_by_name, (_CLASSES, _SINCE_6_12, _IN_SOME))


def class_holds(bits: int, name: str, release: tuple[int, int] | None) -> bool | None:
    """Whether a call is in the class of one of these accesses; None if only some kernels have it.

    `release` is the kernel's, None if unknown. Not for calls whose access is no class: EXECS, OPENS
    and SOCKETCALL.
    """
    recent = _RECENT.get(name, 0)
    certain = _CERTAIN.get(name, 0) | (recent if release and release >= _RELEASE else 0)
    if bits & certain:
        return True
    return None if bits & (recent | _MAYBE.get(name, 0)) else False


def perm_matches(arch: int, syscall_nr: int, bits: int) -> bool | None:
    """Whether `perm=` with these bits matches the syscall of an AUDIT_ARCH_*, whatever its
    arguments and the kernel; None if that is not certain.
    """
    name = syscall_name(arch, syscall_nr)
    if name in EXECS:
        return bool(bits & EXECUTE)
    return False if name in _WITHOUT_CLASS else None


def perm_calls(bits: int, arch: int) -> list[int]:
    """The calls of an AUDIT_ARCH_* that `perm=` with these bits can match at all, ascending."""
    return [number for number, name in sorted(syscall_names(arch).items()) if _can_have(bits, name)]


def _can_have(bits: int, name: str) -> bool:
    if name in EXECS:
        return bool(bits & EXECUTE)
    if name in OPENS:
        return bool(bits & (READ | WRITE))
    if name == SOCKETCALL:
        return bool(bits & WRITE)
    return class_holds(bits, name, None) is not False
