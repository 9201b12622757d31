"""The ledger: every event of a trial is accounted for.

    generated = complete + partial + refused + vanished + suppressed + unexplained

Two independent ways lead to the events that the backlog refused. An event that was refused has no
serial, so they are what the rules demanded, less the events received and the serials missing. And
the kernel's `lost` counts them, together with the records that were dropped after their event had
a serial. Where the second is known exactly, so is `unexplained`; where the kernel counts some
drops and not others, `refused` is only held between bounds (docs/ledger.md tells where and why).
What the two ways differ by is first looked for among the losses of other processes, which `lost`
and the serials count as well (ledger_others.py); only what these cannot make is unexplained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.analysis.ledger_others import Books, Settled, settle, strays_of
from harness.model.run import Ledger


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one trial knows: counts of events and records, None where it could not be seen.

    `demanded` are the events that all rules together demand, `suppressed` those that `never`
    rules kept back. `partial` and `missing_records` do not include the `unnamed`: events whose
    SYSCALL record is among the missing, so that nothing tells whose they are.
    """

    demanded: int | None
    complete: int | None
    partial: int | None
    missing_records: int | None
    lost: int | None
    serial_gaps: int | None
    suppressed: int | None = 0
    records_per_event: int | None = None
    """None where the events of the trial differ in it, or none arrived to tell."""
    unnamed: int = 0
    unnamed_records: int = 0
    foreign_events: int | None = None
    foreign_missing_records: int = 0
    """Missing from events of others; a lower bound."""
    scoped: bool = False
    """Whether the rules name the load only, so that they record nothing of others."""
    multicast: bool = False
    backlog_limit: int | None = None
    """In force; 0 is no limit, None is not known."""
    rate_limit: int | None = 0
    hold_queue: bool = False
    """Whether the kernel keeps records for a daemon to come (`audit=1` at boot)."""
    markers_missing: int = 0
    other_messages: int = 0
    """Messages of the harness of which it is not known whether they came."""
    received_records: int | None = None
    duplicate_records: int | None = None
    late_records: int | None = None
    after_marker_events: int | None = None
    unreadable_records: int = 0
    """Truncated or malformed when they arrived."""
    socket_drops: int | None = None
    enobufs: int | None = None
    waited_ms: float | None = None
    attribution: str = "session"
    loses_inside: bool = False
    """Whether the consumer may lose what it received, which `lost` does not count."""
    stopped_reading: bool = False
    """Whether it took nothing any more once its socket had been full: no serial shows its end."""


@dataclass(frozen=True, slots=True)
class _Account:
    """What the books say of the trial; parts are None where the evidence does not cover them."""

    books: Books | None = None
    settled: Settled | None = None
    refused: int | None = None


def close_ledger(evidence: Evidence) -> Ledger:
    """The ledger of a trial; terms that the evidence does not cover stay None."""
    evidence = _with_lost_end(evidence)
    account = _closest([_account(evidence, number) for number in _markers_with_serial(evidence)])
    books, settled = account.books, account.settled
    vanished, unnamed = (settled.vanished, settled.unnamed) if settled else (0, 0)
    partial = None if evidence.partial is None else evidence.partial + evidence.unnamed
    return Ledger(
        generated=_generated(evidence),
        complete=evidence.complete,
        partial=None if partial is None else partial - unnamed,
        refused=account.refused,
        vanished=books.vanished - vanished if books else None,
        suppressed=evidence.suppressed,
        unexplained=settled.unexplained if settled else None,
        **_bounds(account),
        foreign_lost=settled.foreign if settled else None,
        lost=evidence.lost,
        missing_records=evidence.missing_records,
        unnamed_events=None if evidence.partial is None else evidence.unnamed - unnamed,
        foreign_events=evidence.foreign_events,
        markers_missing=evidence.markers_missing,
        serial_gaps=evidence.serial_gaps,
        received_records=evidence.received_records,
        duplicate_records=evidence.duplicate_records,
        late_records=evidence.late_records,
        after_marker_events=evidence.after_marker_events,
        socket_drops=evidence.socket_drops,
        enobufs=evidence.enobufs,
        waited_ms=evidence.waited_ms,
        attribution=evidence.attribution,
        **_stages(evidence, account),
    )


def _with_lost_end(evidence: Evidence) -> Evidence:
    """The same, with what came after the last event of a listener that stopped reading: it left no
    gap, and is all that is missing where the kernel refused nothing.
    """
    known = (evidence.demanded, evidence.complete, evidence.partial, evidence.serial_gaps)
    if not evidence.stopped_reading or evidence.lost or None in known:
        return evidence
    demanded, complete, partial, gaps = (each or 0 for each in known)
    end = demanded - complete - partial - evidence.unnamed - gaps
    return replace(evidence, serial_gaps=gaps + max(end, 0))


def _bounds(account: _Account) -> dict[str, int | None]:
    """What `lost` allows for `refused`; it holds the term also where others lost events."""
    books = account.books
    if books is None:
        return {"refused_low": None, "refused_high": None}
    low, high = max(books.refused_low, 0), max(books.refused_high, 0)
    if account.settled is not None and account.settled.foreign:
        low, high = min(low, account.settled.refused), max(high, account.settled.refused)
    return {"refused_low": low, "refused_high": high}


