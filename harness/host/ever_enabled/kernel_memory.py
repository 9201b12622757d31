"""One variable of the running kernel, read through `/proc/kallsyms` and `/proc/kcore`.

Only for `audit_ever_enabled`, which no interface reports. Nothing can be written. If the kernel
lacks KALLSYMS_ALL or PROC_KCORE, or is locked down, the answer is None.
"""

from __future__ import annotations

import os
import struct
import sys
from contextlib import suppress

from harness.host.tree import HostTree

_PT_LOAD = 1
_HEADER = struct.Struct("=16sHHIQQQIHHHHHH")  # Elf64_Ehdr
_SEGMENT = struct.Struct("=IIQQQQQQ")  # Elf64_Phdr


def ever_enabled_flag(tree: HostTree, *, backlog_limit: int) -> bool | None:
    """The kernel's own `audit_ever_enabled`, or None if it cannot be read with certainty.

    `backlog_limit` is the limit that the kernel just reported: the variable of that name is read
    the same way, and the flag is believed only if that agrees.
    """
    # The flag was four bytes wide in older kernels; its first byte is enough only on little endian.
    if struct.calcsize("P") != 8 or sys.byteorder != "little" or not tree.exists("/proc/kcore"):
        return None
    addresses = _addresses(tree, ("audit_ever_enabled", "audit_backlog_limit"))
    with suppress(OSError, struct.error, KeyError):
        limit = _read(tree, addresses["audit_backlog_limit"], 4)
        flag = _read(tree, addresses["audit_ever_enabled"], 1)
        # A hole in the file would also read as zero.
        if limit is None or flag is None or backlog_limit == 0:
            return None
        if int.from_bytes(limit, sys.byteorder) != backlog_limit or flag not in {b"\0", b"\1"}:
            return None
        return flag == b"\1"
    return None


def _addresses(tree: HostTree, names: tuple[str, ...]) -> dict[str, int]:
    """Symbol to address; empty if pointers are hidden or data symbols are not listed."""
    found: dict[str, int] = {}
    # Some hundred thousand lines: read as a stream, stopped early.
    try:
        with tree.path("/proc/kallsyms").open(encoding="ascii", errors="replace") as lines:
            for line in lines:
                address, _kind, name = line.split()[:3]
                if name in names and int(address, 16):
                    found[name] = int(address, 16)
                    if len(found) == len(names):
                        break
    except (OSError, ValueError):
        return {}
    return found


def _read(tree: HostTree, address: int, length: int) -> bytes | None:
    """Bytes at a kernel address, through the segment of `/proc/kcore` that covers it."""
    descriptor = os.open(tree.path("/proc/kcore"), os.O_RDONLY | os.O_CLOEXEC)
    try:
        header = _HEADER.unpack(os.pread(descriptor, _HEADER.size, 0))
        if header[0][:5] != b"\x7fELF\x02":
            return None
        table, size, count = header[5], header[9], header[10]
        for index in range(count):
            raw = os.pread(descriptor, _SEGMENT.size, table + index * size)
            kind, _flags, offset, virtual, _physical, _file, memory, _align = _SEGMENT.unpack(raw)
            if kind == _PT_LOAD and virtual <= address <= virtual + memory - length:
                data = os.pread(descriptor, length, offset + address - virtual)
                return data if len(data) == length else None
        return None
    finally:
        os.close(descriptor)
