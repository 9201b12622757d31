"""The stored sample, from a trial and its measurements."""

from __future__ import annotations

from typing import Any

from harness.model.run import Ledger, Sample, Trial


def sample_of(
    trial: Trial,
    *,
    metrics: dict[str, float],
    ledger: Ledger,
    invalid_reason: str = "",
    disturbance: str = "",
    started_at: str = "",
    duration_ns: int = 0,
    **rest: Any,
) -> Sample:
    """The sample of a trial. `disturbance` names the plan's limits that it is above.

    A fault of the trial itself takes precedence over a disturbance: it is not repeated.
    """
    return Sample(
        index=trial.index,
        workload=trial.cell.workload,
        scenario=trial.cell.scenario,
        consumer=trial.cell.consumer,
        block=trial.block,
        position=trial.position,
        seed=trial.seed,
        ops=trial.ops,
        started_at=started_at,
        duration_ns=duration_ns,
        metrics=metrics,
        ledger=ledger,
        warm_up=trial.block == 0,
        valid=not (invalid_reason or disturbance),
        invalid_reason=invalid_reason or disturbance,
        disturbed=bool(disturbance and not invalid_reason),
        **rest,
    )
