"""Single samples and ledgers, for tests of what is computed from them."""

from __future__ import annotations

from typing import Any

from harness.model.run import Ledger, Sample

UNKNOWN = Ledger(generated=None, complete=None, partial=None, lost=None)
"""The ledger of a trial of which nothing is known."""


def ledger_with_loss(generated: int, lost: int) -> Ledger:
    """The ledger of a trial in which so many events were refused, and nothing is unknown."""
    return Ledger(
        generated=generated,
        complete=generated - lost,
        partial=0,
        lost=lost,
        refused=lost,
        vanished=0,
        suppressed=0,
        unexplained=0,
    )


def bare_sample(scenario: str, block: int, metrics: dict[str, float], **changes: Any) -> Sample:
    """A sample with nothing but metrics, and what is given besides."""
    fields: dict[str, Any] = {
        "index": 0,
        "workload": "udp",
        "scenario": scenario,
        "consumer": "assemble",
        "block": block,
        "position": 0,
        "seed": 1,
        "ops": 1,
        "started_at": "",
        "duration_ns": 1,
        "metrics": metrics,
        "ledger": UNKNOWN,
        "warm_up": block == 0,
    }
    return Sample(**(fields | changes))
