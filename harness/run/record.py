"""Recording a capture: real records of the live kernel, in a file that `replay` can feed again."""

from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from harness.consumers.base import ConsumerSetup
from harness.consumers.catalog import find_consumer
from harness.counted import counted
from harness.errors import UntrustworthyError
from harness.files.output import NewFile
from harness.files.scratch import PLACE
from harness.host.facts import read_host_facts
from harness.host.pinning import assign_cpus
from harness.kernel.client import AuditClient
from harness.kernel.lease.lease import take_lease
from harness.model.run import Cell, Scenario, Trial
from harness.model.stored.documents import ConsumerDocument
from harness.run.plan.plan import Plan, make_plan
from harness.run.request import Request
from harness.run.trials.markers import drain
from harness.run.trials.said import said
from harness.run.trials.trial import Bench, start_worker

RECORDER = "count"
TRIAL_TIMEOUT_S = 600.0


@dataclass(frozen=True, slots=True)
class Recorded:
    """A finished recording: the file with its size, and the consumer's document."""

    path: Path
    bytes: int
    document: dict[str, Any]

    @property
    def records(self) -> int:
        """How many records there are in the file."""
        return said("consumer", self.document, ConsumerDocument).records


def record_capture(request: Request, path: Path, say: Callable[[str], None]) -> Recorded:
    """Run the request's workloads once under its last scenario and capture every record.

    Raises UsageError if the file exists or cannot be written, UntrustworthyError if records were
    lost on the way, or it took too long.
    """
    require_new(path)
    plan = make_plan(request)
    scenario = plan.scenarios[plan.workloads[0]][-1]
    cpus = assign_cpus(None, read_host_facts().cpu)
    with (
        take_lease(command="auditbench record", borrow=request.conduct.borrow) as lease,
        AuditClient() as client,
        NewFile(path) as file,
    ):
        bench = Bench(
            plan=plan,
            lease=lease,
            client=client,
            consumers={},
            cpus=cpus,
            trial_timeout_s=TRIAL_TIMEOUT_S,
        )
        before = client.status().lost
        try:
            document, size = _into(file, path, lambda raw: _record(bench, plan, scenario, raw, say))
        except TimeoutError as error:
            raise UntrustworthyError(
                f"{error}: nothing is recorded in {path}",
                remedy="give fewer --ops, or a command that ends sooner",
            ) from None
        lost = client.status().lost - before
    if lost:
        raise UntrustworthyError(
            f"{counted(lost, 'record was', 'records were')} lost while recording {path}",
            remedy="give fewer --ops",
        )
    return Recorded(path, size, document)


def _into(
    file: NewFile, path: Path, record: Callable[[int], dict[str, Any]]
) -> tuple[dict[str, Any], int]:
    """Record into the file, compressed if so named; return the consumer's document and the size."""
    if path.suffix != ".gz":
        document = record(file.descriptor)
        return document, file.publish()
    with TemporaryFile(dir=PLACE) as raw:
        document = record(raw.fileno())
        raw.seek(0)
        # Without name and time in it, the same records give the same file.
        with (
            os.fdopen(os.dup(file.descriptor), "wb") as packed,
            gzip.GzipFile(filename="", mode="wb", fileobj=packed, mtime=0) as target,
        ):
            shutil.copyfileobj(raw, target)
    return document, file.publish()


def require_new(path: Path) -> None:
    """Raise UsageError if there is a file already, or none can be made."""
    with NewFile(path):
        pass


def _record(
    bench: Bench, plan: Plan, scenario: Scenario, raw: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """Have every record written to the descriptor `raw`; return the consumer's document."""
    marker = "auditbench-sync-record"
    with ExitStack() as stack:
        consumer = find_consumer(RECORDER).start(
            ConsumerSetup(marker=marker, cpus=bench.cpus.get("consumer", ()), capture=raw)
        )
        stack.callback(consumer.end)
        for pid in consumer.pids:
            bench.lease.register_child(pid)
        bench.lease.apply(scenario)
        stack.callback(bench.lease.apply, replace(scenario, enabled=0))
        for index, workload in enumerate(plan.workloads):
            say(f"recording {counted(plan.ops[workload], 'operation')} of {workload}")
            cell = Cell(workload, scenario.name, RECORDER)
            with ExitStack() as inner:
                trial = Trial(index, cell, 1, index, plan.seed, plan.ops[workload])
                worker = start_worker(bench, trial, inner).process
                worker.send("go")
                worker.expect("result", timeout_s=bench.trial_timeout_s)
        if not drain(bench, consumer, marker):
            raise UntrustworthyError("the sync marker never came back", remedy="record again")
        document = consumer.stop().document
    assert document is not None
    return document
