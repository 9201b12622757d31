"""What an adapter has to offer: start a consumer, know when it is ready, what it got, stop it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class ConsumerSetup:
    """What a consumer is started with. `marker` is the text that its sync markers begin with."""

    marker: str
    cpus: tuple[int, ...] = ()
    rcvbuf_bytes: int | None = None
    enobufs: bool = False
    """Whether the kernel may report overruns (ENOBUFS) and hold delivery back until drained."""
    excluded_types: tuple[int, ...] = ()
    capture: Path | None = None
    folder: Path | None = None
    """A private folder for what the consumer writes; needed by consumers that store."""


@dataclass(frozen=True, slots=True)
class ConsumerReport:
    """What a consumer used and got. `document` is its own account, where it gives one."""

    cpu_user_ns: int
    cpu_system_ns: int
    document: dict[str, Any] | None = None


class RunningConsumer(Protocol):
    """A consumer between its start and its end."""

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes whose CPU and memory count as the consumer's."""
        ...

    def attribute_tree(self, pid: int) -> None:
        """Also count the events of this process and its descendants apart."""
        ...

    def wait_marker(self, number: int, timeout_s: float) -> bool:
        """Whether the sync marker with this number arrived in time."""
        ...

    def stop(self) -> ConsumerReport:
        """Ask it to end, and wait; raises ChildFailedError when it had ended before."""
        ...

    def end(self) -> None:
        """End it by whatever it takes; never raises, and may be called after `stop`."""
        ...


class Consumer(Protocol):
    """A kind of consumer. `sees_events` is False when it cannot tell what it received."""

    name: str
    summary: str
    sees_events: bool
    registers: bool

    def start(self, setup: ConsumerSetup) -> RunningConsumer:
        """Start it and return when it is ready to receive."""
        ...
