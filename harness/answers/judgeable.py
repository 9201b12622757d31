"""Limits that no number of blocks could decide: a mistake of whoever gave them."""

from __future__ import annotations

from collections.abc import Iterable

from harness.errors import UsageError
from harness.metrics.catalog import METRICS
from harness.model.gate import Limit
from harness.model.reference import Reference

ZERO_REFERENCE = "the reference uses none of it, so give an absolute limit"
NO_SUCH_METRIC = "this cell has no such metric"
"""Notes of a reading."""
_OF_THE_CONSUMER = "cpu_consumer_ns_per_op"
BETWEEN_CONSUMERS = "it compares consumers, and the reference is a scenario"


def require_judgeable(limit: Limit, notes: Iterable[str]) -> None:
    """UsageError where the notes of all the limit's cells say that it can never be judged."""
    reasons = set(notes)
    if not reasons or not reasons <= {ZERO_REFERENCE, NO_SUCH_METRIC}:
        return
    why, remedy = "none of its cells has this metric", "`auditbench list metrics` explains it"
    if ZERO_REFERENCE in reasons:
        why, remedy = "the reference uses none of it", f"give {_as_amount(limit)}"
    raise UsageError(f"--fail {limit.text!r} can never be judged: {why}", remedy=remedy)


def require_a_consumer(limit: Limit, reference: Reference) -> None:
    """UsageError for the consumer's CPU against a reference without a consumer, and for what only
    consumers can be compared in against a scenario.
    """
    if limit.basis != "reference":
        return
    if limit.metric == _OF_THE_CONSUMER or METRICS[limit.metric].of_consumer:
        require_judgeable(limit, [ZERO_REFERENCE] if reference.consumer == "none" else [])
    if METRICS[limit.metric].of_consumer and (reference.scenario or not reference.consumer):
        raise UsageError(
            f"--fail {limit.text!r} can never be judged: {BETWEEN_CONSUMERS}",
            remedy=f"name a consumer as --reference, or give {_as_amount(limit)}",
        )


def _as_amount(limit: Limit) -> str:
    name = limit.text.rpartition(":")[0]
    size = METRICS[limit.metric].unit == "B"
    return f"a size, such as {name}:50MiB" if size else f"a time, such as {name}:20us"
