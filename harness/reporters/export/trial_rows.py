"""A run's samples as flat rows, one per trial: what CSV and Parquet files hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from harness.model.run import Sample

_PLAIN = (
    *("index", "kernel", "block", "position", "workload", "scenario", "consumer", "seed", "ops"),
    *("started_at", "duration_ns", "warm_up", "interleaved", "valid", "invalid_reason"),
)


def trial_rows(run: str, samples: Sequence[Sample]) -> list[dict[str, Any]]:
    """One row per trial, warm-up and invalid ones too; metrics by name, the ledger as `ledger_…`.

    Every row has the same columns; None is what the trial did not measure.
    """
    metrics = list(dict.fromkeys(name for sample in samples for name in sample.metrics))
    return [_row(run, sample, metrics) for sample in samples]


def _row(run: str, sample: Sample, metrics: Iterable[str]) -> dict[str, Any]:
    return {
        "run": run,
        **{name: getattr(sample, name) for name in _PLAIN},
        **{name: sample.metrics.get(name) for name in metrics},
        **{f"ledger_{name}": value for name, value in asdict(sample.ledger).items()},
        "backlog_high": sample.backlog_high,
        "warnings": "; ".join(sample.warnings),
    }
