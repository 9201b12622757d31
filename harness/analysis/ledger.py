"""The ledger: every event of a trial is accounted for.

    generated = complete + partial + refused + vanished + suppressed + unexplained

Two independent ways lead to the events that the backlog refused. An event that was refused has no
serial, so they are what the rules demanded, less the events received and the serials missing. And
the kernel's `lost` counts them, together with the records that were dropped after their event had
a serial. Where the second is known exactly, so is `unexplained`; where the kernel counts some
drops and not others, `refused` is only held between bounds (docs/ledger.md tells where and why).
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.model import Ledger


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
    multicast: bool = False
    backlog_limit: int | None = None
    """In force; 0 is no limit, None is not known."""
    rate_limit: int | None = 0
    hold_queue: bool = False
    """Whether the kernel keeps records for a daemon to come (`audit=1` at boot)."""
    markers_missing: int = 0
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


@dataclass(frozen=True, slots=True)
class _Books:
    """The evidence added up, where it suffices: all in records but `refused_*`, in events."""

    vanished: int
    """Events, without the sync markers among the missing serials."""
    dropped_records: int | None
    """Dropped after the event had a serial."""
    refused_low: int
    refused_high: int


def close_ledger(evidence: Evidence) -> Ledger:
    """The ledger of a trial; terms that the evidence does not cover stay None."""
    books = _books(evidence)
    refused, unexplained = _refused(evidence, books)
    partial = None if evidence.partial is None else evidence.partial + evidence.unnamed
    return Ledger(
        generated=_generated(evidence),
        complete=evidence.complete,
        partial=partial,
        refused=refused,
        vanished=books.vanished if books else None,
        suppressed=evidence.suppressed,
        unexplained=unexplained,
        refused_low=max(books.refused_low, 0) if books else None,
        refused_high=max(books.refused_high, 0) if books else None,
        lost=evidence.lost,
        missing_records=evidence.missing_records,
        unnamed_events=None if evidence.partial is None else evidence.unnamed,
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
        **_stages(evidence, books, refused),
    )


def _generated(evidence: Evidence) -> int | None:
    return None if evidence.demanded is None else evidence.demanded + (evidence.suppressed or 0)


def _books(evidence: Evidence) -> _Books | None:
    if evidence.lost is None or evidence.missing_records is None or evidence.serial_gaps is None:
        return None
    vanished = _vanished(evidence, evidence.serial_gaps)
    dropped = _dropped_records(evidence, vanished)
    if evidence.backlog_limit == 0:
        return _Books(vanished, dropped, 0, 0)
    least, most = _counted_drops(evidence, dropped)
    # `lost` may hold each marker that did not come back, too.
    low = max(evidence.lost - most - evidence.markers_missing, 0)
    # Below 0 where the books contradict each other; that must not look like a 0.
    high = evidence.lost - least
    return _Books(vanished, dropped, min(low, high), high)


def _vanished(evidence: Evidence, gaps: int) -> int:
    """Serials of the trial that are missing. A marker was refused where nothing else drops."""
    drops = evidence.socket_drops or evidence.rate_limit != 0 or evidence.loses_inside
    return max(gaps - evidence.markers_missing, 0) if drops else gaps


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


def _refused(evidence: Evidence, books: _Books | None) -> tuple[int | None, int | None]:
    """The events refused, and what no term explains."""
    if books is None or evidence.complete is None or evidence.partial is None:
        return None, None
    exact = books.refused_low == books.refused_high
    if evidence.demanded is None:
        return (max(books.refused_low, 0) if exact else None), None
    seen = evidence.complete + evidence.partial + evidence.unnamed + books.vanished
    without_serial = evidence.demanded - seen
    refused = min(max(without_serial, books.refused_low), books.refused_high)
    return max(refused, 0), without_serial - refused


def _stages(evidence: Evidence, books: _Books | None, refused: int | None) -> dict[str, int | None]:
    """Records by the stage that dropped them; None where two stages cannot be told apart."""
    if books is None or refused is None:
        return {}
    counted = (evidence.lost or 0) - refused
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


def _consumer_records(evidence: Evidence, books: _Books) -> int | None:
    """Records that the consumer received and could not read, or did not write down."""
    if not evidence.loses_inside:
        return evidence.unreadable_records
    # What the kernel dropped, where it dropped any, cannot be told from what the consumer lost.
    return None if evidence.lost or evidence.socket_drops else books.dropped_records
