"""The cost of one rule file on one workload, and whether it loses events at a rate.

The measuring half of the pytest plugin, without any knowledge of pytest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harness.analysis.ratio import Ratio, paired_ratio
from harness.analysis.series import collect, paired
from harness.answers.open_ledgers import open_samples
from harness.answers.result import make_result
from harness.counted import counted
from harness.errors import UsageError, one_of
from harness.model.result import NoiseFloor, Result
from harness.model.run import Cell, Sample
from harness.model.stored.trial import StoredWorkload, operations_of
from harness.renamed import hint
from harness.run.plan.file import BlockCounts, PlanFile
from harness.run.plan.plan import Plan, make_plan
from harness.run.request import Conduct, Request, Subject
from harness.run.runner import Silence
from harness.run.session import run_to_end
from harness.scenarios.catalog import SCENARIOS
from harness.store import StoredRun

REFERENCE = "no-audit"
"""Behaves like a kernel whose audit was never enabled."""
WORKLOAD = "udp"
RATE_PLAN = "loss_at_rate"
_AT_A_RATE = PlanFile(
    summary="whether rules lose events at a rate",
    question="loss",
    reference=REFERENCE,
    scenarios=[REFERENCE, "rules"],
    workloads=[WORKLOAD],
    blocks=BlockCounts(default=5, fast=3, rigorous=20),
)


@dataclass(frozen=True, slots=True)
class Overhead:
    """A stored run of one rule file against one reference."""

    stored: StoredRun
    result: Result
    cell: Cell
    against: Cell

    @property
    def samples(self) -> list[Sample]:
        """The valid samples of the rule file's cell, warm-up left out, in order."""
        return _counted(self.stored, self.cell)

    @property
    def noise_floor(self) -> NoiseFloor | None:
        """The reference against itself; None if it could not be determined."""
        floors = self.result.noise_floor
        return next((floor for floor in floors if floor.workload == self.cell.workload), None)

    def ratio(self, metric: str) -> Ratio | None:
        """The rule file's cost over the reference's, paired by block; None if there is none.

        Raises UsageError for a metric that the run does not have.
        """
        series = collect(self.stored.samples, metric)
        if not series:
            known = sorted({name for sample in self.stored.samples for name in sample.metrics})
            raise UsageError(f"no metric is called {metric!r}", remedy=one_of(metric, known))
        values, reference = paired(series.get(self.cell, {}), series.get(self.against, {}))
        return paired_ratio(values, reference) if values else None

    def seconds_per_operation(self) -> list[float]:
        """Wall-clock time per operation, one value per block."""
        return [sample.metrics["elapsed_ns_per_op"] / 1e9 for sample in self.samples]


@dataclass(frozen=True, slots=True)
class Loss:
    """The fate of the events of one cell. `lost` are those that did not arrive complete.

    `lost` and `expected` are None if the rules or the consumer leave them unknown. `rate_per_s`
    is the requested rate, `reached_per_s` and `most_reached_per_s` are the lowest and highest
    that any trial reached, `reference_reached_per_s` is the lowest of the reference.
    """

    trials: int
    trials_with_loss: int
    expected: int | None
    complete: int | None
    lost: int | None
    unexplained: int
    rate_per_s: float | None = None
    reached_per_s: float | None = None
    most_reached_per_s: float | None = None
    reference_reached_per_s: float | None = None

    @property
    def share_high(self) -> float | None:
        """If no trial had a loss: the upper 95 % limit of the share of lossy trials."""
        if not self.trials or self.trials_with_loss:
            return None
        return float(1 - 0.025 ** (1 / self.trials))


def measure_overhead(request: Request, *, against: str | Path = REFERENCE) -> Overhead:
    """Measure the request's rule file, against a scenario by name or against another rule file.

    Raises UsageError if it cannot be measured, HostUnfitError if the host does not allow it,
    InterruptedRunError if the user stopped it.
    """
    files, named = _side_by_side(request.subject.rule_files, against)
    plan = make_plan(_one_load(request, Subject(scenarios=(REFERENCE, *named), rule_files=files)))
    names = _names_of_files(plan, files)
    reference = named[0] if named else names[1] if len(files) > 1 else REFERENCE
    stored = _run(plan, request.conduct)
    return overhead_of(stored, plan.workloads[0], names[0], reference)


def _one_load(request: Request, subject: Subject) -> Request:
    """The request for a subject and one workload, which is `udp` if none is named."""
    load = request.load
    if not (load.workloads or request.command):
        load = replace(load, workloads=(WORKLOAD,))
    return replace(request, subject=subject, load=load)


