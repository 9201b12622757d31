"""The trials of a search for the backlog: how fast the load is and the consumer, then backlogs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

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
from harness.model.run import Scenario
from harness.model.searches.size import (
    BURST,
    MOST_RECORDS,
    SUSTAINED,
    Sizing,
    backlog_scenario,
)
from harness.run.plan.plan import Plan
from harness.run.searching import SearchBlocks, Wanted
from harness.run.size.plan import with_waiting, without_limit
from workloads.catalog import WORKLOADS

SUSTAINED_S = 3.0
MOST_SUSTAINED = 3
"""Trials at the rate alone in which the queue must grow before the consumer is called too slow."""
TAIL_S = 0.5
"""The rate goes on so long after the pause, so that the queue is seen to sink."""
WAITING_TRIALS = 3
EXPECTED_TRIALS = 3 + 8 * 3 + WAITING_TRIALS
"""About how many there are besides those of the two backlogs that are the answer."""


class SizeBlocks(SearchBlocks):
    """The blocks of a search for the backlog."""

    def __init__(
        self,
        plan: Plan,
        sizing: Sizing,
        *,
        on_more: Callable[[], None] = lambda: None,
        on_cells: Callable[[Plan], None] = lambda plan: None,
    ) -> None:
        super().__init__(plan, sizing.workload, on_more=on_more, on_cells=on_cells)
        self._sizing = sizing
        self._rules = plan.scenarios[sizing.workload][0]

    @property
    def _trials_usual(self) -> int:
        return EXPECTED_TRIALS + 2 * self._sizing.trials

    def _search(self) -> Iterator[list[Wanted]]:
        yield from self._speeds()
        measured = measured_of(self._samples)
        if measured.records_per_op and not too_slow(measured):
            yield from self._backlogs()

    def _speeds(self) -> Iterator[list[Wanted]]:
        sizing, usual = self._sizing, WORKLOADS[self._sizing.workload].fast_ops
        alone, saturated = self.plan.scenarios[sizing.workload][:2]
        yield [
            self._wanted(alone, sizing.burst),
            self._wanted(saturated, max(sizing.burst, usual)),
        ]
        measured = measured_of(self._samples)
        if not measured.records_per_op:
            return
        rate = profile_of(sizing, measured).rate_per_s
        paced = replace(
            without_limit(self._rules, SUSTAINED, "the rate alone", MOST_RECORDS), rate_per_s=rate
        )
        for _ in range(MOST_SUSTAINED):
            yield [self._wanted(paced, max(round(rate * SUSTAINED_S), 1))]
            if not too_slow(measured_of(self._samples)):
                return

    def _backlogs(self) -> Iterator[list[Wanted]]:
        measured, goal = measured_of(self._samples), goal_of(self._sizing)
        start = start_of(self._sizing, measured)
        while step := next_step(tried_of(self._samples), start, goal):
            yield [self._tried(step.backlog)] * step.trials
        lossy, _ = bracket(tried_of(self._samples))
        if lossy is not None:
            tried = self._tried(lossy.backlog)
            scenario = replace(
                with_waiting(tried.scenario),
                name=backlog_scenario(lossy.backlog, waiting=True),
                summary=f"{tried.scenario.summary}, with waiting",
            )
            yield [replace(tried, scenario=scenario)] * WAITING_TRIALS

    def _tried(self, backlog: int) -> Wanted:
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
        return self._wanted(scenario, profile.burst + tail)

    def _wanted(self, scenario: Scenario, ops: int) -> Wanted:
        return Wanted(scenario, ops, self._sizing.consumer)
