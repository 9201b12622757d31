"""What of a history is shown, by the words after `--cell`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from harness.errors import UsageError, one_of
from harness.renamed import hint

T = TypeVar("T")


def choose(
    items: Sequence[T], words: Sequence[str], names_of: Callable[[T], tuple[str, ...]]
) -> list[T]:
    """The items that a word names by one of their names, or by several with `/`; without words all.

    The first two names are those of workload and scenario. Raises UsageError for a word that names
    none.
    """
    chosen: list[T] = []
    for word in words:
        parts = set(word.split("/"))
        named = [item for item in items if parts <= set(names_of(item))]
        if not named:
            names = dict.fromkeys("/".join(names_of(item)[:2]) for item in items)
            old = (found for part in word.split("/") if (found := hint(part)))
            remedy = next(old, "") or one_of(word, names)
            raise UsageError(f"--cell {word!r} is none of these runs", remedy=remedy)
        chosen += named
    return [item for item in items if item in chosen] if words else list(items)
