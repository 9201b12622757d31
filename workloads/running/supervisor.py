"""The supervisor of one load: sets it up, starts the workers, talks to the caller, cleans up.

It is outside the trial's audit session and asleep while the clock runs. Whatever ends it (the
result, `stop`, a signal, the caller's death), no worker outlives it.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import sys
import time

from workloads.catalog import WorkloadInfo
from workloads.errors import EXIT_INTERRUPTED, EXIT_UNTRUSTWORTHY, WorkloadError
from workloads.parts.load import Load
from workloads.parts.process import adopt_orphans, follow_caller_in_death
from workloads.parts.tallies import SharedTallies
from workloads.running.leftovers import end_group, end_orphans
from workloads.running.messages import Inbox, Message
from workloads.running.options import Options
from workloads.running.report import merged, result
from workloads.running.worker import Crew

GRACE_S = 0.5  # for a worker's current operation when it is told to stop
OPEN_LOOP_DELAY_NS = 1_000_000  # so that all workers are awake before the first intended start


def run_load(options: Options, info: WorkloadInfo) -> int:
    """Run the load, print the documents of the protocol, return the exit code.

    Raises WorkloadError if the load cannot be run as requested.
    """
    gc.disable()
    inbox = Inbox(caller=options.control)
    if options.control:
        follow_caller_in_death()
    adopt_orphans()
    load: Load = importlib.import_module(info.module).build(options)
    try:
        return _Run(options, info, load, inbox).conduct()
    finally:
        load.clean_up()


class _Run:
    """One load in progress."""

    def __init__(self, options: Options, info: WorkloadInfo, load: Load, inbox: Inbox) -> None:
        self.options, self.info, self.load, self.inbox = options, info, load, inbox
        self.ops = load.planned_ops(options.ops, info.default_ops)
        self.shared = SharedTallies(options.workers)
        self.identity: dict[str, object] = {}
        self.beside: list[int] = []
        self.measured: dict[str, object] = {}
        self.leader = 0
        self.exit_code = 0
        self.caller_left = False
        self.told_to_go = not options.control

    def conduct(self) -> int:
        self._start_crew()
        try:
            if self._await_workers() and self._await_go():
                self.shared.release(OPEN_LOOP_DELAY_NS if self.options.rate_per_s else 0)
                ended = self._await_end()
                self._emit("result", self._result(self._end_crew(kill=not ended)))
                self._await_caller()
        finally:
            self._end_crew(kill=True)
        return self.exit_code

    def _start_crew(self) -> None:
        report, report_in = os.pipe()
        self.leader = Crew(self.load, self.shared, self.options, self.ops, report_in).start()
        os.close(report_in)
        self.inbox.hear_workers(report)

    def _emit(self, event: str, document: dict[str, object]) -> None:
        print_line({"event": event, **document} if self.options.control else document)

    def _await_workers(self) -> bool:
        """Collect every worker's report and print `ready`; False if the caller left."""
        pids: dict[int, int] = {}
        while len(pids) < self.options.workers:
            message = self.inbox.next()
            if message.report is not None:
                self._take_report(message.report, pids)
            elif message.kind == "ended":
                self._end_crew(kill=False)
                raise _death(0)
            elif message.text == "go":
                self.told_to_go = True
            elif self._is_end(message):
                return False
        if self.options.control:
            acting = [pids[worker] for worker in sorted(pids)]
            self._emit("ready", {**self.identity, "acting_pids": [*acting, *self.beside]})
        return True

    def _take_report(self, report: dict[str, object], pids: dict[int, int]) -> None:
        if "error" in report:
            raise WorkloadError(str(report["error"]), exit_code=int(str(report["exit_code"])))
        worker, pid = int(str(report.pop("worker"))), int(str(report["pid"]))
        pids[worker] = pid
        if worker == 0:
            beside = report.pop("beside")
            self.beside = list(beside) if isinstance(beside, list) else []
            self.identity = {**report, "exe": os.readlink("/proc/self/exe")}  # noqa: PTH115

    def _await_go(self) -> bool:
        while not self.told_to_go:
            message = self.inbox.next()
            if message.text == "go":
                return True
            if message.kind == "ended":
                self._end_crew(kill=False)
            if self._is_end(message):
                return False
        return True

    def _await_end(self) -> bool:
        """Wait for the workers to end; False if they were told to stop and did not in time."""
        until: float | None = None
        while (message := self.inbox.next(until=until)).kind != "ended":
            if message.kind == "late":
                return False
            if message.report is not None:
                self._take_measured(message.report)
            if until is None and self._is_end(message):
                self.shared.stop()
                until = time.monotonic() + GRACE_S
        return True

    def _take_measured(self, report: dict[str, object]) -> None:
        if "error" in report:
            raise WorkloadError(str(report["error"]), exit_code=int(str(report["exit_code"])))
        if isinstance(measured := report.get("measured"), dict):
            self.measured = measured

    def _await_caller(self) -> None:
        """Before much is removed: wait until the caller has read the last of the records."""
        while self.options.control and self.load.helpers() and not self.caller_left:
            self._is_end(self.inbox.next())

    def _is_end(self, message: Message) -> bool:
        if message.kind == "signal":
            self.exit_code = EXIT_INTERRUPTED
        self.caller_left |= message.kind in ("signal", "caller gone")
        return message.kind in ("signal", "caller gone") or message.text == "stop"

    def _end_crew(self, *, kill: bool) -> int:
        """End whatever is left of the load; return how many processes the workers left.

        Raises WorkloadError if a worker was ended by another process.
        """
        if not self.leader:
            return 0
        leader, self.leader = self.leader, 0
        status = end_group(leader, kill=kill)
        leftovers = end_orphans(self.load.helpers())
        if status and not kill and not self.shared.stopped:
            raise _death(status)
        return leftovers

    def _result(self, leftovers: int) -> dict[str, object]:
        done = sum(self.shared.counters(worker)["ops"] for worker in range(self.shared.workers))
        document = result(
            self.shared,
            workload=self.info.name,
            identity=self.identity,
            rate_per_s=self.options.rate_per_s,
            noisy=self.info.noisy,
            yields=self.load.yields(self.info.yields),
            details={
                **self.load.details(done),
                "ops_asked": self.ops,
                "stopped": self.shared.stopped,
                "leftovers_killed": leftovers,
                "batch": self.load.batch,
            },
        )
        return merged(document, self.measured)


def _death(status: int) -> WorkloadError:
    return WorkloadError(
        f"a worker was ended from outside ({os.waitstatus_to_exitcode(status)}): "
        "its counts cannot be trusted, so run the load again",
        exit_code=EXIT_UNTRUSTWORTHY,
    )


def print_line(document: dict[str, object]) -> None:
    """Print one JSON line on standard output; a reader that has ended is no error."""
    line = json.dumps(document).encode() + b"\n"
    with contextlib.suppress(BrokenPipeError):
        while line:
            line = line[os.write(sys.stdout.fileno(), line) :]
