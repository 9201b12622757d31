"""Names of the numbers in records that depend on the architecture.

Source: AUDIT_ARCH_* of linux/audit.h, the kernel's system call tables, asm-generic/signal.h.
"""

from __future__ import annotations

from consumer import libaudit
from consumer.host import ARCH_NUMBERS
from consumer.text.syscalls import OWN_TABLES, syscall_names

ARCH_NAMES = {
    0x40000028: "arm",
    0x28: "armeb",
    0x14: "ppc",
    0x80000015: "ppc64",
    0x16: "s390",
    0x400000F3: "riscv32",
    0x40000102: "loongarch32",
    0xC0000102: "loongarch64",
    0xC0000032: "ia64",
    0xC0009026: "alpha",
    0x0F: "parisc",
    0x8000000F: "parisc64",
    0x02: "sparc",
    0x8000002B: "sparc64",
    0x08: "mips",
    0x40000008: "mipsel",
    0x80000008: "mips64",
    0xA0000008: "mips64n32",
    0xC0000008: "mipsel64",
    0xE0000008: "mipsel64n32",
    0x04: "m68k",
    0x2A: "sh",
    0x4000002A: "shel",
    0xBD: "microblaze",
    0x5C: "openrisc",
    0x5E: "xtensa",
    0xA4: "hexagon",
    0x40000071: "nios2",
    0x400000FC: "csky",
    0x400000C3: "arcv2",
    0xC3: "arcv2be",
} | {number: name for name, number in ARCH_NUMBERS.items()}

_SIGNALS = """
HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP
TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS
"""
# Alpha, MIPS, PA-RISC and SPARC count signals in another order.
_OTHER_SIGNALS = frozenset((0x9026, 0x08, 0x0F, 0x02, 0x2B))


def arch_name(arch: int) -> str | None:
    """The name of an AUDIT_ARCH number."""
    return ARCH_NAMES.get(arch)


def syscall_name(arch: int, number: int) -> str | None:
    """The name of a system call, from our tables, else from libaudit if it is installed."""
    if arch in OWN_TABLES:
        return syscall_names(arch).get(number)
    return libaudit.syscall_name(arch, number)


def signal_name(arch: int, number: int) -> str | None:
    """The name of a signal, `SIGSYS`; None if it has none or the architecture's order differs."""
    names = _SIGNALS.split()
    if arch & 0xFFFF in _OTHER_SIGNALS or not 0 < number <= len(names):
        return None
    return f"SIG{names[number - 1]}"
