"""The trials of a search for the capacity, one consumer after the other.

How fast the load is; rates, until the two of the answer are known; the load as fast as waiting lets
it; bursts; pauses of the consumer; twice the capacity; and, if asked for, the two rates once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from harness.analysis.searches.rate_search import WantedRate, next_rate
from harness.analysis.searches.threshold_search import next_threshold
from harness.answers.searches.capacity import (
    PAUSES,
    Pair,
    Speeds,
    burst_goal,
    capacity_of,
    computed_burst,
    computed_pause_ms,
    pause_rate,
    speeds_of,
)
from harness.counted import counted
from harness.model.run import Scenario
from harness.model.searches.capacity import (
    BURST,
    FLAT_OUT,
    OVERLOAD,
    OVERLOAD_S,
    OVERLOADED,
    PAUSE,
    RATE,
    RETRIAL,
    SATURATED,
    CapacitySearch,
    tried_scenario,
)
from harness.run.capacity.plan import flat_out
from harness.run.plan.plan import Plan
from harness.run.searching import SearchBlocks, Wanted
from harness.run.size.plan import with_waiting, without_limit

MOST_RATES = 60
"""Rates of one search: it takes about ten."""
MOST_OPERATIONS = 1_000_000
"""Of one trial that is not held at a rate."""
SATURATED_S = 5.0
VARIES_S = 20.0
"""How long the rate that loses is tried again where more comes through in the mean."""
PAUSE_AFTER_S, TAIL_S = 0.1, 0.5
"""The load runs so long before the pause, and after it."""
FLAT_OUTS = 3
"""The fastest counts: no rate beyond it is tried, so that a slowed one would hide the rest."""
OVERLOADS = 3
USUAL = FLAT_OUTS + 12 + 1 + 12 + 12 + OVERLOADS
"""About how many trials there are of one consumer."""


class CapacityBlocks(SearchBlocks):
    """The blocks of a search for the capacity."""

    trial_s = 2.5

    def __init__(
        self,
        plan: Plan,
        search: CapacitySearch,
        *,
        on_more: Callable[[], None] = lambda: None,
        on_cells: Callable[[Plan], None] = lambda plan: None,
    ) -> None:
        super().__init__(plan, search.workload, on_more=on_more, on_cells=on_cells)
        self._asked = search
        first = {scenario.name: scenario for scenario in plan.scenarios[search.workload]}
        self._rules = {
            rules: replace(first[tried_scenario(rules, search.consumers[0], FLAT_OUT)], name=rules)
            for rules in search.rules
        }

    @property
    def _trials_usual(self) -> int:
        retrials = 2 if self._asked.retrial_s else 0
        return (USUAL + retrials) * len(self._asked.rules) * len(self._asked.consumers)

    def _search(self) -> Iterator[list[Wanted]]:
        for rules in self._asked.rules:
            for consumer in self._asked.consumers:
                yield from self._of_pair(rules, consumer)

    def _of_pair(self, rules: str, consumer: str) -> Iterator[list[Wanted]]:
        for wanted in self._parts(rules, consumer):
            yield [wanted]
            if self._pair(rules, consumer).failure:
                return

    def _parts(self, rules: str, consumer: str) -> Iterator[Wanted]:
        pair = self._pair(rules, consumer)
        yield from self._flat_outs(pair)
        yield from self._rates(self._again(pair))
        pair = self._pair(rules, consumer)
        speeds = speeds_of(pair)
        capacity = speeds.capacity_per_s
        if not capacity:
            return
        yield from self._until_valid(pair, self._saturated(pair, capacity), SATURATED)
        high = speeds.brackets[0].high
        if not self._asked.retrial_s and high is not None and self._more_with_waiting(pair):
            yield self._retrial(pair, high, VARIES_S)
        yield from self._bursts(pair, speeds)
        yield from self._pauses(pair, speeds)
        for _ in range(OVERLOADS):
            yield self._overloaded(pair, capacity)
        if self._asked.retrial_s:
            for rate in (speeds.brackets[0].low, speeds.brackets[0].high):
                if rate is not None:
                    yield self._retrial(pair, rate, self._asked.retrial_s)

    def _flat_outs(self, pair: Pair) -> Iterator[Wanted]:
        load = flat_out(self._rules[pair.rules], pair.consumer)
        while len(self._again(pair).kind(FLAT_OUT)) < FLAT_OUTS:
            yield Wanted(load, self.plan.ops[self._workload], pair.consumer)
            if speeds_of(self._again(pair)).records_per_op == 0:
                return

    def _until_valid(self, pair: Pair, wanted: Wanted, kind: str) -> Iterator[Wanted]:
        while self._again(pair).last(kind) is None:
            yield wanted

    def _rates(self, pair: Pair) -> Iterator[Wanted]:
        alone = speeds_of(pair)
        if not alone.records_per_op or alone.fastest_per_s is None:
            return
        for _ in range(MOST_RATES):
            step = next_rate(self._again(pair).rates(), alone.fastest_per_s)
            if not isinstance(step, WantedRate):
                return
            yield self.at_rate(pair, RATE, step.rate, step.seconds)

    def _bursts(self, pair: Pair, speeds: Speeds) -> Iterator[Wanted]:
        goal = burst_goal(speeds, self.plan.ops[self._workload])
        start = computed_burst(speeds, pair.backlog) or goal.most
        while step := next_threshold(self._again(pair).tried(BURST), start, goal):
            yield self._burst(pair, step.value)

    def _pauses(self, pair: Pair, speeds: Speeds) -> Iterator[Wanted]:
        start, capacity = computed_pause_ms(speeds, pair.backlog), speeds.capacity_per_s
        if start is None or capacity is None:
            return
        while step := next_threshold(self._again(pair).tried(PAUSE), start, PAUSES):
            yield self._pause(pair, step.value, pause_rate(capacity))

    def at_rate(self, pair: Pair, kind: str, rate: int, seconds: float) -> Wanted:
        """A trial at a rate, in operations per second."""
        scenario = self._scenario(pair, kind, rate, f"{counted(rate, 'operation')} per second")
        paced = replace(scenario, rate_per_s=float(rate))
        return self._wanted(pair, paced, max(round(rate * seconds), 1))

    def _more_with_waiting(self, pair: Pair) -> bool:
        found = capacity_of(self._again(pair), self.plan.ops[self._workload])
        return found.more_with_waiting

    def _retrial(self, pair: Pair, rate: float, seconds: float) -> Wanted:
        return self.at_rate(pair, RETRIAL, max(int(rate), 1), seconds)

    def _saturated(self, pair: Pair, capacity: float) -> Wanted:
        scenario = self._scenario(pair, SATURATED, None, "as fast as waiting for room lets it")
        return self._wanted(pair, with_waiting(scenario), _bounded(capacity * SATURATED_S))

    def _burst(self, pair: Pair, operations: int) -> Wanted:
        summary = f"{counted(operations, 'operation')} at once"
        scenario = self._scenario(pair, BURST, operations, summary)
        # All of it is due at once; the rate that would go on is never reached.
        burst = replace(scenario, rate_per_s=1.0, workload_options={"burst": str(operations)})
        return self._wanted(pair, burst, operations)

    def _pause(self, pair: Pair, pause_ms: int, rate: int) -> Wanted:
        summary = f"the consumer stands still for {pause_ms} ms"
        scenario = replace(
            self._scenario(pair, PAUSE, pause_ms, summary),
            rate_per_s=float(rate),
            stop_after_ms=round(PAUSE_AFTER_S * 1000),
            stop_for_ms=pause_ms,
        )
        seconds = PAUSE_AFTER_S + pause_ms / 1000 + TAIL_S
        return self._wanted(pair, scenario, max(round(rate * seconds), 1))

    def _overloaded(self, pair: Pair, capacity: float) -> Wanted:
        rate = max(round(OVERLOAD * capacity), 1)
        summary = f"{OVERLOAD:g} times the capacity for {OVERLOAD_S:g} s"
        scenario = self._scenario(pair, OVERLOADED, None, summary)
        paced = replace(scenario, rate_per_s=float(rate))
        return self._wanted(pair, paced, _bounded(rate * OVERLOAD_S))

    def _scenario(self, pair: Pair, kind: str, value: int | None, summary: str) -> Scenario:
        name = tried_scenario(pair.rules, pair.consumer, kind, value)
        return without_limit(self._rules[pair.rules], name, summary, pair.backlog)

    def _wanted(self, pair: Pair, scenario: Scenario, ops: int) -> Wanted:
        return Wanted(replace(scenario, consumer=pair.consumer), ops, pair.consumer)

    def _again(self, pair: Pair) -> Pair:
        return self._pair(pair.rules, pair.consumer)

    def _pair(self, rules: str, consumer: str) -> Pair:
        return Pair.of(self._samples, self._asked, rules, consumer)


def _bounded(operations: float) -> int:
    return min(max(round(operations), 1), MOST_OPERATIONS)
