"""Adapters from packages of their own: the entry points of the group `auditbench.consumers`.

The name of an entry point is that of the consumer; its object is the adapter, or a class or
function that makes it without arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, cast

from harness.consumers.base import Consumer, ConsumerSetup, Found, RunningConsumer
from harness.errors import AuditbenchError, UsageError
from harness.processes.line_process import ChildFailedError

GROUP = "auditbench.consumers"
REMEDY = "mend that package or remove it"
_OF_OTHERS = (Exception, SystemExit)
"""What the code of others may raise; Ctrl-C is not theirs."""
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
    except _OF_OTHERS as error:
        raise UsageError(
            f"{_words(point)} cannot be used ({_reason(error)})", remedy=REMEDY
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
    return cast("Consumer", _Packaged(cast("Consumer", made), _words(point)))


class _Packaged:
    """An adapter of a package. What its code raises against its interface is an error of that
    package, told as such, and ends no more than the trial.
    """

    def __init__(self, made: Consumer, words: str) -> None:
        self._made, self._words = made, words

    def __getattr__(self, name: str) -> Any:
        return getattr(self._made, name)

    def find(self, binary: Path | None) -> Found | None:
        """Find its program."""
        try:
            return self._made.find(binary)
        except AuditbenchError:
            raise
        except _OF_OTHERS as error:
            what = f"{self._words} failed to find its program ({_reason(error)})"
            raise UsageError(what, remedy=REMEDY) from None

    def start(self, setup: ConsumerSetup) -> RunningConsumer:
        """Start it, and return when it is ready."""
        running = _Guarded(self._made, self._words).start(setup)
        return cast("RunningConsumer", _Guarded(running, self._words))


class _Guarded:
    """The same object, whose methods raise what the interface says, or ChildFailedError."""

    def __init__(self, of: object, words: str) -> None:
        self._of, self._words = of, words

    def __getattr__(self, name: str) -> Any:
        try:
            found = getattr(self._of, name)
        except _OF_OTHERS as error:
            if isinstance(error, AttributeError):
                raise
            raise self._failed(name, error) from None
        return self._guarded(name, found) if callable(found) else found

    def _guarded(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*words: Any, **named: Any) -> Any:
            try:
                return method(*words, **named)
            except (AuditbenchError, TimeoutError):
                raise
            except _OF_OTHERS as error:
                raise self._failed(name, error) from None

        return call

    def _failed(self, name: str, error: BaseException) -> ChildFailedError:
        return ChildFailedError(f"{self._words} failed in {name} ({_reason(error)})")


def _reason(error: BaseException) -> str:
    """What an error says, in a line; with its kind where that alone says what is meant."""
    lines = str(error).splitlines()
    if not lines:
        return type(error).__name__
    return f"{type(error).__name__}: {lines[0]}" if isinstance(error, LookupError) else lines[0]


def _words(point: EntryPoint) -> str:
    package = f" of {point.dist.name}" if point.dist is not None else ""
    return f"the consumer {point.name!r}{package}"
