"""Two rule files of one counted run, judged: B against A, and both against the reference."""

from __future__ import annotations

from collections.abc import Iterator

from harness.answers.compare.compare import Side
from harness.answers.compare.count import CountOptions, compare_counts
from harness.answers.count import make_counted
from harness.model.ab import AbSide, CountAbReport
from harness.model.count import FAILED_GUEST, CountedResult
from harness.model.count_changes import CountChange
from harness.store import StoredRun
from workloads.catalog import WORKLOADS


def judge_count_ab(stored: StoredRun, a: AbSide, b: AbSide, options: CountOptions) -> CountAbReport:
    """What a counted run of both says; UntrustworthyError where A or B was not counted at all."""
    (pair,) = compare_counts(Side(stored, a.scenario), [Side(stored, b.scenario)], options).pairs
    result = make_counted(stored)
    return CountAbReport(
        a=a,
        b=b,
        result=result,
        changes=pair.changes,
        costs=tuple(_costs(stored, result, (a, b), options)),
        cautions=pair.cautions,
        doubts=tuple(_doubts(stored, result, (a, b))),
        operations={
            name: WORKLOADS[name].operation
            for name in dict.fromkeys(change.workload for change in pair.changes)
            if name in WORKLOADS
        },
    )


def _costs(
    stored: StoredRun, result: CountedResult, sides: tuple[AbSide, AbSide], options: CountOptions
) -> Iterator[CountChange]:
    """Both against the reference of the run, as far as that was counted."""
    counted = {cell.scenario for cell in result.cells}
    for side in sides:
        if result.reference in counted and side.scenario != result.reference:
            reference, own = Side(stored, result.reference), Side(stored, side.scenario)
            yield from compare_counts(reference, [own], options).pairs[0].changes


def _doubts(
    stored: StoredRun, result: CountedResult, sides: tuple[AbSide, AbSide]
) -> Iterator[str]:
    """Why B cannot be held against A in all that was to be counted; nothing where it can."""
    names = {side.scenario: side.letter for side in sides}
    failed = (s for s in stored.samples if s.scenario in names and not s.valid)
    yield from dict.fromkeys(
        f"{s.workload} under {names[s.scenario]} was not counted ({s.invalid_reason})"
        for s in failed
    )
    yield from (c.what for c in result.cautions if c.name == FAILED_GUEST)
