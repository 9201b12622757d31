"""The ways into the kernel by which an operation is done, and by which numbers audit knows it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from consumer.text.syscalls import syscall_names
from harness.guest.operations.memory import Memory
from harness.guest.operations.operation import Operation, Place
from harness.guest.operations.ring import Ring, opcode_of, submission
from harness.kernel.rules.fields import ARCH_32, ARCH_NUMBERS
from harness.kernel.rules.libaudit import libaudit
from workloads.parts.system_call import call_32, call_64

NATIVE, COMPAT, RING = "64-bit", "32-bit", "io_uring"
ENTRIES: Final = (NATIVE, COMPAT, RING)
_ARCHS: Final = {NATIVE: ARCH_NUMBERS["x86_64"], COMPAT: ARCH_32["x86_64"]}
_GETPID_32: Final = 20


@dataclass(frozen=True, slots=True)
class Identity:
    """How audit names a call: architecture and number; `arch` None for an io_uring operation."""

    arch: int | None
    number: int


def identity(operation: Operation, entry: str) -> Identity | None:
    """How audit knows an operation by an entry; None where it cannot be done by it."""
    if entry == RING:
        return Identity(None, opcode_of(operation.call)) if operation.ring else None
    name = operation.call if entry == NATIVE else operation.call_32
    if not name:
        return None
    library = libaudit()
    arch = _ARCHS[entry]
    number = library.syscall_number(name.encode(), library.machine_of_arch(arch))
    if number < 0:
        # An older libaudit has no number for newer calls.
        number = _numbers(arch).get(name, -1)
    return Identity(arch, number) if number >= 0 else None


@cache
def _numbers(arch: int) -> dict[str, int]:
    return {name: number for number, name in syscall_names(arch).items()}


def perform(operation: Operation, entry: str, prepared: Prepared) -> int:
    """Do it: what the kernel returns, a negative errno if it refuses."""
    found = identity(operation, entry)
    assert found is not None
    if prepared.ring is not None:
        return prepared.ring.submit(submission(operation.call, prepared.arguments))
    call = call_64 if entry == NATIVE else call_32
    return call(found.number, *prepared.arguments)


@dataclass(frozen=True, slots=True)
class Prepared:
    """An operation whose arguments are there: some point into `memory`, which must live."""

    arguments: tuple[int, ...]
    memory: Memory
    ring: Ring | None


def prepare(operation: Operation, entry: str, folder: Path) -> Prepared:
    """Make what an operation needs, in an empty folder."""
    memory = Memory(4 if entry == COMPAT else 8)
    arguments = operation.prepare(Place(folder, memory))
    return Prepared(arguments, memory, Ring() if entry == RING else None)


def missing(entry: str) -> str:
    """Why the kernel has no such entry; empty if it has."""
    if entry == COMPAT and not _survives(lambda: call_32(_GETPID_32)):
        return "the kernel runs no 32-bit programs (CONFIG_IA32_EMULATION)"
    if entry == RING:
        try:
            Ring().close()
        except OSError as error:
            return f"the kernel has no io_uring ({os.strerror(error.errno or 0)})"
    return ""


def _survives(call: Callable[[], int]) -> bool:
    """Whether a process lives after a call that some kernels answer with a signal."""
    if (pid := os.fork()) == 0:
        signal.signal(signal.SIGSEGV, signal.SIG_DFL)
        os._exit(0 if call() > 0 else 1)
    return os.waitpid(pid, 0)[1] == 0
