"""perf_event_open(2) through ctypes: opens one counter. Counting only.

No sampling, no ring buffer, no perf tool. Source: include/uapi/linux/perf_event.h.
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
_OPEN_CLOEXEC = 1 << 3


class CounterType(IntEnum):
    """`perf_event_attr.type`."""

    HARDWARE = 0
    TRACEPOINT = 2


HARDWARE_INSTRUCTIONS = 1


def open_counter(
    kind: CounterType, config: int, *, pid: int, cpu: int, inherit: bool = False
) -> int:
    """Open a disabled counter; return its descriptor. `pid=-1` counts every process on `cpu`.

    Raises OSError with the kernel's errno (ENOENT or EOPNOTSUPP: no such counter here; EACCES
    or EPERM: not permitted; ENOSYS: unknown architecture or no CONFIG_PERF_EVENTS).
    """
    number = _SYSCALL_NUMBERS.get(platform.machine())
    if number is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    flags = _FLAG_DISABLED | (_FLAG_INHERIT if inherit else 0)
    attr = struct.pack("=IIQQQQQIIQ", kind, _ATTR_BYTES, config, 0, 0, 0, flags, 0, 0, 0)
    buffer = ctypes.create_string_buffer(attr, _ATTR_BYTES)
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = int(libc.syscall(number, buffer, pid, cpu, -1, _OPEN_CLOEXEC))
    if descriptor < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return descriptor
