"""The rate ladder: after the blocks, one rate after the other until each consumer loses events.

On every step the remaining consumers are measured in an order drawn from the seed, each a few
times. A consumer that loses events, or cannot be driven at the rate, leaves the ladder.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from harness.analysis.sustained import Step, keeps_up
from harness.counted import counted
from harness.model.run import Cell, Sample, Scenario, Trial


@dataclass(frozen=True, slots=True)
class Ladder:
    """The ladder of a plan. `scenarios` are its steps, the lowest rate first."""

    workload: str
    consumers: tuple[str, ...]
    scenarios: tuple[Scenario, ...]
    seconds: float
    trials: int

    @property
    def most_trials(self) -> int:
        """The number of trials if no consumer ever loses anything."""
        return len(self.scenarios) * len(self.consumers) * self.trials

    def climbed_by(self, consumers: Collection[str]) -> Ladder | None:
        """The same for these of its consumers only; None if none of them is left."""
        climbing = tuple(name for name in self.consumers if name in consumers)
        return replace(self, consumers=climbing) if climbing else None

    def ops_of(self, step: Scenario) -> int:
        """The operations of a trial on a step."""
        assert step.rate_per_s is not None
        return max(round(step.rate_per_s * self.seconds), 1)


def steps_of(scenario: Scenario, rates: Sequence[int], backlog_limit: int) -> tuple[Scenario, ...]:
    """A scenario at each of the rates, without waiting for room in the backlog."""
    return tuple(
        replace(
            scenario,
            name=f"rate-{rate}",
            summary=f"{scenario.name} at {counted(rate, 'operation')} per second",
            rate_per_s=float(rate),
            backlog_limit=backlog_limit,
            backlog_wait_time=0,
            failure=0,
        )
        for rate in sorted(rates)
    )


class LadderRun:
    """One run of a ladder: iterate over its steps, blocks of trials, and `take` their samples."""

    def __init__(self, ladder: Ladder, *, seed: int, first_block: int, first_index: int) -> None:
        self._ladder, self._seed = ladder, seed
        self._block, self._index = first_block, first_index
        self._ranked = list(ladder.consumers)
        self._step: list[Sample] = []

    def take(self, sample: Sample) -> None:
        """Take the sample of a trial of the step."""
        self._step.append(sample)

    def __iter__(self) -> Iterator[list[Trial]]:
        """The steps, until no consumer remains."""
        for scenario in self._ladder.scenarios:
            self._step = []
            yield self._trials(scenario)
            assert scenario.rate_per_s is not None
            self._ranked = [
                consumer
                for consumer in self._ranked
                if keeps_up(
                    Step(
                        rate=int(scenario.rate_per_s),
                        samples=tuple(s for s in self._step if s.consumer == consumer),
                    )
                )
            ]
            if not self._ranked:
                return

    def _trials(self, scenario: Scenario) -> list[Trial]:
        consumers = self._ranked * self._ladder.trials
        # Not for secrets: the same seed must give the same order again.
        random.Random(f"{self._seed}:{scenario.name}").shuffle(consumers)  # noqa: S311
        assert scenario.rate_per_s is not None
        trials = [
            Trial(
                index=self._index + position,
                cell=Cell(self._ladder.workload, scenario.name, consumer),
                block=self._block,
                position=position,
                seed=self._seed,
                ops=self._ladder.ops_of(scenario),
            )
            for position, consumer in enumerate(consumers)
        ]
        self._index += len(trials)
        self._block += 1
        return trials
