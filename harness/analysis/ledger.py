"""The ledger: every event of a trial is accounted for.

    generated = complete + partial + refused + vanished + unexplained

`lost` counts records that the backlog refused. An event whose first record was refused is gone as
a whole and leaves no gap in the serials; each later refusal makes an event partial. So the events
refused are `lost` less the records missing from partial events. What the kernel queued and did
not deliver (multicast and hold-queue drops) is not in `lost`, but leaves a gap in the serials.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.model import Ledger


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one trial knows: counts of events and records, None where it could not be seen."""

    generated: int | None
    complete: int | None
    partial: int | None
    missing_records: int | None
    lost: int | None
    serial_gaps: int | None
    received_records: int | None = None
    duplicate_records: int | None = None
    late_records: int | None = None
    socket_drops: int | None = None
    enobufs: int | None = None
    waited_ms: float | None = None
    attribution: str = "session"


def close_ledger(evidence: Evidence) -> Ledger:
    """The ledger of a trial; terms that the evidence does not cover stay None."""
    ledger = Ledger(
        generated=evidence.generated,
        complete=evidence.complete,
        partial=evidence.partial,
        lost=evidence.lost,
        missing_records=evidence.missing_records,
        received_records=evidence.received_records,
        duplicate_records=evidence.duplicate_records,
        late_records=evidence.late_records,
        socket_drops=evidence.socket_drops,
        enobufs=evidence.enobufs,
        waited_ms=evidence.waited_ms,
        attribution=evidence.attribution,
    )
    if evidence.lost is None or evidence.missing_records is None:
        return ledger
    refused = max(evidence.lost - evidence.missing_records, 0)
    ledger = replace(ledger, refused=refused, vanished=evidence.serial_gaps)
    return replace(ledger, unexplained=_unexplained(ledger))


def _unexplained(ledger: Ledger) -> int | None:
    known = (ledger.complete, ledger.partial, ledger.refused, ledger.vanished)
    if ledger.generated is None or any(term is None for term in known):
        return None
    return ledger.generated - sum(term for term in known if term is not None)
