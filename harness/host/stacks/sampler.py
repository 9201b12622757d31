"""Samples what some processes, and what they start, do in the kernel meanwhile."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from types import TracebackType

from harness.host.stacks.able import unable
from harness.host.stacks.records import Records, read_records
from harness.host.stacks.ring import FREQUENCY_HZ, Ring

LOOK_S = 0.1
MOST_CHAINS = 100_000
"""Different call chains that are kept; samples of further ones are counted as left out."""

Chain = tuple[int, ...]


@dataclass(slots=True)
class Tally:
    """Samples by group and call chain. `groups` are the groups by pid, and grow by each fork."""

    groups: dict[int, str]
    chains: Counter[tuple[str, Chain]] = field(default_factory=Counter)
    others: int = 0
    """Samples of processes in no group."""
    lost: int = 0
    throttled: int = 0
    left_out: int = 0

    def add(self, records: Records) -> None:
        """Take what was read; forks first, as a child may have run on another CPU."""
        for _, fork in sorted(records.forks, key=lambda timed: timed[0]):
            if (group := self.groups.get(fork.parent)) is not None:
                self.groups.setdefault(fork.pid, group)
            elif fork.pid != fork.parent:
                # The number of a process that ended is given to another one.
                self.groups.pop(fork.pid, None)
        for sample in records.samples:
            group = self.groups.get(sample.pid)
            if group is None:
                self.others += 1
            elif (key := (group, sample.chain)) in self.chains or len(self.chains) < MOST_CHAINS:
                self.chains[key] += 1
            else:
                self.left_out += 1
        self.lost += records.lost
        self.throttled += records.throttled


class StackSampler:
    """Samples from entering the context to leaving it; afterwards `tally` has the samples.

    `groups` are the pids of each group; what they start belongs to the same. All CPUs of `cpus` are
    sampled. Raises HostUnfitError where that cannot be.
    """

    def __init__(
        self,
        groups: Mapping[str, Iterable[int]],
        cpus: Iterable[int],
        frequency_hz: int = FREQUENCY_HZ,
    ) -> None:
        self.tally = Tally({pid: name for name, pids in groups.items() for pid in pids})
        self._cpus, self._frequency_hz = tuple(cpus), frequency_hz
        self._rings: list[Ring] = []
        self._began_ns = 0
        self.sampled_ns = 0
        """How long it was sampled, once that is over."""
        self._over = threading.Event()
        self._reader = threading.Thread(target=self._read_on, daemon=True)

    def __enter__(self) -> StackSampler:
        with ExitStack() as stack:
            for cpu in self._cpus:
                try:
                    ring = Ring(cpu, self._frequency_hz)
                except OSError as error:
                    raise unable(error) from None
                stack.callback(ring.close)
                self._rings.append(ring)
            for ring in self._rings:
                ring.start()
            stack.pop_all()
        self._began_ns = time.monotonic_ns()
        self._reader.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for ring in self._rings:
            with suppress(OSError):
                ring.stop()
        self.sampled_ns = time.monotonic_ns() - self._began_ns
        self._over.set()
        self._reader.join()
        self._take()
        for ring in self._rings:
            ring.close()

    def _read_on(self) -> None:
        """On a thread of its own: whoever waits for a load may be made to wait by the kernel."""
        while not self._over.wait(LOOK_S):
            self._take()

    def _take(self) -> None:
        records = Records()
        for ring in self._rings:
            read_records(ring.take(), records)
        self.tally.add(records)
