"""What the two ways to the refused differ by, and how much of it other processes' losses can be.

An event of another process that is lost is one of `lost` or a missing serial like the trial's own,
and nothing tells whose it was. So the ways may differ, by no more than so many events; which is a
bound to the result, and no contradiction. What others cannot have made stays unexplained.
"""

from __future__ import annotations

from dataclasses import dataclass

LEAST_STRAYS = 10
STRAY_SHARE = 0.01
"""Of `lost`, as much may be others' where the rules name the load only: logins, messages of
programs and changes of the kernel's state are recorded without a rule."""


@dataclass(frozen=True, slots=True)
class Books:
    """The evidence added up, where it suffices: all in records but `refused_*`, in events."""

    vanished: int
    """Events, without the sync markers among the missing serials."""
    dropped_records: int | None
    """Dropped after the event had a serial."""
    refused_low: int
    refused_high: int
    spared: int | None = None
    """By how much `refused_high` grows for each missing event that was not the trial's, and had
    but one record; None where it does not depend on the missing."""


@dataclass(frozen=True, slots=True)
class Settled:
    """The refused, and the difference. `vanished` and `unnamed` are taken for events of others."""

    refused: int
    unexplained: int = 0
    foreign: int = 0
    """At most so many events of others are among what was lost."""
    vanished: int = 0
    unnamed: int = 0


def settle(
    books: Books, without_serial: int, *, unnamed: int, received: int, strays: int | None
) -> Settled:
    """The account of a trial of which `without_serial` events demanded were never seen.

    `unnamed` of the `received` events are of nobody known. `strays` is how many events others can
    have lost at most; None is any number.
    """
    refused = min(max(without_serial, books.refused_low), books.refused_high)
    rest = without_serial - refused
    if rest > 0:
        return _fewer_counted(books, without_serial, rest, unnamed, strays)
    if rest < 0:
        return _more_counted(books, without_serial, unnamed, received, strays)
    return Settled(max(refused, 0))


def _fewer_counted(
    books: Books, without_serial: int, rest: int, unnamed: int, strays: int | None
) -> Settled:
    """More events are gone than `lost` can hold: where missing events were smaller than ours."""
    refused = max(without_serial - rest, 0)
    # One more of the missing that was another's is one more of the trial's that was refused.
    gain = (books.spared or 0) - 1
    if gain <= 0:
        return Settled(refused, rest)
    foreign = max(-(-rest // gain), -without_serial)
    if foreign > books.vanished + unnamed or (strays is not None and foreign > strays):
        return Settled(refused, rest)
    vanished = min(foreign, books.vanished)
    return Settled(
        without_serial + foreign, 0, foreign, vanished=vanished, unnamed=foreign - vanished
    )


def _more_counted(
    books: Books, without_serial: int, unnamed: int, received: int, strays: int | None
) -> Settled:
    """`lost` or the serials hold more than the trial's: the rest was others', or is wrong."""
    missing = max(without_serial, 0)
    too_many = missing - without_serial
    vanished = min(too_many, books.vanished)
    unnamed = min(too_many - vanished, unnamed)
    if books.spared is not None:
        # Each of them had a record that was dropped, and that is counted as well.
        over = -(books.refused_high + books.spared * (vanished + unnamed))
        vanished = max(vanished - max(over, 0), 0)
    stuck = too_many - vanished - unnamed
    foreign = max(books.refused_low, 0) - without_serial - stuck
    # Never more refused than were demanded.
    left = 0 if strays is None else min(max(foreign - strays, 0), received)
    return Settled(missing + left, -stuck - left, foreign - left, vanished, unnamed)


def strays_of(lost: int | None) -> int:
    """How many events others can have lost where the rules name the load only."""
    return max(LEAST_STRAYS, round((lost or 0) * STRAY_SHARE))
