"""The answer to *loss*: which cells lost events, which made the load wait, which did neither."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.counted import counted
from harness.model.result import LossComparison, Result
from harness.reporters.parts.cells import CellNames, waited_ns
from harness.reporters.parts.loss import with_events
from harness.reporters.parts.rows import Row, rows
from harness.reporters.units import duration, share

FateKind = Literal["lost", "waited", "neither", "eventless", "unknown"]


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of the events of a cell, and of the load that made them."""

    row: Row
    name: str
    kind: FateKind
    loss: LossComparison | None
    waited_ns: float | None
    """Per operation; None where that is not known."""

    @property
    def share_lost(self) -> float | None:
        """Of the events, in the mean over the trials."""
        return self.loss.loss_ratio if self.loss is not None else None

    @property
    def words(self) -> str:
        """How much was lost, in how many trials, and how long the load waited."""
        said = [] if self.kind != "lost" else [_lost(self.loss)]
        if self.waited_ns:
            said.append(f"waited {duration(self.waited_ns)} per operation")
        return " and ".join(filter(None, said))


def fates(result: Result) -> list[Fate]:
    """Every cell: those that lost first, the worst of them first, then those that waited."""
    everything = rows(result)
    names = CellNames(everything)
    eventful = {loss.cell for loss in with_events(result)}
    known = {loss.cell: loss for loss in result.losses}
    found = [
        Fate(
            row=row,
            name=names.label(row.cell),
            kind=_kind(row, known.get(row.cell), has_events=row.cell in eventful),
            loss=known.get(row.cell),
            waited_ns=waited_ns(row),
        )
        for row in everything
    ]
    order: Sequence[FateKind] = ("lost", "waited", "neither", "eventless", "unknown")
    return sorted(
        found,
        key=lambda fate: (
            order.index(fate.kind),
            -(fate.share_lost or 0.0),
            -(fate.waited_ns or 0.0),
        ),
    )


def _kind(row: Row, loss: LossComparison | None, *, has_events: bool) -> FateKind:
    if row.ledger is not None and row.ledger.trials_with_loss:
        return "lost"
    if loss is None or not loss.trials:
        return "unknown"
    if loss.trials_with_loss:
        return "lost"
    if waited_ns(row):
        return "waited"
    return "neither" if has_events else "eventless"


def loss_first(found: Sequence[Fate]) -> str:
    """Which cells lost, which waited, and how many did neither, in one sentence."""
    by_kind = _by_kind(found)
    lost, waited, neither = by_kind["lost"], by_kind["waited"], by_kind["neither"]
    cells = [*lost, *waited, *neither]
    if not cells:
        return "Whether events were lost is not known: no cell had events that were counted."
    return f"{_lost_words(lost, len(cells))}; {_others(waited, neither, any_lost=bool(lost))}."


def _lost_words(lost: Sequence[Fate], cells: int) -> str:
    if not lost:
        return f"No events were lost in any of {counted(cells, 'cell')}"
    worst = lost[0]
    much = f" ({share(worst.share_lost)} of them)" if worst.share_lost is not None else ""
    if cells == 1:
        return f"Events were lost in {worst.name}{much}"
    of_all = counted(cells, "cell")
    return f"Events were lost in {len(lost)} of {of_all}, most in {worst.name}{much}"


def _others(waited: Sequence[Fate], neither: Sequence[Fate], *, any_lost: bool) -> str:
    if not waited and not neither:
        return "every cell lost some" if any_lost else "no cell waited"
    made_to_wait = f"{counted(len(waited), 'cell')} made the load wait" if waited else ""
    if not any_lost:
        return made_to_wait or "none made the load wait"
    rest = f"{counted(len(neither), 'cell')} did neither" if neither else ""
    words = f"{made_to_wait} and lost none" if waited else "no other made the load wait"
    return ", ".join(filter(None, [words, rest]))


def loss_cells(found: Sequence[Fate]) -> list[str]:
    """Every cell by name, worst first."""
    by_kind = _by_kind(found)
    return [*_listed("Lost, worst first", by_kind["lost"]), *_listed("Waited", by_kind["waited"])]


def loss_notes(found: Sequence[Fate]) -> list[str]:
    """The cells that did neither, and those of which nothing is known."""
    by_kind = _by_kind(found)
    unseen = [f for f in found if f.waited_ns is None and f.kind in ("lost", "neither")]
    return [
        *_listed("Neither", by_kind["neither"]),
        *_listed("No events to lose", by_kind["eventless"]),
        *_listed("Not known whether any were lost", by_kind["unknown"]),
        *_listed("Not known whether the load waited", [_named_only(fate) for fate in unseen]),
    ]


def _named_only(fate: Fate) -> Fate:
    return Fate(fate.row, fate.name, "unknown", None, None)


def _listed(head: str, found: Sequence[Fate]) -> Iterator[str]:
    if found:
        yield f"{head}: {', '.join(f'{fate.name} {fate.words}'.strip() for fate in found)}."


def _lost(loss: LossComparison | None) -> str:
    if loss is None or not loss.trials:
        return "some"
    trials = f"in {loss.trials_with_loss:,} of {counted(loss.trials, 'trial')}"
    if loss.loss_ratio is None:
        return trials
    return f"{share(loss.loss_ratio)} of the events ({trials})"


def _by_kind(found: Sequence[Fate]) -> dict[FateKind, list[Fate]]:
    kinds: tuple[FateKind, ...] = ("lost", "waited", "neither", "eventless", "unknown")
    return {kind: [fate for fate in found if fate.kind == kind] for kind in kinds}
