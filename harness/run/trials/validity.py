"""The rule by which a trial is not used. It is fixed before the run and stored with its plan.

A trial is kept, counted and left out of the statistics for the reasons in `ALWAYS`, and if it is
above a limit of disturbance in the plan's `[invalid]`. No result of a trial can make it invalid. A
disturbed trial can be repeated immediately, by the same rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.counted import counted
from harness.errors import HostUnfitError
from harness.metrics.machine import read_machine
from harness.model.stored.documents import WorkerDocument

ALWAYS = (
    "operations failed",
    "a process died or did not answer in time",
    "the sync marker never came back",
    "somebody else changed the audit state in force",
)


def rule_document(limits: Mapping[str, float], retries: int) -> dict[str, Any]:
    """The rule as stored: `always`, the limits by metric, and the number of repetitions."""
    return {"always": list(ALWAYS), **limits} | ({"retries": retries} if retries else {})


def why_invalid(document: WorkerDocument, *, drained: bool, meddling: str) -> str:
    """What is wrong with a trial whatever the plan says; empty where nothing is."""
    if meddling:
        return meddling
    if document.failures:
        errors = ", ".join(f"{name} {count}×" for name, count in document.errors.items())
        return f"{counted(document.failures, 'operation')} failed ({errors})"
    return "" if drained else "the sync marker never came back"


def too_disturbed(metrics: Mapping[str, float], limits: Mapping[str, float]) -> str:
    """The plan's limits that a trial is above, in words; empty if it is above none."""
    above = [
        f"{name} {metrics[name]:.1f} is above the plan's {limit:g}"
        for name, limit in limits.items()
        if metrics.get(name, 0.0) > limit
    ]
    return "; ".join(above)


def refuse_unreadable(limits: Mapping[str, float]) -> None:
    """Raise HostUnfitError if a limit is for a metric that this kernel does not report."""
    known = read_machine().delta(read_machine()).noise() if limits else {}
    for name in limits:
        if name not in known and name != "slowdown_percent":
            raise HostUnfitError(
                f"the plan sets a limit for {name}, which this kernel does not report",
                remedy="take it out of [invalid], or boot with psi=1",
            )
