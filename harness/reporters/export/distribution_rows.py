"""What was recorded within each trial, as flat rows: latencies by bucket, the queue over time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from harness.model.run import Moment, Sample
from harness.model.stored.trial import StoredLatency, StoredWorkload
from workloads.parts.latency import bucket_of, bucket_upper_ns

_OF_TRIAL = (
    *("index", "started_at", "block", "workload", "scenario", "consumer"),
    *("warm_up", "valid"),
)
LATENCY = ("run", *_OF_TRIAL, "latency_at_least_ns", "latency_at_most_ns", "operations")
TIMELINE = ("run", *_OF_TRIAL, *Moment._fields)
"""The columns of each, also where there is no row."""


def latency_rows(run: str, samples: Iterable[Sample]) -> Iterator[dict[str, Any]]:
    """One row per trial and bucket that is not empty: so many operations took about so long.

    `latency_at_least_ns` and `latency_at_most_ns` bound the bucket; the last is bounded by the
    longest operation. Trials that did not measure single operations have no row.
    """
    for sample in samples:
        latency = StoredWorkload.of(sample).latency or StoredLatency()
        for lower_ns, operations in latency.buckets:
            upper_ns = bucket_upper_ns(bucket_of(lower_ns))
            yield {
                **_trial(run, sample),
                "latency_at_least_ns": lower_ns,
                "latency_at_most_ns": max(min(upper_ns, latency.max_ns), lower_ns),
                "operations": operations,
            }


def timeline_rows(run: str, samples: Iterable[Sample]) -> Iterator[dict[str, Any]]:
    """One row per trial and moment: the kernel's queue, what is lost, and what is unread.

    `t_ms` counts from the beginning of the load; `lost` counts since then. `unread_bytes` is None
    where no socket of the consumer is known to be its own.
    """
    for sample in samples:
        for moment in sample.timeline:
            yield {**_trial(run, sample), **moment._asdict()}


def _trial(run: str, sample: Sample) -> dict[str, Any]:
    """What tells a trial from others; one that was repeated has another time."""
    return {"run": run, **{name: getattr(sample, name) for name in _OF_TRIAL}}
