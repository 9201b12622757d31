"""What the two ways to the refused differ by, and how much of it other processes' losses can be.

An event of another process that is lost is one of `lost` or a missing serial like the trial's own,
and nothing tells whose it was. So the ways may differ, by no more than so many events; which is a
bound to the result, and no contradiction. What others cannot have made stays unexplained; so does
what they can have made, but not with so few events of theirs beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

MIN_STRAYS = 10
STRAY_SHARE = 0.01
"""Of `lost`, as much may be others' where the rules name the load only: logins, messages of
programs and changes of the kernel's state are recorded without a rule."""
UNEVEN = 2
"""Others need not lose at the same time as the load: of `lost`, so many times the share that they
have of the events that arrived may be theirs."""
MARKERS = 3
"""Events of the harness in each trial: the start marker and the two that close it."""


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
    moved = _not_of_the_trial(books, without_serial)
    if moved is None or moved > books.vanished + unnamed:
        return _contradiction(books, without_serial, strays)
    allowed = moved if strays is None else min(moved, strays)
    refused = without_serial + moved
    # `lost` may hold more than the trial's own: refused at once, or later records of theirs.
    more = max(books.refused_low - refused, 0)
    # Never more refused than were demanded.
    left = 0 if strays is None else min(max(allowed + more - strays, 0), received)
    vanished = min(allowed, books.vanished)
    return Settled(
        refused=refused + left,
        unexplained=allowed - moved - left,
        foreign=allowed + more - left,
        vanished=vanished,
        unnamed=allowed - vanished,
    )


def _not_of_the_trial(books: Books, without_serial: int) -> int | None:
    """How many, at least, of the missing serials and the unnamed events must be others'.

    None where no number of them lets `lost` and the serials agree.
    """
    least = max(-without_serial, 0)
    if books.spared is None:
        return least if without_serial + least <= books.refused_high else None
    # One that is another's is one more of the trial's that was refused, and so many records less.
    over = without_serial - books.refused_high
    if over <= (books.spared - 1) * least:
        return least
    return -(-over // (books.spared - 1)) if books.spared > 1 else None


def _contradiction(books: Books, without_serial: int, strays: int | None) -> Settled:
    if without_serial >= 0:
        return Settled(max(books.refused_high, 0), without_serial - books.refused_high)
    more = max(books.refused_low, 0)
    left = 0 if strays is None else max(more - strays, 0)
    return Settled(left, without_serial - left, more - left)


def strays_of(lost: int | None, foreign_events: int | None, received: int) -> int:
    """How many events others can have lost where the rules name the load only.

    `received` events of the load arrived, and `foreign_events` of others, the markers included.
    """
    others = max((foreign_events or 0) - MARKERS, 0)
    share = min(UNEVEN * others / (others + received), 1) if others else 0
    return max(MIN_STRAYS, round((lost or 0) * max(STRAY_SHARE, share)))
