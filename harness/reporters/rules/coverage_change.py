"""What one rule file no longer records of what another does: in sentences, and as a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from harness.counted import agreeing, counted
from harness.model.gate import BlindCheck
from harness.model.rules.coverage_change import ChangedOperation, CoverageChange
from harness.plain import plain
from harness.reporters.page import Box, Column, Grid, Line, Part, columns, text, verdict
from harness.reporters.words import OUTCOMES

MOST_NAMED = 5
"""So many operations are named in a sentence; the table has all of them."""
_COLUMNS = (
    *columns("operation", "by", "recorded by", "now", left=4),
    Column("outcome"),
)


def changed_count(operations: Iterable[ChangedOperation]) -> int:
    """How many they are, each by each entry."""
    return len({(each.operation, entry) for each in operations for entry in each.entries})


def coverage_sentences(changes: Sequence[CoverageChange]) -> list[str]:
    """What each HEAD loses and gains; the kernel where there are several."""
    several = len({change.kernel for change in changes}) > 1
    return [
        f"{plain(change.kernel)}: {change_sentence(change)}" if several else change_sentence(change)
        for change in changes
    ]


def change_sentence(change: CoverageChange) -> str:
    """What HEAD loses of what BASE records, and gains."""
    base, head = change.base, change.head
    if change.doubts:
        return plain(f"What {head} no longer records is not known: {'; '.join(change.doubts)}.")
    lost, gained = changed_count(change.lost), changed_count(change.gained)
    said = f"Of {counted(change.recorded, 'operation')} recorded by {base}, {head} loses "
    said += f"{lost}: {operations_words(change.lost)}" if lost else "none"
    said += f". It records {gained} more: {operations_words(change.gained)}" if gained else ""
    return plain(f"{said}.")


def operations_words(operations: Sequence[ChangedOperation]) -> str:
    """The first of them, each with its entries and the rules that recorded it."""
    said = "; ".join(operation_words(each) for each in operations[:MOST_NAMED])
    more = len(operations) - MOST_NAMED
    return f"{said}; and {more} more" if more > 0 else said


def operation_words(each: ChangedOperation) -> str:
    """One operation: `unlinkat by 64-bit and 32-bit (base.rules:6, key del)`."""
    *others, last = each.entries
    by = f"{', '.join(others)} and {last}" if others else last
    return plain(f"{operation_name(each)} by {by} ({rules_words(each)})")


def operation_name(each: ChangedOperation) -> str:
    """The operation; who did it where that is nobody who logged in."""
    return f"{each.operation} without a login" if each.logins == ("unset",) else each.operation


def rules_words(each: ChangedOperation) -> str:
    """The rules that recorded an operation."""
    return ", ".join(
        f"{rule.file}:{rule.line}" + (f", key {rule.key}" if rule.key else "")
        for rule in each.rules
    ) or "by a rule that is not known"  # fmt: skip


def now_words(each: ChangedOperation) -> str:
    """What the other file does with an operation."""
    kept = ", ".join(f"{rule.file}:{rule.line}" for rule in each.kept_back)
    return f"kept back by {kept}" if kept else "recorded by none"


def blind_words(checks: Sequence[BlindCheck]) -> str:
    """What the checks that are exceeded say, in one clause; empty without one."""
    failed = dict.fromkeys(each.change for each in checks if each.outcome == "fail")
    several = len({each.change.kernel for each in checks}) > 1
    return "; ".join(
        plain(
            f"{change.head} loses {changed_count(change.lost)} of "
            f"{counted(change.recorded, 'operation')} recorded by {change.base}"
            + (f" under {change.kernel}" if several else "")
        )
        + f": {operations_words(change.lost)}"
        for change in failed
    )


def check_words(check: BlindCheck) -> str:
    """One check in words, with every operation that is lost."""
    change = check.change
    if change.doubts:
        return change_sentence(change)
    if not change.recorded:
        return plain(f"no operation is recorded by {change.base}, so none can be lost")
    said = f"of {counted(change.recorded, 'operation')} recorded by {change.base}, {change.head}"
    if not change.lost:
        return plain(f"{said} loses none under Linux {change.kernel}")
    lines = (f"{operation_words(each)}: {plain(now_words(each))}" for each in change.lost)
    lost = changed_count(change.lost)
    return "\n".join([plain(f"{said} loses {lost} under Linux {change.kernel}"), *lines])


def blind_parts(checks: Sequence[BlindCheck]) -> Iterator[Part]:
    """The limits on coverage: a row per lost operation, or one for a limit that is kept."""
    if not checks:
        return
    rows = tuple(row for check in checks for row in _check_rows(check, checks))
    yield Grid(
        "coverage",
        "What is no longer recorded",
        (Column("limit", left=True), Column("rule file", left=True), *_COLUMNS),
        rows,
    )
    for change in dict.fromkeys(check.change for check in checks):
        if change.gained:
            more = counted(changed_count(change.gained), "further operation")
            are = agreeing(changed_count(change.gained), "is", "are")
            words = f"{more} {are} recorded by {plain(change.head)}"
            yield Line(f"{words}: {operations_words(change.gained)}")
    yield from _where_done(check.change for check in checks)


def _check_rows(check: BlindCheck, checks: Sequence[BlindCheck]) -> Iterator[tuple[Box, ...]]:
    change = check.change
    several = len({each.change.kernel for each in checks}) > 1
    head = plain(f"{change.head} ({change.kernel})" if several else change.head)
    names = (text(check.limit.text), text(head))
    look = verdict(OUTCOMES[check.outcome])
    if not change.lost:
        yield (*names, text(plain(_nothing_lost(change))), text(""), text(""), text(""), look)
    for each in change.lost:
        yield (*names, *_boxes(each), look)


def _nothing_lost(change: CoverageChange) -> str:
    if change.doubts:
        return "not known"
    return f"none of {change.recorded}" if change.recorded else f"none is recorded by {change.base}"


def change_parts(changes: Sequence[CoverageChange]) -> Iterator[Part]:
    """What is lost, and what is gained, between two files: a row per operation."""
    several = len({change.kernel for change in changes}) > 1
    rows = tuple(
        (text(plain(change.kernel)), text(word), *_boxes(each))
        for change in changes
        for word, group in (("lost", change.lost), ("gained", change.gained))
        for each in group
    )
    if rows:
        shown = ("kernel", "change", "operation", "by", "recorded by", "otherwise")
        grid = Grid("coverage", "What changes in coverage", columns(*shown, left=6), rows)
        yield grid if several else _without_first(grid)
    yield from _where_done(changes)


def _without_first(grid: Grid) -> Grid:
    return Grid(grid.name, grid.caption, grid.columns[1:], tuple(row[1:] for row in grid.rows))


def _boxes(each: ChangedOperation) -> tuple[Box, ...]:
    return (
        text(plain(operation_name(each))),
        text(", ".join(each.entries)),
        text(plain(rules_words(each))),
        text(plain(now_words(each))),
    )


def _where_done(changes: Iterable[CoverageChange]) -> Iterator[Part]:
    kernels = dict.fromkeys(each.kernel for each in changes if each.recorded or not each.doubts)
    if kernels:
        names = plain(", ".join(kernels))
        yield Line(f"operations were done under Linux {names}: see docs/rules-cover.md", "note")
