"""What rules see of operations: a row per operation, a column per way into the kernel."""

from __future__ import annotations

from collections.abc import Iterator

from harness.counted import agreeing, counted
from harness.guest.operations.entries import ENTRIES, NATIVE, RING
from harness.model.cover import Coverage, Covered, RuleAt, Seen
from harness.plain import plain
from harness.reporters.page import Box, Column, Grid, Heading, Line, Page, Part, columns, text
from harness.reporters.units import NOTHING

NONE, IMPOSSIBLE, NOT_MADE = "by none", "no rule can", "not made"


def cover_page(coverage: Coverage) -> Page:
    """The answer, then what the second file no longer records, or the whole table."""
    return Page("auditbench rules cover", tuple(_parts(coverage)))


def _parts(coverage: Coverage) -> Iterator[Part]:
    yield Line(plain(cover_sentence(coverage)), "answer")
    yield from coverage.cautions
    if len(coverage.files) > 1:
        yield _changes(coverage)
    else:
        for login in coverage.logins:
            yield from _whole(coverage, login)
    yield Line(
        f"done under Linux {coverage.guest.kernel} ({coverage.guest.source}); "
        "what an answer means: see docs/rules-cover.md",
        "note",
    )


def cover_sentence(coverage: Coverage) -> str:
    """The answer in one line."""
    rows = coverage.rows
    if len(coverage.files) > 1:
        blinded = sum(row.is_blinded for row in rows)
        before = sum(row.seen[0].is_recorded for row in rows)
        return (
            f"Of {counted(before, 'operation')} recorded by {coverage.files[0]}, "
            f"{coverage.files[1]} loses {blinded}"
        )
    own = [row for row in rows if row.login == coverage.logins[0]]
    seen = {(row.operation, row.entry): row.seen[0] for row in own}
    native = [row for row in own if row.entry == NATIVE]
    recorded = [row.operation for row in native if row.seen[0].is_recorded]
    said = [f"{len(recorded)} of {counted(len(native), 'operation is', 'operations are')} recorded"]
    for entry in ENTRIES[1:]:
        others = [seen[name, entry] for name in recorded if (name, entry) in seen]
        missed = [each for each in others if not each.is_recorded]
        if others:
            said.append(f"{len(missed)} of these go unseen by {entry}")
    impossible = sum(row.seen[0].verdict == "impossible" for row in own if row.entry == RING)
    if impossible:
        what = counted(impossible, "operation")
        said.append(f"{what} of io_uring {agreeing(impossible, 'is', 'are')} beyond any rule")
    return "; ".join(said)


def _whole(coverage: Coverage, login: str) -> Iterator[Part]:
    """All operations by one login; a login after the first only where it makes a difference."""
    first = coverage.logins[0]
    known = {(row.operation, row.entry): row.seen for row in coverage.rows if row.login == first}
    rows: dict[tuple[str, str], dict[str, Seen]] = {}
    for row in coverage.rows:
        if row.login == login:
            rows.setdefault((row.group, row.operation), {})[row.entry] = row.seen[0]
    if login != first:
        rows = {
            name: cells
            for name, cells in rows.items()
            if any(_differs(known.get((name[1], entry)), seen) for entry, seen in cells.items())
        }
    who = "without a login" if login == "unset" else f"by root after a login of uid {login}"
    yield Heading(f"Operations {who}")
    yield Grid(
        f"operations-{login}",
        "" if login == first else "Where it makes a difference:",
        (*columns("", "operation", left=2), *map(_answers, ENTRIES)),
        tuple(
            (
                text(group),
                text(name),
                *(_cell(cells.get(entry), coverage.rules[0]) for entry in ENTRIES),
            )
            for (group, name), cells in rows.items()
        ),
    )


def _differs(before: tuple[Seen, ...] | None, seen: Seen) -> bool:
    return before is None or (before[0].verdict, before[0].rule) != (seen.verdict, seen.rule)


def _changes(coverage: Coverage) -> Grid:
    rows = [row for row in coverage.rows if _changed(row)]
    rows.sort(key=lambda row: not row.is_blinded)
    return Grid(
        "changes",
        "What changes:",
        (
            *columns("operation", "by", "login", left=3),
            _answers("before"),
            _answers("after"),
        ),
        tuple(
            (
                text(row.operation),
                text(row.entry),
                text(row.login),
                _cell(row.seen[0], coverage.rules[0]),
                _cell(row.seen[-1], coverage.rules[-1]),
            )
            for row in rows
        ),
    )


def _answers(head: str) -> Column:
    return Column(head, left=True, is_value=True)


def _changed(row: Covered) -> bool:
    return row.seen[0].is_recorded != row.seen[-1].is_recorded


def _cell(seen: Seen | None, rules: tuple[RuleAt, ...]) -> Box:
    return text(NOTHING if seen is None else verdict_words(seen, rules))


def verdict_words(seen: Seen, rules: tuple[RuleAt, ...]) -> str:
    """An answer in a few words."""
    rule = None if seen.rule is None else rules[seen.rule]
    match seen.verdict:
        case "recorded":
            return "recorded" if rule is None else place_words(rule, rules)
        case "kept-back":
            return "kept back" if rule is None else f"kept back by {place_words(rule, rules)}"
        case "impossible":
            return IMPOSSIBLE
        case "not-made":
            return NOT_MADE
    return NONE


def place_words(rule: RuleAt, rules: tuple[RuleAt, ...]) -> str:
    """A rule's line and key; its file where the rules come from several."""
    files = {each.file for each in rules}
    where = f"line {rule.line}" if len(files) == 1 else f"{rule.file}:{rule.line}"
    return plain(f"{where} ({rule.key})" if rule.key else where)
