"""The ring buffer of one sampling clock, mapped into this process.

The kernel moves `data_head`, the reader `data_tail`, in the first page; both count bytes since the
beginning. Source: perf_event_open(2), "MMAP layout".
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import threading

from harness.host.perf_event import open_clock

FREQUENCY_HZ = 997
"""Prime, so that it does not keep step with ticks of the kernel or with a load at a round rate."""
PAGES = 256
"""Of data, a power of two: room for more than two seconds of samples, and it is read in tenths."""
_HEAD_AT, _TAIL_AT = 1024, 1032
_NUMBER = struct.Struct("=Q")
_ENABLE, _DISABLE = 0x2400, 0x2401


class Ring:
    """One clock on one CPU. Raises OSError as `open_clock`, and where memory cannot be locked."""

    def __init__(self, cpu: int, frequency_hz: int) -> None:
        self._descriptor = open_clock(frequency_hz, cpu=cpu)
        self._size = PAGES * mmap.PAGESIZE
        self._barrier = threading.Lock()
        try:
            self._memory = mmap.mmap(self._descriptor, mmap.PAGESIZE + self._size)
        except OSError:
            os.close(self._descriptor)
            raise

    def start(self) -> None:
        """Let the clock run."""
        fcntl.ioctl(self._descriptor, _ENABLE, 0)

    def stop(self) -> None:
        """Stop it; what it wrote can still be taken."""
        fcntl.ioctl(self._descriptor, _DISABLE, 0)

    def take(self) -> bytes:
        """All that was written since the last time, whole records only."""
        (head,) = _NUMBER.unpack_from(self._memory, _HEAD_AT)
        # What was written before the head must be read after it, also on machines that reorder.
        with self._barrier:
            (tail,) = _NUMBER.unpack_from(self._memory, _TAIL_AT)
        data = between(self._memory, self._size, tail, head)
        with self._barrier:
            _NUMBER.pack_into(self._memory, _TAIL_AT, head)
        return data

    def close(self) -> None:
        """Give the buffer and the clock back."""
        self._memory.close()
        os.close(self._descriptor)


def between(memory: mmap.mmap | bytes, size: int, tail: int, head: int) -> bytes:
    """The bytes from `tail` to `head` of a ring of `size` bytes behind the first page."""
    first, length = mmap.PAGESIZE + tail % size, head - tail
    until_end = min(length, mmap.PAGESIZE + size - first)
    whole = memory[first : first + until_end]
    return whole + memory[mmap.PAGESIZE : mmap.PAGESIZE + length - until_end]
