"""One operation by io_uring: a ring of its own, one submission, and its result.

Layout: include/uapi/linux/io_uring.h. A submission has no field for each argument, but one for each
kind: `fd`, `off` (or a second address), `addr`, `len`, flags; each call is mapped by hand.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from harness.kernel.rules.io_uring_names import IO_URING_OPERATIONS
from workloads.parts.system_call import call_64

IO_URING_SETUP, IO_URING_ENTER = 425, 426
_IO_URING_REGISTER, _REGISTER_PROBE, _PROBE_BYTES = 427, 8, 16 + 256 * 8
_GET_EVENTS = 1
_PARAMS_BYTES: Final = 120
_SINGLE_MAP: Final = 1
_ENTRIES_AT, _RESULTS_AT = 0x10000000, 0
_ENTRY: Final = struct.Struct("=BBHiQQIIQHHiQQ")
_RESULT: Final = struct.Struct("=QiI")
_U32: Final = struct.Struct("=I")


@dataclass(frozen=True, slots=True)
class Submission:
    """One entry of the submission queue; names are those of the kernel's structure."""

    opcode: int
    fd: int = 0
    off: int = 0
    addr: int = 0
    len: int = 0
    flags: int = 0
    addr3: int = 0

    def packed(self) -> bytes:
        """Its 64 bytes."""
        return _ENTRY.pack(self.opcode, 0, 0, self.fd, self.off, self.addr, self.len % (1 << 32),
                           self.flags, 0, 0, 0, 0, self.addr3, 0)  # fmt: skip


_FIELDS: Final = {
    "openat": "fd addr flags len",
    "openat2": "fd addr off len",
    "renameat2": "fd addr len off flags",
    "unlinkat": "fd addr flags",
    "mkdirat": "fd addr len",
    "symlinkat": "addr fd off",
    "linkat": "fd addr len off flags",
    "connect": "fd addr off",
    "bind": "fd addr off",
    "listen": "fd len",
    "setxattr": "addr3 addr off len flags",
    "fsetxattr": "fd addr off len flags",
    "ftruncate": "fd off",
    "write": "fd addr len",
    "sendto": "fd addr len",
    "socket": "fd off len",
}
"""The field of a submission that each argument of a call goes into; those left over are 0."""
_OTHER_NAMES: Final = {"renameat2": "renameat"}
_NEVER_AUDITED: Final = {"write": 23, "sendto": 26, "socket": 45}


def opcode_of(call: str) -> int:
    """The number of the io_uring operation that does a call's work."""
    if call in _NEVER_AUDITED:
        return _NEVER_AUDITED[call]
    return IO_URING_OPERATIONS[_OTHER_NAMES.get(call, call)]


def submission(call: str, arguments: Sequence[int]) -> Submission:
    """The submission that does what the call does with these arguments."""
    named = dict(zip(_FIELDS[call].split(), arguments, strict=False))
    return Submission(opcode_of(call), **named)


class Ring:
    """A ring with room for one; OSError where the kernel gives none."""

    def __init__(self) -> None:
        params = ctypes.create_string_buffer(_PARAMS_BYTES)
        self._descriptor = call_64(IO_URING_SETUP, 1, ctypes.addressof(params))
        if self._descriptor < 0:
            raise OSError(-self._descriptor, "the kernel gives no ring")
        words = struct.unpack("=30I", params.raw)
        features, offsets, results = words[5], words[10:20], words[20:30]
        if not features & _SINGLE_MAP:
            raise OSError(errno.ENOSYS, "the kernel is older than io_uring's single map")
        size = max(offsets[6] + words[0] * 4, results[5] + words[1] * _RESULT.size)
        self._rings = mmap.mmap(self._descriptor, size, offset=_RESULTS_AT)
        self._entries = mmap.mmap(self._descriptor, words[0] * _ENTRY.size, offset=_ENTRIES_AT)
        self._tail_at, self._array_at, self._result_at = offsets[1], offsets[6], results[5]

    def submit(self, entry: Submission) -> int:
        """Do it and wait for it: what the kernel returns, a negative errno if it refuses."""
        self._entries[: _ENTRY.size] = entry.packed()
        _U32.pack_into(self._rings, self._array_at, 0)
        _U32.pack_into(self._rings, self._tail_at, 1)
        entered = call_64(IO_URING_ENTER, self._descriptor, 1, 1, _GET_EVENTS, 0, 0)
        if entered < 0:
            return entered
        _, result, _ = _RESULT.unpack_from(self._rings, self._result_at)
        return int(result)

    def knows(self, opcode: int) -> bool:
        """Whether the kernel has this operation."""
        probe = ctypes.create_string_buffer(_PROBE_BYTES)
        address = ctypes.addressof(probe)
        asked = call_64(_IO_URING_REGISTER, self._descriptor, _REGISTER_PROBE, address, 256)
        return asked >= 0 and opcode <= probe.raw[0]

    def close(self) -> None:
        """Give it back."""
        os.close(self._descriptor)
