"""Ledgers of before the losses of other processes had a term, read as they are written now.

An event of another process that was lost counted as one of the load's, and what was too much by it
as unexplained. It was never more than the events that the load itself seemed to have lost.
"""

from __future__ import annotations

from dataclasses import replace

from harness.model.run import Ledger, Sample


def sample_of_now(sample: Sample) -> Sample:
    """The sample with its ledgers as they are written now."""
    beside = sample.beside_ledger
    if not (_is_old(sample.ledger) or (beside is not None and _is_old(beside))):
        return sample
    return replace(
        sample,
        ledger=ledger_of_now(sample.ledger),
        beside_ledger=None if beside is None else ledger_of_now(beside),
    )


def ledger_of_now(ledger: Ledger) -> Ledger:
    """The ledger with what other processes can have lost in a term of its own."""
    if _is_old(ledger) and not ledger.unexplained:
        return replace(ledger, foreign_lost=0)
    if not _is_old(ledger) or not ledger.may_be_of_others:
        return ledger
    foreign = -(ledger.unexplained or 0)
    refused = ledger.refused or 0
    left = max(refused - foreign, 0)
    vanished = max((ledger.vanished or 0) - max(foreign - refused, 0), 0)
    unnamed = foreign - (refused - left) - ((ledger.vanished or 0) - vanished)
    return replace(
        ledger,
        refused=left,
        refused_low=None if ledger.refused_low is None else min(ledger.refused_low, left),
        vanished=vanished,
        partial=None if ledger.partial is None else ledger.partial - unnamed,
        unnamed_events=None if ledger.unnamed_events is None else ledger.unnamed_events - unnamed,
        unexplained=0,
        foreign_lost=foreign,
    )


def _is_old(ledger: Ledger) -> bool:
    """Whether it was written before the term for others."""
    return ledger.unexplained is not None and ledger.foreign_lost is None
