"""Numbers of workers that a plan compares: which of them this host has CPUs for, and their cells.

Each scenario is measured with each number, and compared with the reference of the same number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.counted import counted
from harness.errors import UsageError
from harness.host.cpu import CpuFacts, read_cpu_facts
from harness.host.pinning import assign_cpus
from harness.host.tree import HostTree
from harness.model.run import Scenario
from harness.model.worker_counts import with_workers
from harness.run.plan.file import PlanFile
from harness.run.request import Request

Scenarios = Mapping[str, tuple[Scenario, ...]]


@dataclass(frozen=True, slots=True)
class WorkerCounts:
    """The numbers of workers to measure, ascending; none where the plan compares none."""

    counts: tuple[int, ...] = ()
    left_out: tuple[str, ...] = ()
    """A line about those for which this host has too few CPUs."""

    def across(
        self, scenarios: Scenarios, reference: str | None
    ) -> dict[str, tuple[Scenario, ...]]:
        """Every scenario with each number of workers, next to the reference of the same number.

        The same scenarios where the plan compares no numbers.
        """
        if not self.counts:
            return dict(scenarios)
        return {
            workload: tuple(_with(each, n, reference) for n in self.counts for each in group)
            for workload, group in scenarios.items()
        }


def worker_counts(request: Request, file: PlanFile) -> WorkerCounts:
    """The numbers of workers of a request; `--workers` asks for one of them, whatever the CPUs.

    UsageError for a plan that has none which this host has CPUs for, and for a replay, which has
    one sender.
    """
    wanted, asked = file.workers, request.load.workers
    if isinstance(wanted, int):
        return WorkerCounts()
    if file.kind == "replay":
        raise UsageError(
            f"the plan {request.plan} is a replay, which one process sends",
            remedy="leave its `workers` out",
        )
    if asked is not None:
        return WorkerCounts((asked,))
    cpus = _usable_cpus(request, read_cpu_facts(HostTree()))
    # The one word that is allowed is `cpus`.
    numbers = _up_to(cpus) if isinstance(wanted, str) else tuple(sorted(set(wanted)))
    counts = tuple(number for number in numbers if number <= cpus)
    if not counts:
        raise UsageError(
            f"the plan {request.plan} has `workers = {_listed(numbers)}`, and the load has "
            f"{counted(cpus, 'CPU')}",
            remedy="give one number with --workers",
        )
    return WorkerCounts(counts, _too_many(numbers[len(counts) :], cpus))


def _usable_cpus(request: Request, cpu: CpuFacts) -> int:
    """How many CPUs the load may use."""
    pinned = assign_cpus(request.conduct.cpus, cpu, spread=True)
    return max(len(pinned.get("workload", cpu.allowed)), 1)


def _up_to(cpus: int) -> tuple[int, ...]:
    """The powers of two up to the number of CPUs, and that number itself."""
    powers = [1 << power for power in range(cpus.bit_length()) if 1 << power <= cpus]
    return tuple(dict.fromkeys([*powers, cpus]))


def _too_many(numbers: Sequence[int], cpus: int) -> tuple[str, ...]:
    if not numbers:
        return ()
    return (f"left out: workers = {_listed(numbers)}, because the load has {counted(cpus, 'CPU')}",)


def _listed(numbers: Sequence[int]) -> str:
    *first, last = map(str, numbers)
    return f"{', '.join(first)} and {last}" if first else last


def _with(scenario: Scenario, workers: int, reference: str | None) -> Scenario:
    summary = f"{scenario.summary.removesuffix('.')}, with {counted(workers, 'worker')}"
    return replace(
        scenario,
        name=with_workers(scenario.name, workers),
        summary=summary,
        workers=workers,
        reference=with_workers(reference, workers) if reference is not None else "",
    )
