"""Operations that programs can do through io_uring, where no exit rule sees them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.kernel.rules.fields import FilterList
from harness.kernel.rules.io_uring_names import IO_URING_OPERATIONS
from harness.kernel.rules.libaudit import libaudit
from harness.kernel.rules.lint.finding import Finding, Kind, Place
from harness.kernel.rules.lint.parsed import LoadedRule

BLIND = Kind(
    "io-uring-blind",
    "note",
    "recorded syscalls that io_uring can do, without a rule on the list io_uring",
    "io_uring makes no syscall for them, so no exit rule matches; reading, writing and sending "
    "through it cannot be recorded at all.",
)
KINDS = (BLIND,)
_OPERATION_OF = {
    **{name: name for name in IO_URING_OPERATIONS},
    "accept4": "accept",
    "open": "openat",
    "creat": "openat",
    "rename": "renameat",
    "renameat2": "renameat",
    "unlink": "unlinkat",
    "rmdir": "unlinkat",
    "mkdir": "mkdirat",
    "symlink": "symlinkat",
    "link": "linkat",
}
"""The operation that does a syscall's work."""
_QUIET = frozenset({"close", "futex_wait", "futex_wake", "futex_waitv", "waitid", "shutdown"})
"""Operations that nobody has rules for on their own account."""
_MOST_RELATED = 20


def blind_spots(rules: Sequence[LoadedRule]) -> Iterator[Finding]:
    """Once: the operations that exit rules name as syscalls and no io_uring rule takes."""
    library = libaudit()
    taken = 0
    for rule in rules:
        if rule.view.filter_list == FilterList.IO_URING:
            taken |= rule.view.mask
    operations: dict[str, None] = {}
    places: list[Place] = []
    for rule in rules:
        view = rule.view
        if view.filter_list != FilterList.EXIT or not view.records or view.every or not view.arch:
            continue
        machine = library.machine_of_arch(view.arch)
        names = (library.syscall_name(number, machine) for number in view.rule.syscalls())
        found = {_OPERATION_OF[name] for name in names if name in _OPERATION_OF} - _QUIET
        open_ones = [each for each in sorted(found) if not taken >> IO_URING_OPERATIONS[each] & 1]
        if open_ones:
            operations.update(dict.fromkeys(open_ones))
            places.append(rule.place)
    if places:
        listed = ",".join(operations)
        yield Finding(
            BLIND,
            places[0],
            f"through io_uring a program does {listed} without a syscall, and no exit rule matches",
            f"add -a always,io_uring -S {listed} -k KEY, or switch io_uring off "
            "(sysctl kernel.io_uring_disabled=2)",
            tuple(places[1:_MOST_RELATED]),
        )
