"""What the kernel writes into a ring buffer of perf: samples, forks, and what it had to drop.

Pure: bytes in, records out. Source: include/uapi/linux/perf_event.h, `enum perf_event_type`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

LOST, THROTTLE, FORK, SAMPLE = 2, 5, 7, 9
_HEADER = struct.Struct("=IHH")  # type, misc, size
_LOST = struct.Struct("=QQ")  # id, lost
_FORK = struct.Struct("=IIIIQ")  # pid, ppid, tid, ptid, time
_SAMPLE = struct.Struct("=IIQQ")  # pid, tid, time, entries of the call chain
_MODES = 0x7
_KERNEL_MODE = 1
_FIRST_CONTEXT = 2**64 - 4095
"""PERF_CONTEXT_MAX: entries from here on say whose addresses follow, and are none themselves."""


@dataclass(frozen=True, slots=True)
class ChainSample:
    """One sample. `chain` has the kernel's addresses, innermost first; empty in user mode."""

    pid: int
    chain: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Fork:
    """A process that another one started; a thread is of its own process."""

    pid: int
    parent: int


@dataclass(slots=True)
class Records:
    """The records of one or several reads."""

    samples: list[ChainSample] = field(default_factory=list)
    forks: list[tuple[int, Fork]] = field(default_factory=list)
    """Each with its time."""
    lost: int = 0
    """Records that found no room in the buffer."""
    throttled: int = 0
    """How often the kernel paused the clock because it took too much time."""


def read_records(data: bytes, into: Records) -> int:
    """Add the whole records of `data`; how many bytes they take."""
    place = 0
    for kind, misc, body, end in _records(data):
        place = end
        if kind == SAMPLE and len(body) >= _SAMPLE.size:
            into.samples.append(_sample(misc, body))
        elif kind == FORK and len(body) >= _FORK.size:
            pid, parent, _, _, time_ns = _FORK.unpack_from(body)
            into.forks.append((time_ns, Fork(pid, parent)))
        elif kind == LOST and len(body) >= _LOST.size:
            into.lost += _LOST.unpack_from(body)[1]
        elif kind == THROTTLE:
            into.throttled += 1
    return place


def _records(data: bytes) -> Iterator[tuple[int, int, bytes, int]]:
    place = 0
    while place + _HEADER.size <= len(data):
        kind, misc, size = _HEADER.unpack_from(data, place)
        end = place + size
        if size < _HEADER.size or end > len(data):
            return
        yield kind, misc, data[place + _HEADER.size : end], end
        place = end


def _sample(misc: int, body: bytes) -> ChainSample:
    pid, _, _, entries = _SAMPLE.unpack_from(body)
    if misc & _MODES != _KERNEL_MODE:
        return ChainSample(pid, ())
    entries = min(entries, (len(body) - _SAMPLE.size) // 8)
    chain = struct.unpack_from(f"={entries}Q", body, _SAMPLE.size)
    return ChainSample(pid, tuple(address for address in chain if address < _FIRST_CONTEXT))
