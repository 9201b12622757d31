"""What the rate ladder of a run of before says of each consumer: such runs still open.

Samples are made up, with the counts that a trial had.
"""

from __future__ import annotations

from dataclasses import replace

from harness.analysis.sustained import sustained
from harness.model.result import Sustained
from harness.model.run import Cell, Ledger, Sample, Trial
from harness.run.trials.sample import sample_of
from tests.support.samples import UNKNOWN

RATES = (10_000, 20_000, 40_000)
OPS = 5000


def step(
    rate: int, consumer: str = "one", *, received: float = 1.0, reached: float = 1.0
) -> Sample:
    """A step's sample: `received` and `reached` are shares of the events and of the rate."""
    cell = Cell("udp", f"rate-{rate}", consumer)
    arrived = int(OPS * received)
    return sample_of(
        Trial(index=0, cell=cell, block=9, position=0, seed=1, ops=OPS),
        metrics={
            "rate_per_s": float(rate),
            "rate_reached_per_s": rate * reached,
            "events_generated": OPS,
            "events_received": arrived,
        },
        ledger=Ledger(generated=OPS, complete=arrived, partial=0, lost=OPS - arrived),
        ladder=True,
    )


def only(*samples: Sample) -> Sustained:
    (found,) = sustained(samples)
    return found


def test_each_consumer_has_its_two_rates() -> None:
    samples = [step(rate, "strong") for rate in RATES for _ in range(2)]
    samples += [step(10_000, "weak"), step(10_000, "weak"), step(20_000, "weak", received=0.999)]
    strong, weak = sustained(samples)
    assert (weak.without_loss, weak.with_loss, weak.trials) == (10_000, 20_000, 2)
    assert (strong.without_loss, strong.with_loss) == (40_000, None)
    assert strong.limit == "the ladder ends here"


def test_a_load_that_is_too_slow_says_nothing_of_the_consumer() -> None:
    found = only(step(10_000), step(20_000), step(40_000, reached=0.9))
    assert (found.without_loss, found.with_loss) == (36_000, None)
    assert found.limit == "the load goes no faster"


def test_loss_below_the_rate_of_the_step_is_loss() -> None:
    found = only(step(10_000, reached=0.9, received=0.9))
    assert (found.without_loss, found.with_loss, found.limit) == (None, 10_000, "")


def test_trials_that_failed_leave_the_step_open() -> None:
    failed = replace(step(10_000), valid=False, metrics={}, ledger=UNKNOWN)
    found = only(failed)
    assert (found.without_loss, found.with_loss, found.trials) == (None, None, 0)
    assert found.limit == "no trial could be used"


def test_a_count_of_its_own_shows_loss_too() -> None:
    """A consumer without serials only counts; the kernel's `lost` may be 0 all the same."""
    ledger = Ledger(generated=OPS, complete=None, partial=None, lost=0)
    assert only(replace(step(10_000, received=0.99), ledger=ledger)).with_loss == 10_000
