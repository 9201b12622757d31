"""The syscalls that a rule's `perm=` can match, as far as that is certain.

The kernel asks whether the syscall is in the class of a permission (`audit_match_perm` of
`kernel/auditsc.c`, `include/asm-generic/audit_*.h`): execve is "x" whatever its path, calls on
sockets other than bind and calls without a path are in no class. For all others, opens among
them, it depends on their arguments or is not listed here.
"""

from __future__ import annotations

from harness.kernel.rules.fields import ARCH_NUMBERS, PERMISSION_BITS

_X86_64 = ARCH_NUMBERS["x86_64"]
_AARCH64 = ARCH_NUMBERS["aarch64"]

_EXECUTE = {_X86_64: frozenset({59, 322}), _AARCH64: frozenset({221, 281})}
"""execve, execveat."""
_NO_CLASS = {
    _X86_64: frozenset(
        {
            *(0, 1, 3),  # read, write, close
            *(39, 110),  # getpid, getppid
            *(41, 42, 43, 44, 45, 46, 47, 48, 50, 288),  # socket, connect … shutdown, listen
            *(56, 57, 58, 60, 61, 231, 435),  # clone, fork, vfork, exit, wait4, exit_group, clone3
        }
    ),
    _AARCH64: frozenset(
        {
            *(63, 64, 57),  # read, write, close
            *(172, 173),  # getpid, getppid
            *(198, 203, 202, 206, 207, 211, 212, 210, 201, 242),  # socket, connect … accept4
            *(220, 93, 260, 94, 435),  # clone, exit, wait4, exit_group, clone3
        }
    ),
}


def perm_matches(arch: int, syscall_nr: int, bits: int) -> bool | None:
    """Whether `perm=` with these bits matches the syscall of an AUDIT_ARCH_*; None if unknown."""
    if syscall_nr in _EXECUTE.get(arch, ()):
        return bool(bits & PERMISSION_BITS["x"])
    if syscall_nr in _NO_CLASS.get(arch, ()):
        return False
    return None
