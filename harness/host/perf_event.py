"""perf_event_open(2) through ctypes: opens one counter, or one clock that samples call chains.

No perf tool; `stacks/` reads what the clock writes. Source: include/uapi/linux/perf_event.h.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from enum import IntEnum

# The syscall is older than the common numbering of new ones, so it differs by architecture.
_SYSCALL_NUMBERS = {
    "x86_64": 298,
    "aarch64": 241,
    "riscv64": 241,
    "loongarch64": 241,
    "ppc64le": 319,
    "ppc64": 319,
    "s390x": 331,
    "armv7l": 364,
    "armv8l": 364,
    "i686": 336,
}
_ATTR_BYTES = 64  # PERF_ATTR_SIZE_VER0, which every kernel accepts
_FLAG_DISABLED = 1 << 0
_FLAG_INHERIT = 1 << 1
_FLAG_EXCLUDE_IDLE = 1 << 7
_FLAG_FREQUENCY = 1 << 10
_FLAG_TASK = 1 << 13
_FLAG_EXCLUDE_CALLCHAIN_USER = 1 << 22
_SAMPLE_TID, _SAMPLE_TIME, _SAMPLE_CALLCHAIN = 1 << 1, 1 << 2, 1 << 5
_CPU_CLOCK = 0
_OPEN_CLOEXEC = 1 << 3


class CounterType(IntEnum):
    """`perf_event_attr.type`."""

    HARDWARE = 0
    SOFTWARE = 1
    TRACEPOINT = 2


HARDWARE_INSTRUCTIONS = 1


def open_counter(
    kind: CounterType, config: int, *, pid: int, cpu: int, inherit: bool = False
) -> int:
    """Open a disabled counter; return its descriptor. `pid=-1` counts every process on `cpu`.

    Raises OSError with the kernel's errno (ENOENT or EOPNOTSUPP: no such counter here; EACCES
    or EPERM: not permitted; ENOSYS: unknown architecture or no CONFIG_PERF_EVENTS).
    """
    flags = _FLAG_DISABLED | (_FLAG_INHERIT if inherit else 0)
    attr = struct.pack("=IIQQQQQIIQ", kind, _ATTR_BYTES, config, 0, 0, 0, flags, 0, 0, 0)
    return _open(attr, pid, cpu)


def open_clock(frequency_hz: int, *, cpu: int) -> int:
    """Open a disabled clock that samples whatever runs on `cpu`, idle time left out.

    Each sample has process, time and the kernel's part of the call chain; forks are told as well.
    It is the software clock, which every machine has, virtual ones too. Raises as `open_counter`;
    EINVAL too, where the kernel allows no such frequency.
    """
    flags = _FLAG_DISABLED | _FLAG_EXCLUDE_IDLE | _FLAG_FREQUENCY | _FLAG_TASK
    flags |= _FLAG_EXCLUDE_CALLCHAIN_USER
    wanted = _SAMPLE_TID | _SAMPLE_TIME | _SAMPLE_CALLCHAIN
    attr = struct.pack(
        "=IIQQQQQIIQ",
        CounterType.SOFTWARE,
        _ATTR_BYTES,
        _CPU_CLOCK,
        frequency_hz,
        wanted,
        0,
        flags,
        0,
        0,
        0,
    )
    return _open(attr, -1, cpu)


def _open(attr: bytes, pid: int, cpu: int) -> int:
    number = _SYSCALL_NUMBERS.get(platform.machine())
    if number is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    buffer = ctypes.create_string_buffer(attr, _ATTR_BYTES)
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = int(libc.syscall(number, buffer, pid, cpu, -1, _OPEN_CLOEXEC))
    if descriptor < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return descriptor
