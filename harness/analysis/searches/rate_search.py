"""Which rate to try next, by MLRsearch: the rates between which too much is lost, for several goals
at once.

The library searches; it asks for one trial after the other and only depends on what they said. So
it is run again from the start with what is known, until it asks for a trial that was not made: a
search that was stopped goes on, and a stored one gives the same answer again. Source:
draft-ietf-bmwg-mlrsearch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, SupportsFloat

from harness.model.searches.capacity import (
    ALLOWED,
    FINAL_S,
    INITIAL_S,
    SUM_S,
    WIDTH,
    RateTrial,
)

if TYPE_CHECKING:
    from MLRsearch import MeasurementResult, MultipleLossRatioSearch

LEAST_PER_S = 10.0
"""The lowest rate that is tried."""
NEVER_S = 1e9
"""The library's own limit of time: what is stored must be read at any speed."""


@dataclass(frozen=True, slots=True)
class WantedRate:
    """A trial to make."""

    rate: int
    seconds: float


@dataclass(frozen=True, slots=True)
class FoundRates:
    """The rates of the two bounds by what may be lost there, as they were asked for; None where
    there is none.
    """

    bounds: tuple[tuple[int | None, int | None], ...]


class _MissingError(Exception):
    """A trial that was not made."""

    def __init__(self, wanted: WantedRate) -> None:
        super().__init__(wanted)
        self.wanted = wanted


def next_rate(trials: Sequence[RateTrial], fastest_per_s: float) -> WantedRate | FoundRates:
    """What to try next after these trials, in their order; or what was found.

    `fastest_per_s` is what the load can make: no rate beyond it is tried.
    """
    search = _search(max(fastest_per_s, 2 * LEAST_PER_S))
    try:
        found = search.search(_Known(trials), debug=_say_nothing)
    except _MissingError as missing:
        return missing.wanted
    by_loss = {goal.loss_ratio: result for goal, result in found.items()}

    results = [by_loss[allowed] for allowed in ALLOWED]
    return FoundRates(
        tuple((_bound(r.relevant_lower_bound), _bound(r.relevant_upper_bound)) for r in results)
    )


def _bound(load: SupportsFloat | None) -> int | None:
    return None if load is None else round(float(load))


def _say_nothing(text: str) -> None:
    """The library tells each of its steps."""


def _search(fastest_per_s: float) -> MultipleLossRatioSearch:
    from MLRsearch import Config, MultipleLossRatioSearch, SearchGoal

    config = Config()
    config.goals = [
        SearchGoal(
            loss_ratio=allowed,
            exceed_ratio=0.0,
            relative_width=WIDTH,
            initial_trial_duration=INITIAL_S,
            final_trial_duration=FINAL_S,
            duration_sum=SUM_S,
            fail_fast=False,
        )
        for allowed in ALLOWED
    ]
    # Its own bounds are for packets: the lower is above ours.
    config.min_load = LEAST_PER_S
    config.max_load = fastest_per_s
    config.warmup_duration = 0.0
    config.search_duration_max = NEVER_S
    return MultipleLossRatioSearch(config)


class _Known:
    """Gives what is known, in its order: the measurer of the library."""

    def __init__(self, trials: Sequence[RateTrial]) -> None:
        self._trials = iter(trials)

    def measure(self, intended_duration: float, intended_load: float) -> MeasurementResult:
        """The next trial; _MissingError where it is another, or none."""
        from MLRsearch import MeasurementResult

        wanted = WantedRate(round(intended_load), intended_duration)
        trial = next(self._trials, None)
        if trial is None or trial.rate != wanted.rate:
            raise _MissingError(wanted)
        return MeasurementResult(
            intended_duration=intended_duration,
            intended_load=intended_load,
            # What was not generated is the load's limit: no loss, so it is not intended either.
            offered_count=trial.offered,
            loss_count=min(trial.missing, trial.offered),
        )
