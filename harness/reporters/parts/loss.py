"""Which cells lost events, and what cannot be excluded where none did: in words, and as a table.

The latter only where details were asked for: under a table of zeros it alarms.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.counted import counted
from harness.model.result import CellLedger, LossComparison, Result
from harness.reporters.page import WIDE, Column, Grid, number, text, verdict
from harness.reporters.parts.cells import CellNames
from harness.reporters.parts.rows import Row, rows
from harness.reporters.units import count, share, share_interval
from harness.reporters.words import LOSSES, VERDICTS

_COLUMNS = tuple(
    Column(name, media=WIDE)
    for name in ("trials with loss", "of", "95 % interval", "events lost", "verdict")
)


def loss_grid(result: Result, group: Sequence[Row]) -> Grid:
    """Every cell of `group` where a loss would have been seen, or not, the worst first; not of a
    replay.
    """
    names = CellNames(group)
    cells = {row.cell for row in group}
    lines = tuple(
        (
            *names.boxes(loss.cell),
            number(count(loss.trials_with_loss), loss.trials_with_loss),
            number(count(loss.trials), loss.trials),
            text(share_interval(loss.share_low, loss.share_high)),
            number(share(loss.loss_ratio), loss.loss_ratio),
            verdict(VERDICTS[loss.verdict]),
        )
        for loss in sorted(result.losses, key=lambda loss: -(loss.loss_ratio or 0.0))
        # What lacks in a capture was not lost here.
        if loss.cell in cells and not result.plan.is_replay
    )
    return Grid("loss", "Trials that lost events", (*names.columns, *_COLUMNS), lines)


def loss_lines(result: Result, group: Iterable[Row], *, bounds: bool = False) -> list[str]:
    """A line per cell of `group` that lost something, and one for those that did not, with
    `bounds` saying what so many trials cannot exclude.
    """
    group = list(group)
    names = CellNames(group)
    known = {loss.cell: loss for loss in with_events(result)}
    lines: list[str] = []
    silent: dict[str, list[str]] = {}
    for row in group:
        loss = known.get(row.cell)
        if loss is None:
            continue
        name = names.label(row.cell)
        if loss.trials_with_loss:
            lines.append(f"{name}: {_lost(loss)}")
        else:
            words = _none_lost(loss.trials)
            if bounds:
                words += f": at most {share(loss.share_high)} of trials lose any (95 %)"
            silent.setdefault(words, []).append(name)
    return [*lines, *(f"{words}: {', '.join(cells)}" for words, cells in silent.items())]


def none_lost(result: Result) -> str:
    """The sentence that nothing was lost; empty where something was."""
    known = with_events(result)
    if not known or any(loss.trials_with_loss for loss in known):
        return ""
    fewest = min(loss.trials for loss in known)
    words = _none_lost(fewest, " of each cell" if len(known) > 1 else "")
    return f"{words[0].upper()}{words[1:]}."


def lost_of_unknown(result: Result) -> str:
    """The cells that lost some of their events, nobody knows of how many; empty without any."""
    unknown = {ledger.cell for ledger in result.ledgers if ledger.total.generated is None}
    lossy = [each for each in result.losses if each.trials_with_loss and each.cell in unknown]
    names = CellNames(rows(result))
    cells = [
        f"{names.label(loss.cell)} ({loss.trials_with_loss:,} of {counted(loss.trials, 'trial')})"
        for loss in lossy
    ]
    return f"Events were lost, of how many is not known: {', '.join(cells)}." if cells else ""


def with_events(result: Result) -> list[LossComparison]:
    """The cells that had events to lose and where a loss would have been seen."""
    eventful = {ledger.cell for ledger in result.ledgers if _has_events(ledger)}
    return [loss for loss in result.losses if loss.trials and loss.cell in eventful]


def _has_events(ledger: CellLedger) -> bool:
    total = ledger.total
    expected = (total.generated or 0) - (total.suppressed or 0)
    return any((expected, total.complete, total.partial, total.lost, total.vanished))


def _none_lost(trials: int, each: str = "") -> str:
    return f"none lost in {counted(trials, 'trial')}{each}"


def _lost(loss: LossComparison) -> str:
    words = (
        f"lost in {loss.trials_with_loss:,} of {counted(loss.trials, 'trial')} "
        f"({share_interval(loss.share_low, loss.share_high)})"
    )
    if loss.loss_ratio is not None:
        words += f", {share(loss.loss_ratio)} of the events"
    if loss.verdict == "lost" and loss.difference_low is not None:
        # None lost is the least; the interval says how much, not whether.
        least = max(loss.difference_low, 0.0)
        return f"{words} ({share_interval(least, loss.difference_high)}), the reference none"
    if loss.verdict in LOSSES and loss.difference_low is not None:
        between = share_interval(loss.difference_low, loss.difference_high)
        words += f", {LOSSES[loss.verdict]} (by {between})"
    return words
