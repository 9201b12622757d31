"""Counts with their nouns, in the right number: `1 event`, `2,000 events`.

Every text that people read takes them from here; a house test finds a noun that was put into the
plural by hand.
"""

from __future__ import annotations


def counted(number: float, one: str, many: str | None = None) -> str:
    """A count and what is counted.

    `many` is what is said of any other number than 1, with an s at its end unless given; both may
    go on after the noun: `counted(n, "trial has", "trials have")`.
    """
    shown = f"{number:,}" if isinstance(number, int) else f"{number:,.15g}"
    return f"{shown} {agreeing(number, one, f'{one}s' if many is None else many)}"


def agreeing(number: float, one: str, many: str) -> str:
    """The word that agrees with a number: `agreeing(n, "is", "are")`."""
    return one if number == 1 else many
