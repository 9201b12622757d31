"""The trials of a search for the backlog: how fast the load is and the consumer, then backlogs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from harness.analysis.searches.backlog_search import bracket, next_step
from harness.answers.searches.size import (
    goal_of,
    measured_of,
    profile_of,
    start_of,
    too_slow,
    tried_of,
)
from harness.counted import counted
from harness.model.run import Cell, Sample, Scenario, Trial
from harness.model.searches.size import (
    BURST,
    MOST_RECORDS,
    SUSTAINED,
    Sizing,
    backlog_scenario,
)
from harness.run.plan.plan import Plan
from harness.run.size.plan import with_waiting, without_limit
from workloads.catalog import WORKLOADS

SUSTAINED_S = 3.0
TAIL_S = 0.5
"""The rate goes on so long after the pause, so that the queue is seen to sink."""
WAITING_TRIALS = 3
EXPECTED_TRIALS = 3 + 8 * 3 + WAITING_TRIALS
"""About how many there are besides those of the two backlogs that are the answer."""


class SizeBlocks:
    """The blocks of a search: iterate over it, and `take` the samples.

    They follow from the samples alone, so that a search that was stopped can go on.
    """

    def __init__(
        self,
        plan: Plan,
        sizing: Sizing,
        *,
        on_more: Callable[[], None] = lambda: None,
        on_cells: Callable[[Plan], None] = lambda plan: None,
    ) -> None:
        self.plan = plan
        """It has the backlogs as they are tried."""
        self._sizing = sizing
        self._on_more, self._on_cells = on_more, on_cells
        self._rules = plan.scenarios[sizing.workload][0]
        self._samples: list[Sample] = []
        self._blocks = self._trials = 0
        self._over = False

    @property
    def trials_expected(self) -> int:
        """The probable number of trials."""
        if self._over:
            return self._trials
        return max(EXPECTED_TRIALS + 2 * self._sizing.trials, self._trials + 1)

    def take(self, sample: Sample) -> None:
        """Take a sample that was measured and saved."""
        self._samples.append(sample)

    def course(self) -> dict[str, Any]:
        """What became of the plan: one trial more than there are, until it is over."""
        return {"blocks": max(self._blocks - 1, 1), "trials": self._trials + (not self._over)}

    def words(self) -> str:
        """How it ended, in words: the answer says it."""
        return ""

    def __iter__(self) -> Iterator[list[Trial]]:
        """The blocks, until the answer is known, or that there is none."""
        yield from self._speeds()
        measured = measured_of(self._samples)
        if measured.records_per_op and not too_slow(measured):
            yield from self._backlogs()
        self._over = True

    def _speeds(self) -> Iterator[list[Trial]]:
        sizing, usual = self._sizing, WORKLOADS[self._sizing.workload].fast_ops
        alone, saturated = self.plan.scenarios[sizing.workload][:2]
        yield self._block([(alone, sizing.burst), (saturated, max(sizing.burst, usual))])
        measured = measured_of(self._samples)
        if not measured.records_per_op:
            return
        rate = profile_of(sizing, measured).rate_per_s
        paced = replace(
            without_limit(self._rules, SUSTAINED, "the rate alone", MOST_RECORDS), rate_per_s=rate
        )
        yield self._block([(paced, max(round(rate * SUSTAINED_S), 1))])

    def _backlogs(self) -> Iterator[list[Trial]]:
        measured, goal = measured_of(self._samples), goal_of(self._sizing)
        start = start_of(self._sizing, measured)
        while step := next_step(tried_of(self._samples), start, goal):
            yield self._block([self._tried(step.backlog)] * step.trials)
        lossy, _ = bracket(tried_of(self._samples))
        if lossy is not None:
            scenario, ops = self._tried(lossy.backlog)
            name = backlog_scenario(lossy.backlog, waiting=True)
            waiting = replace(
                with_waiting(scenario), name=name, summary=f"{scenario.summary}, with waiting"
            )
            yield self._block([(waiting, ops)] * WAITING_TRIALS)

    def _tried(self, backlog: int) -> tuple[Scenario, int]:
        """The whole load with a backlog, and its operations."""
        sizing = self._sizing
        profile = profile_of(sizing, measured_of(self._samples))
        name = backlog_scenario(backlog)
        scenario = replace(
            without_limit(self._rules, name, f"a backlog of {counted(backlog, 'record')}", backlog),
            rate_per_s=profile.rate_per_s,
            workload_options={BURST: str(profile.burst)},
            stop_for_ms=sizing.pause_ms,
        )
        tail = math.ceil(profile.rate_per_s * (sizing.pause_ms / 1000 + TAIL_S))
        return scenario, profile.burst + tail

    def _block(self, wanted: list[tuple[Scenario, int]]) -> list[Trial]:
        self._know([scenario for scenario, _ in wanted])
        sizing = self._sizing
        trials = [
            Trial(
                index=self._trials + position,
                cell=Cell(sizing.workload, scenario.name, sizing.consumer),
                # One for each: reports count a cell once in a block. The first two are its warm-up.
                block=self._blocks + (position if self._blocks else 0),
                position=position,
                seed=self.plan.seed,
                ops=ops,
            )
            for position, (scenario, ops) in enumerate(wanted)
        ]
        self._blocks += len(trials) if self._blocks else 1
        self._trials += len(trials)
        self._on_more()
        return trials

    def _know(self, scenarios: list[Scenario]) -> None:
        """Add scenarios to the plan that it does not have yet."""
        known = self.plan.scenarios[self._sizing.workload]
        by_name = {scenario.name: scenario for scenario in (*known, *scenarios)}
        if len(by_name) > len(known):
            scenarios_now = {self._sizing.workload: tuple(by_name.values())}
            self.plan = replace(self.plan, scenarios=scenarios_now)
            self._on_cells(self.plan)
