"""The highest rate that a consumer sustained without loss, from the steps of a rate ladder.

Runs of before had one after their blocks; `auditbench capacity` searches for rates now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.model.result import Sustained
from harness.model.run import Sample

MIN_SHARE_OF_RATE = 0.98
"""A load that starts fewer of its operations in time has not pressed at the rate of the step."""
RATE_REACHED = "rate_reached_per_s"
RECEIVED, GENERATED = "events_received", "events_generated"


@dataclass(frozen=True, slots=True)
class Step:
    """One consumer's trials on one step; `rate` is what was asked for, per second."""

    rate: int
    samples: tuple[Sample, ...]

    @property
    def valid(self) -> tuple[Sample, ...]:
        """The trials that can be used."""
        return tuple(sample for sample in self.samples if sample.valid)


def sustained(samples: Sequence[Sample]) -> list[Sustained]:
    """What the ladder says of each consumer, in the order in which they appear."""
    by_consumer: dict[tuple[str, str], dict[int, list[Sample]]] = {}
    for sample in samples:
        if sample.ladder and (rate := sample.metrics.get("rate_per_s")):
            steps = by_consumer.setdefault((sample.workload, sample.consumer), {})
            steps.setdefault(round(rate), []).append(sample)
        elif sample.ladder:
            by_consumer.setdefault((sample.workload, sample.consumer), {})
    return [
        _climbed(workload, consumer, [Step(rate, tuple(s)) for rate, s in sorted(steps.items())])
        for (workload, consumer), steps in by_consumer.items()
    ]


def _climbed(workload: str, consumer: str, steps: Sequence[Step]) -> Sustained:
    highest: Step | None = None
    for step in steps:
        if not step.valid:
            return _stand(workload, consumer, highest, None, "its trials failed on the next step")
        if loses(step):
            return _stand(workload, consumer, highest, step.rate, "")
        if not was_pressed(step):
            # What the load did reach was kept up with.
            reached = Step(max(reached_per_s(step), highest.rate if highest else 0), step.samples)
            return _stand(workload, consumer, reached, None, "the load goes no faster")
        highest = step
    reason = "the ladder ends here" if highest else "no trial could be used"
    return _stand(workload, consumer, highest, None, reason)


def _stand(
    workload: str, consumer: str, highest: Step | None, with_loss: int | None, limit: str
) -> Sustained:
    return Sustained(
        workload=workload,
        consumer=consumer,
        without_loss=highest.rate if highest else None,
        with_loss=with_loss,
        trials=len(highest.valid) if highest else 0,
        limit=limit,
    )


def was_pressed(step: Step) -> bool:
    """Whether the load came up to the rate of the step in every trial."""
    return reached_per_s(step) >= MIN_SHARE_OF_RATE * step.rate


def reached_per_s(step: Step) -> int:
    """The rate that the load came up to in all valid trials; at least one."""
    return int(min(sample.metrics.get(RATE_REACHED, 0.0) for sample in step.valid))


def loses(step: Step) -> bool:
    """Whether any event was lost, in any trial, by the kernel's count or the consumer's."""
    return any(_lost(sample) for sample in step.valid)


def _lost(sample: Sample) -> bool:
    ledger = sample.ledger
    generated, received = sample.metrics.get(GENERATED), sample.metrics.get(RECEIVED)
    short = generated is not None and received is not None and received < generated
    return bool(ledger.lost or ledger.partial or ledger.vanished or short)