def _markers_with_serial(evidence: Evidence) -> Sequence[int]:
    """How many messages of the harness that did not come may be among the missing serials.

    One that the backlog refused has none; one that was dropped later has. Where both can be, as
    many as possible are tried first.
    """
    # How many of the others did not come shows only where it is known what had to come.
    others = 0 if evidence.demanded is None else evidence.other_messages
    missing = evidence.markers_missing + others
    if not (evidence.socket_drops or evidence.rate_limit != 0 or evidence.loses_inside):
        return (0,)
    return (missing,) if evidence.backlog_limit == 0 else range(missing, -1, -1)


def _closest(accounts: Sequence[_Account]) -> _Account:
    """The first that leaves least unexplained, and least to others."""

    def rest(account: _Account) -> tuple[int, int]:
        settled = account.settled or Settled(0)
        return abs(settled.unexplained), settled.foreign

    return min(accounts, key=rest)


def _account(evidence: Evidence, markers: int) -> _Account:
    """The account where so many of the missing markers have a serial."""
    books = _books(evidence, markers)
    if books is None or evidence.complete is None or evidence.partial is None:
        return _Account(books)
    if evidence.demanded is None:
        exact = books.refused_low == books.refused_high
        return _Account(books, refused=max(books.refused_low, 0) if exact else None)
    received = evidence.complete + evidence.partial + evidence.unnamed
    settled = settle(
        books,
        evidence.demanded - received - books.vanished,
        unnamed=evidence.unnamed,
        received=received,
        strays=_strays(evidence, received) if evidence.scoped else None,
    )
    return _Account(books, settled, settled.refused)


def _strays(evidence: Evidence, received: int) -> int:
    return strays_of(evidence.lost, evidence.foreign_events, received)


def _generated(evidence: Evidence) -> int | None:
    return None if evidence.demanded is None else evidence.demanded + (evidence.suppressed or 0)


def _books(evidence: Evidence, markers: int) -> Books | None:
    if evidence.lost is None or evidence.missing_records is None or evidence.serial_gaps is None:
        return None
    vanished = max(evidence.serial_gaps - markers, 0)
    dropped = _dropped_records(evidence, vanished)
    if evidence.backlog_limit == 0:
        return Books(vanished, dropped, 0, 0)
    least, most = _counted_drops(evidence, dropped)
    # `lost` may hold each marker that did not come back, too, and what others' events lack.
    low = max(evidence.lost - most - evidence.markers_missing - evidence.foreign_missing_records, 0)
    # Below 0 where the books contradict each other; that must not look like a 0.
    high = evidence.lost - least
    spared = (evidence.records_per_event or 1) - 1 if least else None
    return Books(vanished, dropped, min(low, high), high, spared)


def _dropped_records(evidence: Evidence, vanished: int) -> int | None:
    """Records whose event had a serial and that did not arrive."""
    missing, size = evidence.missing_records or 0, evidence.records_per_event
    if size is None:
        return missing if vanished == evidence.unnamed == 0 else None
    return missing + size * (evidence.unnamed + vanished) - evidence.unnamed_records


def _counted_drops(evidence: Evidence, dropped: int | None) -> tuple[int, int]:
    """At least and at most how many of the dropped records `lost` counts."""
    lost = evidence.lost or 0
    if dropped is None:
        return 0, lost
    drops = evidence.socket_drops or 0
    if evidence.loses_inside:
        # Nor are end-of-event records in its output: `lost` may count those that are missing.
        return 0, lost
    if evidence.multicast:
        # A full multicast socket costs one record each time, and its counter tells every one.
        exact = max(dropped - drops, 0)
        return exact, lost if evidence.hold_queue else exact
    # A full unicast socket sends records to the retry queue: some are sent again, some dropped
    # and counted, some dropped and not counted.
    return (0, min(dropped, lost)) if drops else (dropped, dropped)


def _stages(evidence: Evidence, account: _Account) -> dict[str, int | None]:
    """Records by the stage that dropped them; None where two stages cannot be told apart."""
    books, refused = account.books, account.refused
    if books is None or refused is None:
        return {}
    foreign = account.settled.foreign if account.settled else 0
    counted = max((evidence.lost or 0) - refused - foreign, 0)
    drops = evidence.socket_drops or 0
    retried = not evidence.multicast and drops > 0
    kept = evidence.multicast and evidence.hold_queue
    rate: int | None = 0
    later: int | None = 0
    overflow: int | None = 0
    if retried or kept:
        only = retried and not (counted or evidence.rate_limit)
        overflow = books.dropped_records if only else None
    if evidence.rate_limit != 0:
        rate = counted if evidence.backlog_limit == 0 and overflow == 0 else None
    if evidence.backlog_limit != 0:
        later = counted if rate == 0 and overflow == 0 else None
    if counted == 0:
        rate, later = 0, 0
    return {
        "stage_backlog_records": later,
        "stage_rate_records": rate,
        "stage_retry_records": overflow,
        "stage_multicast_records": drops if evidence.multicast else 0,
        "stage_consumer_records": _consumer_records(evidence, books),
    }


def _consumer_records(evidence: Evidence, books: Books) -> int | None:
    """Records that the consumer received and could not read, or did not write down."""
    if not evidence.loses_inside:
        return evidence.unreadable_records
    # What the kernel dropped, where it dropped any, cannot be told from what the consumer lost.
    return None if evidence.lost or evidence.socket_drops else books.dropped_records
