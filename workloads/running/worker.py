"""The processes that do the work: the session leader, worker 0, and the workers it forks.

Each sets itself up, reports that with one JSON line on the report pipe, waits at the gate, runs
its share and exits. The control protocol is known only to the supervisor.
"""

from __future__ import annotations

import json
import os
import signal
from typing import NoReturn

from workloads.errors import EXIT_HOST_UNFIT, WorkloadError
from workloads.parts.load import Load
from workloads.parts.process import follow_parent_in_death, sharpen_timers
from workloads.parts.speed import await_full_speed, probe_ns
from workloads.parts.tallies import SharedTallies
from workloads.running.options import Options
from workloads.running.session import enter_session


class Crew:
    """The state that all workers of one load share."""

    def __init__(
        self, load: Load, shared: SharedTallies, options: Options, ops: int, report: int
    ) -> None:
        self.load, self.shared, self.options = load, shared, options
        self.ops, self.report = ops, report

    def start(self) -> int:
        """Fork the session leader and return its pid; in the leader it never returns."""
        supervisor = os.getpid()
        if (pid := os.fork()) == 0:
            self._guarded_lead(supervisor)
        return pid

    def _guarded_lead(self, supervisor: int) -> NoReturn:
        """Lead without letting any exception escape, or the child would be a second supervisor."""
        try:
            self._lead(supervisor)
        except WorkloadError as error:
            self._tell({"error": str(error), "exit_code": error.exit_code})
        except BaseException as error:
            self._tell(
                {"error": f"a worker failed: {error!r}"[:1000], "exit_code": EXIT_HOST_UNFIT}
            )
        os._exit(1)

    def _lead(self, supervisor: int) -> NoReturn:
        os.setpgid(0, 0)
        follow_parent_in_death(supervisor)
        self._settle()
        self._take_cpu(0)
        self.load.prepare(self.shared, 0)
        self.shared.touch(0)
        self.shared.note_speed_before(0, *await_full_speed(self.options.full_speed_ns))
        entered = enter_session(self.options.auid)  # last, after all set-up
        beside = self.load.begin()
        others = [self._fork_member(worker) for worker in range(1, self.shared.workers)]
        self._tell(
            {
                "pid": os.getpid(),
                "worker": 0,
                "beside": beside,
                "session": entered.session,
                "session_reason": entered.reason,
                "auid": entered.auid,
            }
        )
        self._run(0)
        # A process that dies before its children takes them along, so it waits for all.
        failed = [pid for pid in others if os.waitpid(pid, 0)[1]]
        os._exit(1 if failed else 0)

    def _fork_member(self, worker: int) -> int:
        leader = os.getpid()
        if (pid := os.fork()) != 0:
            return pid
        try:
            follow_parent_in_death(leader)
            self._take_cpu(worker)
            self.load.prepare(self.shared, worker)
            self.shared.touch(worker)
            self.shared.note_speed_before(worker, *await_full_speed(None))
            self._tell({"pid": os.getpid(), "worker": worker})
            self._run(worker)
            os._exit(0)
        finally:
            os._exit(1)

    def _settle(self) -> None:
        """Set default signals (spawned programs inherit ignored ones) and quiet standard files."""
        for number in (signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        os.dup2(null, 0)
        os.dup2(2 if self.options.show_output else null, 1)
        if not self.options.show_output:
            os.dup2(null, 2)
        if self.options.rate_per_s:
            sharpen_timers()

    def _take_cpu(self, worker: int) -> None:
        """Pin the worker: a single one to all the named CPUs, several to one each in turn."""
        if cpus := self.options.cpus:
            alone = self.shared.workers == 1
            os.sched_setaffinity(0, cpus if alone else {cpus[worker % len(cpus)]})

    def _tell(self, report: dict[str, object]) -> None:
        # Of several workers each line is shorter than PIPE_BUF, so that they do not mix.
        line = json.dumps(report).encode() + b"\n"
        while line:
            line = line[os.write(self.report, line) :]

    def _run(self, worker: int) -> None:
        share = self.load.share_of(self.ops, worker, self.shared.workers)
        options = self.options
        self.load.run(
            self.shared, worker, share, options.rate_per_s, options.busy_ns or 0, options.burst
        )
        self.shared.note_speed_after(worker, probe_ns())
        if measured := self.load.measured():
            self._tell({"worker": worker, "measured": measured})
