"""The calls that `-F perm=` can match at all: naming them spares all others the comparison.

The kernel knows them as classes of calls, and opens by their flags: `audit_match_perm` of
`kernel/auditsc.c`, with `include/asm-generic/audit_*.h`.
"""

from __future__ import annotations

from harness.errors import UsageError
from harness.kernel.rules.fields import PERMISSION_BITS
from harness.kernel.rules.libaudit import syscall_number

NEW_CALLS = frozenset(
    {"openat2", "quotactl_fd", "fchmodat2", "setxattrat", "removexattrat", "getxattrat"}
    | {"listxattrat"}
)
"""Calls that not every libaudit knows, though a kernel may have them."""
_OPENS = "open openat openat2"
_LINKS = "link linkat"
_WRITES = (
    "rename renameat renameat2 mkdir mkdirat rmdir creat unlink unlinkat symlink symlinkat mknod "
    "mknodat acct swapon quotactl quotactl_fd truncate truncate64 ftruncate ftruncate64 fallocate "
    "bind socketcall"
)
_READS = (
    "readlink readlinkat quotactl listxattr llistxattr flistxattr getxattr lgetxattr fgetxattr "
    "getxattrat listxattrat"
)
_ATTRIBUTES = (
    "chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat chown32 fchown32 lchown32 "
    "setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr setxattrat removexattrat"
)
_CALLS = {
    "r": f"{_OPENS} {_READS}",
    "w": f"{_OPENS} {_LINKS} {_WRITES}",
    "x": "execve execveat",
    "a": f"{_LINKS} {_ATTRIBUTES}",
}


def perm_calls(bits: int, machine: str) -> tuple[list[int], list[str]]:
    """The numbers of these calls on a machine, and the names that libaudit does not know there."""
    names = dict.fromkeys(
        name
        for letter, words in _CALLS.items()
        if bits & PERMISSION_BITS[letter]
        for name in words.split()
    )
    numbers, unknown = [], []
    for name in names:
        try:
            numbers.append(syscall_number(name, machine))
        except UsageError:
            unknown.append(name)
    return sorted(numbers), unknown
