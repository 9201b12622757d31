"""The base of running foreign consumers: watching, waiting, accounting and ending."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal

from harness.consumers.base import ConsumerReport, ConsumerSetup
from harness.consumers.foreign.external import STOP_TIMEOUT_S, ExternalProcess
from harness.consumers.foreign.output_age import OutputAge
from harness.consumers.foreign.reassemble import EOE, Record, from_start, judge
from harness.consumers.foreign.usage import Usage
from harness.host.netlink_sockets import owners_of, read_audit_sockets
from harness.host.tree import HostTree
from harness.processes.identity import identify, is_alive
from harness.processes.line_process import ChildFailedError

RESTS_S = 0.1
REST_NS = 1_000_000
"""A consumer rests when its processes use less CPU time than this in that time, and want none."""
REST_POLL_S = 0.02

Mode = Literal["unicast", "multicast"]


class ForeignRunning(ABC):
    """A foreign consumer that is ready; create it at that moment, its CPU counts from then on.

    `outputs` are the files it writes; the newest event is read from the first one. A plain path
    means an OutputAge with the kernel's stamps. `mode` is None if it has no audit socket.
    Subclasses define what it received (`document`).
    """

    stop_timeout_s = STOP_TIMEOUT_S
    """The time it may take to end after being asked to."""

    def __init__(
        self,
        process: ExternalProcess,
        setup: ConsumerSetup,
        *outputs: Path | OutputAge,
        mode: Mode | None = "unicast",
    ) -> None:
        self.process, self.setup, self.mode = process, setup, mode
        self.outputs = [out if isinstance(out, OutputAge) else OutputAge(out) for out in outputs]
        self.trees: list[int] = []
        """The processes whose events are to be counted separately."""
        self._tree = HostTree()
        self._family = process.family()
        self._parts = {identify(pid): name for pid, name in self._family.items()}
        self._usage = Usage(self._family, self._tree)

    @abstractmethod
    def document(self) -> dict[str, Any]:
        """What it received, read from its outputs; called after it has ended."""

    def judged(self, read: Callable[[], Iterable[Record]]) -> dict[str, Any]:
        """The document of the records that `read` finds in its outputs, each time from their start.

        They lack the records that no consumer writes.
        """
        return judge(
            from_start(read, self.setup.marker),
            marker=self.setup.marker,
            missing_types={EOE, *self.setup.excluded_types},
            trees=self.trees,
        )

    @property
    def pids(self) -> tuple[int, ...]:
        """It and its descendants, as they were when it was ready."""
        return tuple(self._family)

    def attribute_tree(self, pid: int) -> None:
        """Remember the process for later: the output is judged afterwards."""
        self.trees.append(pid)

    def look(self) -> None:
        """Check that all its processes live and the disk has room; note how old its output is."""
        self.process.refuse_dead()
        for part, name in self._parts.items():
            if part is None or not is_alive(part):
                raise ChildFailedError(f"{name}, a process of {self.process.name}, ended")
        self.process.refuse_full_disk()
        for output in self.outputs[:1]:
            output.look()

    def wait_marker(self, number: int, timeout_s: float) -> bool:
        """Wait until its processes rest; False if they do not in time."""
        return await_rest(self._usage, timeout_s, while_waiting=self.process.refuse_dead)

    def stop(self) -> ConsumerReport:
        """Read what it used, ask it to end, and evaluate what it wrote."""
        used, drops = self._usage.used(), self._socket_drops()
        self.process.stop(self.stop_timeout_s)
        document = self.document()
        if self.mode is not None:
            document |= {"mode": self.mode, "pid": self.process.pid, "socket_drops": drops}
        ages = self.outputs[0].ages_ms if self.outputs else []
        return ConsumerReport(
            cpu_user_ns=used.user_ns,
            cpu_system_ns=used.system_ns,
            document=document,
            cpu_by_process=used.by_process,
            peak_memory_bytes=used.peak_memory_bytes,
            written_bytes=sum(output.size() for output in self.outputs),
            delays_ms=tuple(ages),
            delays_at_ns=tuple(self.outputs[0].at_ns) if self.outputs else (),
        )

    def end(self) -> None:
        """Kill all its remaining processes, also those its parent no longer knows; never raises."""
        self.process.end()

    def _socket_drops(self) -> int:
        """Records that the kernel could not put into its audit sockets since they were opened."""
        sockets = read_audit_sockets(self._tree)
        owners = owners_of(self._tree, [socket.inode for socket in sockets if socket.drops])
        return sum(socket.drops for socket in sockets if owners.get(socket.inode) in self._family)


def await_rest(
    usage: Usage, timeout_s: float, *, while_waiting: Callable[[], None] = lambda: None
) -> bool:
    """Wait until processes rest; False where they do not in time."""
    deadline = time.monotonic() + timeout_s
    used, since = usage.run_ns(), time.monotonic()
    while (now := time.monotonic()) - since < RESTS_S:
        if now > deadline:
            return False
        time.sleep(REST_POLL_S)
        while_waiting()
        latest = usage.run_ns()
        if latest - used >= REST_NS or usage.wants_more():
            used, since = latest, time.monotonic()
    return True
