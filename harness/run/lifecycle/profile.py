"""Further trials of some cells after the measured ones, in which kernel stacks are sampled.

Sampling takes time of its own, so these trials are stored apart, and none of them is compared with
anything. The cells take turns, so that a drift of the machine falls on both.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from harness.analysis.profile import FEWEST_SAMPLES
from harness.counted import counted
from harness.host.stacks.ring import FREQUENCY_HZ
from harness.host.stacks.sampler import StackSampler, Tally
from harness.host.stacks.symbols import Symbols
from harness.model.run import Cell, Sample, Trial
from harness.model.stored.profile import Profiling, StoredProfile, kept_stacks
from harness.model.stored.trial import operations_of
from harness.plain import plain
from harness.run.lifecycle.signals import stop_if_asked
from harness.run.plan.plan import Plan
from harness.run.trials.trial import Bench
from harness.store import RunWriter

FIRST_INDEX = 10**9
"""Behind those of all measured trials, so that no sync marker is used twice."""
FEWEST_ROUNDS, MOST_ROUNDS = 2, 40
MOST_SECONDS = 60.0
"""For one cell."""


@dataclass(slots=True)
class _Gathered:
    """What is known of one cell so far."""

    cell: Cell
    frames: Counter[tuple[str, ...]] = field(default_factory=Counter)
    trials: int = 0
    failed: int = 0
    last_failure: str = ""
    ops: int = 0
    sampled_ns: int = 0
    used_s: float = 0.0
    others: int = 0
    lost: int = 0
    throttled: int = 0
    left_out: int = 0

    @property
    def of_load(self) -> int:
        return sum(samples for stack, samples in self.frames.items() if stack[0] == "load")

    def take(self, sample: Sample, tally: Tally, sampled_ns: int, symbols: Symbols) -> None:
        """Add a trial; of one that failed nothing but that."""
        if not (sample.valid or sample.disturbed):
            self.failed += 1
            self.last_failure = sample.invalid_reason
            return
        for (group, chain), samples in tally.chains.items():
            self.frames[(group, *symbols.frames(chain))] += samples
        self.trials += 1
        self.ops += operations_of(sample)
        self.sampled_ns += sampled_ns
        self.others += tally.others
        self.lost += tally.lost
        self.throttled += tally.throttled
        self.left_out += tally.left_out

    def is_enough(self, wanted: int) -> bool:
        rounds = self.trials + self.failed
        if rounds >= MOST_ROUNDS or self.used_s >= MOST_SECONDS:
            return True
        if rounds < FEWEST_ROUNDS:
            return False
        # Trials so short that all rounds together would say nothing are not worth their time.
        is_hopeless = self.of_load * MOST_ROUNDS < FEWEST_SAMPLES * rounds
        return self.of_load >= wanted or is_hopeless

    def stored(self) -> StoredProfile:
        stacks, left_out = kept_stacks(self.frames)
        return StoredProfile(
            workload=self.cell.workload,
            scenario=self.cell.scenario,
            consumer=self.cell.consumer,
            frequency_hz=FREQUENCY_HZ,
            trials=self.trials,
            failed_trials=self.failed,
            ops=self.ops,
            sampled_ns=self.sampled_ns,
            other_samples=self.others,
            lost_samples=self.lost,
            throttled=self.throttled,
            left_out_samples=self.left_out + left_out,
            stacks=stacks,
        )


class Profiler:
    """Samples one trial after the other; a bench opens it around each load."""

    def __init__(self, cpus: Collection[int]) -> None:
        self._cpus = tuple(cpus)
        self._sampler: StackSampler | None = None

    def open(self, groups: dict[str, Sequence[int]]) -> AbstractContextManager[object]:
        """Sample these processes until it is left."""
        self._sampler = StackSampler(groups, self._cpus)
        return self._sampler

    def take(self) -> tuple[Tally, int]:
        """The samples of the last trial, and how long it was sampled, in ns."""
        sampler, self._sampler = self._sampler, None
        return (Tally({}), 0) if sampler is None else (sampler.tally, sampler.sampled_ns)


def profile_cells(
    bench: Bench,
    profiling: Profiling,
    symbols: Symbols,
    cpus: Collection[int],
    writer: RunWriter,
    measure: Callable[[Bench, Trial], Sample],
    say: Callable[[str], None],
    known: Collection[Cell] = (),
) -> bool:
    """Sample the cells, and store what was found; False where the user stopped it.

    Cells in `known` are stored already.
    """
    gathered = [_Gathered(cell) for cell in profiling.cells if cell not in known]
    profiler = Profiler(cpus)
    bench.sampling = profiler.open
    index = FIRST_INDEX
    finished = True
    try:
        while left := [each for each in gathered if not each.is_enough(profiling.samples)]:
            for each in left:
                stop_if_asked()
                say(plain(_progress(each, profiling.samples)))
                began = time.monotonic()
                sample = measure(bench, _trial(bench.plan, each.cell, index))
                each.take(sample, *profiler.take(), symbols)
                each.used_s += time.monotonic() - began
                index += 1
    except KeyboardInterrupt:
        finished = False
    finally:
        for each in gathered:
            if each.trials:
                writer.append_profile(each.stored())
            elif each.failed:
                say(plain(f"{_name(each.cell)} has no profile: {each.last_failure}"))
    return finished


def _progress(each: _Gathered, wanted: int) -> str:
    so_far = counted(each.of_load, "sample")
    return f"profiling {_name(each.cell)}: {so_far} of the load, of {wanted:,}"


def _name(cell: Cell) -> str:
    return f"{cell.workload} × {cell.scenario} × {cell.consumer}"


def _trial(plan: Plan, cell: Cell, index: int) -> Trial:
    # As long as those of the warm-up, which of a soak is the short one.
    return Trial(index, cell, 0, 0, plan.seed, plan.ops_in(cell.workload, 0))