def overhead_of(stored: StoredRun, workload: str, scenario: str, against: str) -> Overhead:
    """Two scenarios of a stored run; the consumer is the run's first."""
    consumer = stored.plan.consumers[0]
    return Overhead(
        stored=stored,
        result=make_result(stored),
        cell=Cell(workload, scenario, consumer),
        against=Cell(workload, against, consumer),
    )


def measure_loss(
    request: Request, *, rate_per_s: float, seconds: float, trials: int
) -> tuple[Loss, StoredRun]:
    """Load the machine at a rate, repeatedly, and count the events that arrive."""
    if not (0 < rate_per_s <= 1e9 and seconds > 0):
        raise UsageError(
            f"{counted(rate_per_s, 'operation')} per second for {seconds:g} s is not a load",
            remedy="give a rate and a time above 0",
        )
    files = request.subject.rule_files
    asked = _one_load(request, Subject(scenarios=(REFERENCE,), rule_files=files))
    load = replace(
        asked.load,
        blocks=trials,
        ops=max(1, round(rate_per_s * seconds)),
        rate_per_s=float(rate_per_s),
        # As many trials as were asked for, whatever they show.
        until_ci=None,
        max_time=None,
    )
    plan = make_plan(replace(asked, plan=RATE_PLAN, load=load), _AT_A_RATE)
    stored = _run(plan, request.conduct)
    overhead = overhead_of(stored, plan.workloads[0], _names_of_files(plan, files)[0], REFERENCE)
    return loss_of(stored, overhead.cell, overhead.against), stored


def loss_of(stored: StoredRun, cell: Cell, reference: Cell) -> Loss:
    """The ledger of a cell in the terms of a test."""
    samples = _counted(stored, cell)
    ledgers = [sample.ledger for sample in samples]
    expected = _sum(
        None if ledger.generated is None else ledger.generated - (ledger.suppressed or 0)
        for ledger in ledgers
    )
    lost = [_lost_events(sample) for sample in samples]
    return Loss(
        trials=len(samples),
        trials_with_loss=sum(bool(one) for one in lost),
        expected=expected,
        complete=_sum(ledger.complete for ledger in ledgers),
        lost=_sum(lost),
        unexplained=sum(
            abs(sample.ledger.unexplained or 0)
            for sample in open_samples(stored.samples)
            if sample.cell == cell
        ),
        rate_per_s=stored.plan.rate_per_s,
        reached_per_s=min(rates := _rates(samples), default=None),
        most_reached_per_s=max(rates, default=None),
        reference_reached_per_s=min(_rates(_counted(stored, reference)), default=None),
    )


def _run(plan: Plan, conduct: Conduct) -> StoredRun:
    return run_to_end(plan, conduct, Silence(), before="the rules could be judged")


def _side_by_side(
    rules: tuple[Path, ...], against: str | Path
) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """The rule files, and the named scenario beside the plan's reference, if there is one."""
    if isinstance(against, str) and against in SCENARIOS:
        return rules, () if against == REFERENCE else (against,)
    if isinstance(against, str) and not Path(against).suffix:
        raise UsageError(
            f"no scenario is called {against!r}",
            remedy=hint(against) or one_of(against, SCENARIOS, otherwise=", or a rule file"),
        )
    return (*rules, Path(against)), ()


def _names_of_files(plan: Plan, files: Sequence[Path]) -> list[str]:
    """What the scenarios of the rule files are called: they are the last of the plan's."""
    names = [scenario.name for scenario in plan.scenarios[plan.workloads[0]]]
    return names[-len(files) :]


def _counted(stored: StoredRun, cell: Cell) -> list[Sample]:
    return [
        sample
        for sample in stored.samples
        if sample.cell == cell and sample.valid and not sample.warm_up
    ]


def _lost_events(sample: Sample) -> int | None:
    """Events of a trial that did not arrive complete; None if that is unknown."""
    ledger = sample.ledger
    if ledger.complete is None:
        return None
    if ledger.generated is not None:
        return max(ledger.generated - (ledger.suppressed or 0) - ledger.complete, 0)
    # The number of demanded events is unknown: the known losses must suffice.
    known = (ledger.partial or 0) + (ledger.vanished or 0) + (ledger.refused or 0)
    return max(known, int(ledger.refused is None and bool(ledger.lost)))


def _rates(samples: Sequence[Sample]) -> list[float]:
    return [
        operations_of(sample) * 1e9 / elapsed_ns
        for sample in samples
        if (elapsed_ns := StoredWorkload.of(sample).elapsed_ns)
    ]


def _sum(terms: Iterable[int | None]) -> int | None:
    known = list(terms)
    whole = [term for term in known if term is not None]
    return sum(whole) if whole and len(whole) == len(known) else None
