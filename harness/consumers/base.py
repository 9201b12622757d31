"""The interface of adapters: find a consumer, start it, know when it is ready, stop it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from harness.errors import UsageError


class ConsumerAbsentError(UsageError):
    """The program of a consumer is not on this host; the remedy says where to get it."""


@dataclass(frozen=True, slots=True)
class Found:
    """A consumer's program on this host; `version` is what it says itself, in one line."""

    path: Path
    version: str


@dataclass(frozen=True, slots=True)
class ConsumerSetup:
    """The settings to start a consumer with. `marker` is the beginning of its sync markers."""

    marker: str
    cpus: tuple[int, ...] = ()
    rcvbuf_bytes: int | None = None
    enobufs: bool = False
    """Whether the kernel may report overruns (ENOBUFS) and hold delivery back until drained."""
    excluded_types: tuple[int, ...] = ()
    capture: int | None = None
    """A descriptor to which the built-in consumer also writes every record as received."""
    folder: Path | None = None
    """A private folder of the trial for the consumer's files; it is removed after the trial."""
    binary: Path | None = None
    """The program to use instead of the one on the PATH."""


@dataclass(frozen=True, slots=True)
class ConsumerReport:
    """What a consumer used and received. `document` is that of `python -m consumer`.

    If a consumer keeps no serials, `document` has its own count: `{"own_count": {...}}`.
    `cpu_by_process` is in ns, by the name of the process; `delays_ms` are the ages of the newest
    event in its output, sampled while the load ran.
    """

    cpu_user_ns: int
    cpu_system_ns: int
    document: dict[str, Any] | None = None
    cpu_by_process: Mapping[str, int] = field(default_factory=dict)
    peak_memory_bytes: int | None = None
    written_bytes: int | None = None
    delays_ms: tuple[float, ...] = ()
    delays_at_ns: tuple[int, ...] = ()
    """When each of these was noted, by the monotonic clock."""


class RunningConsumer(Protocol):
    """A consumer between its start and its end."""

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes whose CPU and memory count as the consumer's."""
        ...

    def attribute_tree(self, pid: int) -> None:
        """Also count the events of this process and its descendants separately."""
        ...

    def look(self) -> None:
        """Read how far behind its output is; called a few times a second while the load runs.

        Raises ChildFailedError if it has ended, or fills the disk.
        """
        ...

    def wait_marker(self, number: int, timeout_s: float) -> bool:
        """Whether the sync marker with this number arrived in time.

        For a consumer that does not report markers while it runs, wait until it rests; whether
        the marker arrived is then in the `markers` of its document.
        """
        ...

    def stop(self) -> ConsumerReport:
        """Ask it to end, and wait; raises ChildFailedError if it had ended before."""
        ...

    def end(self) -> None:
        """End it by any means; never raises, and may be called after `stop`."""
        ...


class Consumer(Protocol):
    """A kind of consumer. `sees_events`: it reports, by serials or its own count, what arrived."""

    name: str
    summary: str
    sees_events: bool
    registers: bool
    changes: str
    """Its own changes to the kernel's audit state, in words; empty if there are none."""
    by_tree: bool
    """Whether it works without audit, and recognises the load's events by the process tree."""

    def find(self, binary: Path | None) -> Found | None:
        """Find its program; None if it is part of auditbench. Raises ConsumerAbsentError."""
        ...

    def start(self, setup: ConsumerSetup) -> RunningConsumer:
        """Start it and return when it is ready to receive.

        Raises ChildFailedError or TimeoutError if that fails; none of its processes runs then.
        """
        ...
