"""What waiting for room in the backlog does to a cell's time, in the same words for all reports."""

from __future__ import annotations

from collections.abc import Iterable

from harness.counted import counted
from harness.model.result import Comparison, Result, Waiting
from harness.reporters.parts.rows import rows, several_consumers
from harness.reporters.units import percent, share
from harness.reporters.words import VERDICTS


def sentences_of_waiting(result: Result) -> list[str]:
    """Those of all cells of a result."""
    several = several_consumers(rows(result))
    return waiting_sentences(result.waiting, several_consumers=several)


def waiting_sentences(waiting: Iterable[Waiting], *, several_consumers: bool) -> list[str]:
    """How much each cell waited, what that is owed to, and the price without.

    A sentence per cell that was measured without waiting, and one per workload for the others.
    """
    waiting = list(waiting)
    sentences: list[str] = []
    others: dict[str, list[str]] = {}
    for each in waiting:
        workload, rest = each.cell.workload, others.get(each.cell.workload)
        name = f"{each.cell.scenario}{f' ({each.cell.consumer})' * several_consumers}"
        spent = (
            f"{name} spent {_much(each)} of its time waiting for room in the backlog"
            f"{_of(each.backlog_limit)}"
        )
        if each.further is not None:
            sentences.append(f"{workload}: {spent}, {_OWED}; {_without(each)}.")
        elif rest is None:
            others[workload] = [spent]
        else:
            rest.append(f"{name} {_much(each)}{_of(each.backlog_limit, 'at')}")
    for workload, parts in others.items():
        sentences.append(f"{workload}: {', '.join(parts)}, {_OWED}; {_UNMEASURED}.")
    if any(each.with_others for each in waiting):
        sentences.append(_WITH_OTHERS)
    return sentences


_OWED = "which is the backlog's doing and no work of the rules"
_UNMEASURED = "the price without waiting was not measured"
_WITH_OTHERS = (
    "Other processes made events as well, and their waiting is in these shares; rules that are "
    "scoped to the load (-F auid=) leave it out."
)


def _much(waiting: Waiting) -> str:
    return f"{'up to ' * waiting.with_others}{share(waiting.share)}"


def _without(waiting: Waiting) -> str:
    cost, rest = _cost(waiting.cost), waiting.further_share
    still = f" and still waits {share(rest)} of its time" if rest else ""
    return f"with a backlog{_of(waiting.further_backlog_limit)} it costs {cost}{still}"


def _cost(cost: Comparison | None) -> str:
    if cost is None or cost.ratio is None or cost.ci_low is None:
        return f"an {VERDICTS['inconclusive'].word} amount"
    inexact = cost.verdict in ("equal", "inconclusive")
    return percent(cost.ratio) + (f" ({VERDICTS[cost.verdict].word})" if inexact else "")


def _of(limit: int | None, word: str = "of") -> str:
    return "" if limit is None else f" {word} {counted(limit, 'record')}"
