"""Adapters from packages of their own: the entry points of the group `auditbench.consumers`.

The name of an entry point is that of the consumer; its object is the adapter, or a class or
function that makes it without arguments.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from harness.consumers.base import Consumer
from harness.errors import UsageError

GROUP = "auditbench.consumers"
_PARTS = ("summary", "sees_events", "registers", "changes", "by_tree", "find", "start")


@cache
def installed() -> dict[str, EntryPoint]:
    """The entry points of the group, by name; nothing of the packages is imported."""
    return {point.name: point for point in entry_points(group=GROUP)}


@cache
def adapter(name: str) -> Consumer:
    """The adapter of an entry point. UsageError if it cannot be imported, or is none."""
    point = installed()[name]
    try:
        found = point.load()
        made = found() if isinstance(found, type) or not hasattr(found, "start") else found
    except Exception as error:  # the code of others may raise anything
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UsageError(
            f"{_words(point)} cannot be used ({reason})", remedy="mend that package or remove it"
        ) from None
    lacking = [part for part in _PARTS if not hasattr(made, part)]
    if lacking:
        raise UsageError(
            f"{_words(point)} is no consumer: it lacks {', '.join(lacking)}",
            remedy="docs/own-consumer.md shows what an adapter has",
        )
    if getattr(made, "name", name) != name:
        raise UsageError(
            f"{_words(point)} calls its consumer {made.name!r}", remedy=f"call it {name!r} in both"
        )
    return cast("Consumer", made)


def _words(point: EntryPoint) -> str:
    package = f" of {point.dist.name}" if point.dist is not None else ""
    return f"the consumer {point.name!r}{package}"
