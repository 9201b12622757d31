"""The rate ladder: who goes on to the next step, and what is said of each consumer in the end.

No load here: samples are made up, with the counts that a trial would have.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.analysis.sustained import sustained
from harness.model.run import Ledger, Sample, Scenario, Trial
from harness.run.blocks import RunBlocks
from harness.run.ladder import Ladder, LadderRun, steps_of
from harness.run.plan.plan import make_plan
from harness.run.runner import Silence, run_trials
from harness.run.trials.sample import sample_of
from tests.support.requests import asked
from tests.support.samples import UNKNOWN

RATES = (10_000, 20_000, 40_000)


def ladder(*consumers: str, trials: int = 2) -> Ladder:
    scenario = Scenario("rules", "", enabled=1, backlog_wait_time=1000)
    return Ladder("udp", consumers, steps_of(scenario, RATES, 8192), seconds=0.5, trials=trials)


def trial_sample(trial: Trial, *, received: float = 1.0, reached: float = 1.0) -> Sample:
    """A step's sample: `received` and `reached` are shares of the events and of the rate."""
    rate = float(trial.cell.scenario.removeprefix("rate-"))
    arrived = int(trial.ops * received)
    return sample_of(
        trial,
        metrics={
            "rate_per_s": rate,
            "rate_reached_per_s": rate * reached,
            "events_generated": trial.ops,
            "events_received": arrived,
        },
        ledger=Ledger(generated=trial.ops, complete=arrived, partial=0, lost=trial.ops - arrived),
        ladder=True,
    )


def ladder_run(made: Ladder, measure: Callable[[Trial], Sample]) -> list[Sample]:
    run_blocks = LadderRun(made, seed=1, first_block=9, first_index=100)
    samples = []
    for trials in run_blocks:
        for trial in trials:
            samples.append(measure(trial))
            run_blocks.take(samples[-1])
    return samples


def test_who_loses_is_not_pressed_harder() -> None:
    def measure(trial: Trial) -> Sample:
        weak = trial.cell.consumer == "weak" and trial.cell.scenario == "rate-20000"
        return trial_sample(trial, received=0.999 if weak else 1.0)

    samples = ladder_run(ladder("weak", "strong"), measure)
    steps = [(s.consumer, s.scenario) for s in samples]
    assert steps.count(("weak", "rate-20000")) == 2
    assert ("weak", "rate-40000") not in steps
    assert steps.count(("strong", "rate-40000")) == 2
    weak, strong = sorted(sustained(samples), key=lambda one: one.consumer, reverse=True)
    assert (weak.without_loss, weak.with_loss, weak.trials) == (10_000, 20_000, 2)
    assert (strong.without_loss, strong.with_loss) == (40_000, None)
    assert strong.limit == "the ladder ends here"


def test_steps_are_numbered_on_and_hold_their_rate_for_the_time() -> None:
    samples = ladder_run(ladder("one", trials=3), trial_sample)
    assert [s.index for s in samples] == list(range(100, 109))
    assert [s.block for s in samples] == [9] * 3 + [10] * 3 + [11] * 3
    assert {(s.scenario, s.ops) for s in samples} == {
        ("rate-10000", 5_000),
        ("rate-20000", 10_000),
        ("rate-40000", 20_000),
    }


def test_nobody_waits_on_a_step() -> None:
    assert all(step.backlog_wait_time == 0 and step.failure == 0 for step in ladder("x").scenarios)


def test_a_load_that_is_too_slow_says_nothing_of_the_consumer() -> None:
    def measure(trial: Trial) -> Sample:
        return trial_sample(trial, reached=0.9 if trial.cell.scenario == "rate-40000" else 1.0)

    (found,) = sustained(ladder_run(ladder("one"), measure))
    assert (found.without_loss, found.with_loss) == (36_000, None)
    assert found.limit == "the load goes no faster"


def test_loss_below_the_rate_of_the_step_is_loss() -> None:
    def measure(trial: Trial) -> Sample:
        return trial_sample(trial, reached=0.9, received=0.9)

    (found,) = sustained(ladder_run(ladder("one"), measure))
    assert (found.without_loss, found.with_loss, found.limit) == (None, 10_000, "")


def test_loss_on_the_lowest_step() -> None:
    (found,) = sustained(ladder_run(ladder("one"), lambda trial: trial_sample(trial, received=0.5)))
    assert (found.without_loss, found.with_loss) == (None, 10_000)


def test_trials_that_failed_leave_the_step_open() -> None:
    def measure(trial: Trial) -> Sample:
        return sample_of(trial, metrics={}, ledger=UNKNOWN, invalid_reason="it died", ladder=True)

    (found,) = sustained(ladder_run(ladder("one"), measure))
    assert (found.without_loss, found.with_loss, found.trials) == (None, None, 0)
    assert found.limit == "no trial could be used"


def test_a_count_of_its_own_shows_loss_too() -> None:
    """A consumer without serials only counts; the kernel's `lost` may be 0 all the same."""

    def measure(trial: Trial) -> Sample:
        sample = trial_sample(trial, received=0.99)
        ledger = Ledger(generated=trial.ops, complete=None, partial=None, lost=0)
        return sample_of(trial, metrics=sample.metrics, ledger=ledger, ladder=True)

    (found,) = sustained(ladder_run(ladder("one"), measure))
    assert found.with_loss == 10_000


@pytest.mark.parametrize("climbed", [True, False])
def test_a_run_climbs_after_its_blocks(*, climbed: bool) -> None:
    plan = make_plan(
        asked(
            plan="consumers",
            workloads=("udp",),
            consumers=("assemble",),
            blocks=1,
            seed=1,
            no_ladder=not climbed,
        )
    )
    saved: list[Sample] = []

    def measure(trial: Trial) -> Sample:
        if plan.is_step(trial.cell):
            return trial_sample(trial, received=0.5)
        return sample_of(trial, metrics={"elapsed_ns_per_op": 1.0}, ledger=UNKNOWN)

    run_blocks = RunBlocks(plan, "elapsed_ns_per_op")
    run_trials(run_blocks, measure, saved.append, Silence())
    steps = [sample for sample in saved if sample.ladder]
    assert [s.index for s in saved] == list(range(len(saved)))
    assert run_blocks.trials_planned == len(saved)
    assert len(steps) == (2 if climbed else 0)
    assert {s.scenario for s in steps} == ({"rate-5000"} if climbed else set())
