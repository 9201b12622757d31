"""The workload `service`: a server of the user's, or none, and the client that drives it.

What they are stands in a file (`services/file.py`). The server starts in the load's own session,
so that it has the audit context and the login uid of the load; the clock runs while the client
does. Throughput and latency are the client's own, as its output says them; what the calls of both
are is not known, so nothing is certain about the yields.
"""

from __future__ import annotations

from workloads.errors import WorkloadError
from workloads.parts.load import Load
from workloads.parts.tallies import SharedTallies
from workloads.running.options import Options
from workloads.services.file import Service, read_service
from workloads.services.folder import DataFolder, remove_abandoned
from workloads.services.programs import account_of, find_programs
from workloads.services.running import ClientRun, RunningService


class ServiceLoad(Load):
    """Runs a service's client once, for all operations together."""

    def __init__(self, service: Service, ops: int) -> None:
        self._service, self._ops = service, ops
        programs = find_programs(service)
        account = account_of(service.file)
        remove_abandoned()
        self._folder = DataFolder(account)
        self._running = RunningService(service, programs, account, self._folder, ops)
        self._programs = programs
        self._done: ClientRun | None = None

    def prepare(self, shared: SharedTallies, worker: int) -> None:
        """Make the data, which is no part of what the session does."""
        self._folder.leave_to_supervisor()
        self._running.set_up()

    def planned_ops(self, wanted: int | None, default_ops: int) -> int:
        """The number asked for, or the file's."""
        return self._ops

    def begin(self) -> list[int]:
        """Start the server in the session; the processes that act beside the worker."""
        self._running.start()
        return list(self._running.pids)

    def run(
        self,
        shared: SharedTallies,
        worker: int,
        ops: int,
        rate_per_s: float = 0.0,
        busy_ns: int = 0,
        burst: int = 1,
    ) -> None:
        """Wait for the gate, then let the client do its work."""
        shared.await_release()
        self._done = self._running.drive(lambda: shared.stopped)

    def measured(self) -> dict[str, object]:
        """What takes the place of the worker's own counts; empty if the client was stopped."""
        if self._done is None:
            return {}
        done = self._done
        found = done.measured
        return {
            "ops": found.ops,
            "elapsed_ns": found.elapsed_ns,
            "loop_start_ns": done.start_ns,
            "loop_end_ns": done.end_ns,
            "failures": found.failures,
            "errors": {"failed": found.failures} if found.failures else {},
            "cpu_children_user_ns": done.client.user_ns + done.server.user_ns,
            "cpu_children_system_ns": done.client.system_ns + done.server.system_ns,
            "voluntary_switches": done.voluntary_switches,
            "involuntary_switches": done.involuntary_switches,
            "latency": found.latency or {"count": 0, "buckets": []},
            "details": {
                "client_cpu_ns": done.client.user_ns + done.client.system_ns,
                "server_cpu_ns": done.server.user_ns + done.server.system_ns,
            },
        }

    def helpers(self) -> tuple[int, ...]:
        """Children of the supervisor that are no leftovers of the load."""
        return (self._folder.remover,)

    def details(self, done: int) -> dict[str, object]:
        """The service's file and programs."""
        return {
            "service": self._service.name,
            "file": self._service.path,
            "digest": self._service.digest,
            "programs": self._programs,
        }

    def clean_up(self) -> None:
        """Remove the data."""
        self._folder.remove()


def build(options: Options) -> ServiceLoad:
    """The service of `--service`; WorkloadError if its file is not the one that was asked for."""
    service = read_service(options.service)
    if options.service_digest and service.digest != options.service_digest:
        raise WorkloadError(
            f"{service.path} was changed since the run began: begin another run, or put it back"
        )
    ops = service.file.ops if options.ops is None else options.ops
    return ServiceLoad(service, ops)
