"""The loads of a trial: the noisy one, and beside it the innocent one where the plan has a victim.

The victim does a fixed number of operations at its rate, and the noisy load goes on until it has:
so every cell takes the same time, and the victim is beside the noise all the time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Protocol

from harness.model.stored.documents import WorkerDocument, WorkerReady
from harness.processes.line_process import LineProcess, module_command
from harness.run.trials.backlog_watch import BacklogWatch, watched
from harness.run.trials.said import said, worker_said

WORKER_READY_TIMEOUT_S = 30.0
TICK_S = 0.1
STARTS_PROGRAMS = "execve"


class Children(Protocol):
    """The lease, to which every child is made known."""

    def register_child(self, pid: int) -> None: ...

    def forget_child(self, pid: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Started:
    """A load that has made its session and waits for the start."""

    process: LineProcess
    ready: WorkerReady


@dataclass(frozen=True, slots=True)
class Victims:
    """What the victim answered, and what was seen of its waiting."""

    document: dict[str, Any]
    said: WorkerDocument
    watch: BacklogWatch

    def metrics(self) -> dict[str, float]:
        """The metrics of `harness.metrics.catalog` that begin with `victim_`.

        Those about waiting are missing for a load that starts programs: these wait in its place.
        """
        latency, details = self.said.latency, self.said.details
        found = {
            "victim_latency_p50_ns": latency.p50_ns,
            "victim_latency_p99_ns": latency.p99_ns,
            "victim_latency_p999_ns": latency.p999_ns,
            "victim_longest_ns": details.longest_end_ns - details.longest_start_ns,
        }
        metrics = {name: float(ns) for name, ns in found.items() if ns is not None}
        if self.said.yields.get(STARTS_PROGRAMS) != 0:
            return metrics
        waiting = {
            "victim_waiting_percent": (self.said.loop_start_ns, self.said.loop_end_ns),
            "victim_longest_waiting_percent": (details.longest_start_ns, details.longest_end_ns),
        }
        for name, (start_ns, end_ns) in waiting.items():
            share = self.watch.share(start_ns, end_ns)
            if share is not None:
                metrics[name] = 100 * share
        return metrics


@dataclass(frozen=True, slots=True)
class Done:
    """What the loads answered. `document` is the noisy one's, empty where there was none; `said`
    is that of the load whose events the ledger is about, which alone is the victim.
    """

    document: dict[str, Any]
    said: WorkerDocument
    victim: Victims | None = None

    @property
    def ended_early(self) -> bool:
        """Whether the noisy load was over before its victim."""
        return self.victim is not None and bool(self.document) and not self.said.details.stopped


@dataclass(frozen=True, slots=True)
class Loads:
    """The loads of one trial, started; the noisy one is None where the victim is alone.

    While they run, there is a look every `tick_s`.
    """

    noisy: Started | None
    victim: Started | None = None
    tick_s: float = TICK_S

    @property
    def ready(self) -> WorkerReady:
        """Of the load whose events the ledger is about."""
        first = self.noisy or self.victim
        assert first is not None
        return first.ready

    def measure(
        self, timeout_s: float, tick: Callable[[], None], *, stoppable: bool = False
    ) -> Done:
        """Let them run to their end, and call `tick` continually. One that is `stoppable` ends
        early by a KeyboardInterrupt, and what it did counts.

        Raises ChildFailedError and TimeoutError as `LineProcess.expect`.
        """
        if self.noisy is not None:
            self.noisy.process.send("go")
        if self.victim is None:
            assert self.noisy is not None
            return _done(self._to_its_end(self.noisy, timeout_s, tick, stoppable=stoppable))
        with watched(self.victim.ready.acting_pids) as watch:
            self.victim.process.send("go")
            document = self._result(self.victim, timeout_s, tick)
        victim = Victims(document, worker_said(document), watch)
        if self.noisy is None:
            return Done({}, victim.said, victim)
        self.noisy.process.send("stop")
        return _done(self._result(self.noisy, timeout_s, tick), victim)

    def _to_its_end(
        self, load: Started, timeout_s: float, tick: Callable[[], None], *, stoppable: bool
    ) -> dict[str, Any]:
        try:
            return self._result(load, timeout_s, tick)
        except KeyboardInterrupt:
            if not stoppable:
                raise
            load.process.send("stop")
            return self._result(load, timeout_s, tick)

    def _result(self, load: Started, timeout_s: float, tick: Callable[[], None]) -> dict[str, Any]:
        return load.process.expect("result", timeout_s=timeout_s, tick=tick, tick_s=self.tick_s)


def _done(document: dict[str, Any], victim: Victims | None = None) -> Done:
    return Done(document, worker_said(document), victim)


def start_load(
    lease: Children,
    words: Sequence[str],
    executable: str | None,
    stack: ExitStack,
    *,
    timeout_s: float = WORKER_READY_TIMEOUT_S,
) -> Started:
    """Start a load that ends with the stack, and is to be ready in time; `executable` is the file
    it is run from, None for the interpreter itself.
    """
    process = LineProcess("workload", module_command("workloads", *words), executable=executable)
    stack.callback(lease.forget_child, process.pid)
    stack.callback(process.end)
    lease.register_child(process.pid)
    ready = process.expect("ready", timeout_s=timeout_s)
    return Started(process, said("workload", ready, WorkerReady))
