"""Limits that no number of blocks could decide: a mistake of whoever gave them."""

from __future__ import annotations

from collections.abc import Iterable

from harness.errors import UsageError
from harness.model.gate import Limit

ZERO_REFERENCE = "the reference uses none of it, so give an absolute limit"
NO_SUCH_METRIC = "this cell has no such metric"
"""Notes of a reading."""
_OF_THE_CONSUMER = "cpu_consumer_ns_per_op"


def require_judgeable(limit: Limit, notes: Iterable[str]) -> None:
    """UsageError where the notes of all the limit's cells say that it can never be judged."""
    reasons = set(notes)
    if not reasons or not reasons <= {ZERO_REFERENCE, NO_SUCH_METRIC}:
        return
    why, remedy = "none of its cells has this metric", "`auditbench list metrics` explains it"
    if ZERO_REFERENCE in reasons:
        why, remedy = "the reference uses none of it", f"give a time, such as {_as_time(limit)}"
    raise UsageError(f"--fail {limit.text!r} can never be judged: {why}", remedy=remedy)


def require_a_consumer(limit: Limit, reference_consumer: str | None) -> None:
    """UsageError, before measuring, for the consumer's CPU against a reference without one."""
    if limit.basis == "reference" and limit.metric == _OF_THE_CONSUMER:
        require_judgeable(limit, [ZERO_REFERENCE] if reference_consumer == "none" else [])


def _as_time(limit: Limit) -> str:
    return f"{limit.text.rpartition(':')[0]}:20us"
