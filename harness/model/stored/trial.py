"""What is read of a stored trial again."""

from __future__ import annotations

from typing import Self

import msgspec

from harness.model.numbers import Count, Nanoseconds
from harness.model.run import Sample


class StoredLatency(msgspec.Struct, frozen=True):
    """Latencies of single operations: lower bound in nanoseconds and number, by bucket."""

    buckets: tuple[tuple[Count, Count], ...] = ()
    max_ns: Count = 0


class StoredDetails(msgspec.Struct, frozen=True):
    """What only some workloads say."""

    program: str = ""
    """What it starts, links followed."""


class StoredWorkload(msgspec.Struct, frozen=True):
    """What is read of a workload's document again."""

    ops: Count | None = None
    elapsed_ns: Nanoseconds = 0
    latency: StoredLatency | None = None
    details: StoredDetails = StoredDetails()

    @classmethod
    def of(cls, sample: Sample) -> Self:
        """That of a trial; empty where there is none."""
        return msgspec.convert(sample.workload_document, cls)

    @classmethod
    def of_victim(cls, sample: Sample) -> Self:
        """That of the innocent load beside it; empty where there is none."""
        return msgspec.convert(sample.victim_document or {}, cls)


class StoredStatus(msgspec.Struct, frozen=True):
    """What is read of the kernel's status again."""

    backlog_limit: Count = 0

    @classmethod
    def before(cls, sample: Sample) -> Self:
        """As it was before a trial's load; empty where there is none."""
        return msgspec.convert(sample.status_before or {}, cls)


class StoredMachineCpu(msgspec.Struct, frozen=True):
    busy_ns: Nanoseconds = 0
    cpus: dict[str, dict[str, Nanoseconds]] = {}
    """By CPU."""


class StoredMachine(msgspec.Struct, frozen=True):
    """What is read of the machine's counters again."""

    elapsed_ns: Nanoseconds = 0
    cpu: StoredMachineCpu | None = None

    @property
    def busy_share(self) -> float | None:
        """How busy all CPUs together were, 0 to 1; None where that is not known."""
        if self.cpu is None or not self.cpu.cpus or not self.elapsed_ns:
            return None
        return self.cpu.busy_ns / (self.elapsed_ns * len(self.cpu.cpus))

    @classmethod
    def of(cls, sample: Sample) -> Self:
        """Those of a trial; empty where there are none."""
        return msgspec.convert(sample.machine, cls)


def operations_of(sample: Sample) -> int:
    """How many operations a trial did; those it was to do where the workload does not say."""
    done = StoredWorkload.of(sample).ops
    return sample.ops if done is None else done
