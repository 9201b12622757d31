"""Which rule wrote each event, and what the rules would record of a command."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from consumer.text.archs import arch_name, syscall_name
from harness.counted import agreeing, counted
from harness.kernel.rules.explain.forecast import Forecast, Open, Which
from harness.kernel.rules.explain.order import SYSCALL, Attempt
from harness.kernel.rules.explain.writer import Explanation
from harness.kernel.rules.fields import ARCH_32
from harness.kernel.rules.lint.finding import listed
from harness.kernel.rules.lint.parsed import LoadedRule
from harness.kernel.rules.rule import key_words
from harness.model.caution import Caution
from harness.plain import plain
from harness.reporters.page import (
    Box,
    Column,
    Grid,
    Line,
    Page,
    Part,
    columns,
    number,
    shown,
    text,
)
from harness.reporters.render.terminal import render_page
from harness.reporters.units import count

TITLE = "auditbench rules explain"
MATCHED, NOT_MATCHED, UNTOLD = "matched", "did not match", "cannot be told"
ANSWERS = {True: MATCHED, False: NOT_MATCHED, None: UNTOLD}
_MOST_CALLS = 8
"""Of the calls of a rule, those that are named; the others are counted."""
_COMPAT = frozenset(ARCH_32.values())


@dataclass(frozen=True, slots=True)
class Commanded:
    """What came of a command: its words, its exit status, and what the rules would record."""

    words: tuple[str, ...]
    status: int
    forecast: Forecast


@dataclass(frozen=True, slots=True)
class Explained:
    """The rule files, and what they were held against: events, or a command."""

    files: tuple[str, ...]
    events: tuple[Explanation, ...] = ()
    command: Commanded | None = None
    cautions: tuple[Caution, ...] = ()

    @property
    def is_explained(self) -> bool:
        """Whether every answer is certain."""
        if self.command is not None and self.command.forecast.open:
            return False
        return all(each.is_explained for each in self.events)


def render_explained(explained: Explained, console: Console) -> None:
    """Print it; an answer stays on one line, however long. A blank line ends each table."""
    after_table = False
    for part in shown(explained_page(explained).parts, "terminal"):
        if after_table:
            console.print()
        after_table = isinstance(part, Grid)
        if isinstance(part, Line) and part.kind == "answer":
            console.print(Text(plain(part.words), style="bold"), soft_wrap=True)
        else:
            render_page(Page(TITLE, (part,)), console)


def explained_page(explained: Explained) -> Page:
    """The answer to each event or to the command, and below it why."""
    return Page(TITLE, tuple(_parts(explained)))


def _parts(explained: Explained) -> Iterator[Part]:
    if explained.command is not None:
        yield Line(command_sentence(explained.command), "answer")
        yield from explained.cautions
        yield from _command(explained.command.forecast)
        return
    for place, each in enumerate(explained.events):
        yield Line(sentence(each), "answer")
        if place == 0:
            yield from explained.cautions
        yield from (Line(words) for words in _evidence(each))
        yield _tried(each)


def sentence(each: Explanation) -> str:
    """The answer for one event in one line."""
    name, rules = f"event {each.event.name}", _rules(each.candidates)
    if each.writer is not None:
        return f"{name} was written by {_rule(each.writer)}"
    if each.verdict == "none":
        return f"{name} was written by none of these rules: {each.reason}"
    if each.verdict == "contradiction":
        return f"{name} was written by none of these rules as they stand: {each.reason}: {rules}"
    said = f"which rule wrote {name} cannot be told: {each.reason}"
    return f"{said}: {rules}" if rules else said


def _rule(rule: LoadedRule) -> str:
    return f"line {rule.place.line} of {rule.place.file} ({rule.text})"


def _rules(rules: Sequence[LoadedRule]) -> str:
    if len(rules) < 2:
        return _rule(rules[0]) if rules else ""
    first = rules[0].place
    places = [rule.place for rule in rules]
    return f"{listed(places[:1], first)} of {first.file}, {listed(places[1:], first)}"


def _evidence(each: Explanation) -> Iterator[str]:
    if each.event.seen is None:
        return
    key = key_words(each.event.key)
    yield f"Its key is {key}." if key else "It has no key."
    if each.verdict == "rule" and each.event.cause:
        yield f"It would have been written without any rule as well: {each.event.cause}."


def remark(attempt: Attempt, each: Explanation) -> str:
    """The conditions behind an answer, and what the event itself says of it."""
    why = ", ".join("the call (-S)" if word == SYSCALL else word for word in attempt.why)
    if attempt.answer is not None or each.verdict == "unknown":
        return why
    if not attempt.records:
        return f"{why}; it did not exclude the event"
    key = attempt.rule.view.key or None
    return f"{why}; it has another key" if key != each.event.key else why


def _tried(each: Explanation) -> Grid:
    before = "before it " if each.writer is not None else ""
    caption = f"The rules that the kernel asked {before}in this order:"
    return Grid(
        "rules",
        caption,
        (*columns("line", "answer", "of which", left=3), Column("rule", left=True, shortened=True)),
        tuple(
            (
                text(_place(attempt.rule)),
                text(ANSWERS[attempt.answer]),
                text(remark(attempt, each)),
                text(attempt.rule.text),
            )
            for attempt in each.tried
        ),
    )


def _place(rule: LoadedRule) -> str:
    return str(rule.place)


def command_sentence(command: Commanded) -> str:
    """The answer for a command in one line."""
    found = command.forecast
    said = f"`{shlex.join(command.words)}` made {counted(found.calls, 'call')}: "
    parts = [f"{count(found.recorded)} {agreeing(found.recorded, 'is', 'are')} recorded"]
    if found.recorded:
        rules = sum(found.records(place) for place in found.by_rule)
        parts[0] += f" by {counted(rules, 'rule')}"
    others = found.calls - found.recorded - _total(found.open)
    parts.append(f"{count(others)} by none")
    if found.open:
        parts.append(f"of {count(_total(found.open))} it cannot be told")
    ending = "" if command.status == 0 else f" (it ended with exit status {command.status})"
    return said + ", ".join(parts) + ending


def _total(open_calls: Mapping[Open, Counter[Which]]) -> int:
    return sum(counts.total() for counts in open_calls.values())


def call_name(which: Which) -> str:
    """The name of a call, with its architecture where that is the 32-bit one."""
    name = syscall_name(which.arch, which.number) or str(which.number)
    if which.arch not in _COMPAT:
        return name
    return f"{name} ({arch_name(which.arch) or hex(which.arch)})"


def ordered(counts: dict[Which, int]) -> list[tuple[Which, int]]:
    """Calls by falling count, then by name."""
    return sorted(counts.items(), key=lambda item: (-item[1], call_name(item[0])))


def _calls(counts: dict[Which, int]) -> str:
    names = [f"{call_name(which)} {count(number)}" for which, number in ordered(counts)]
    more = len(names) - _MOST_CALLS
    return ", ".join(names[:_MOST_CALLS]) + (f" and {more} more" if more > 0 else "")


def _command(found: Forecast) -> Iterator[Part]:
    for name, caption, records in (
        ("recorded", "Recorded:", True),
        ("excluded", "Excluded:", False),
    ):
        rows = [
            _row(found.rules[place], counts)
            for place, counts in sorted(found.by_rule.items())
            if found.records(place) is records
        ]
        yield Grid(name, caption, _COLUMNS, tuple(rows))
    rows = [_open_row(found, each, counts) for each, counts in found.open.items()]
    yield Grid("open", "Cannot be told:", _OPEN_COLUMNS, tuple(rows))
    if found.dropped:
        yield Line(f"Recorded, and then excluded by record type: {_calls(found.dropped)}.")
    if found.by_none:
        yield Line(f"By no rule: {_calls(found.by_none)}.")


_COLUMNS = (
    Column("line", left=True),
    Column("calls"),
    Column("which", left=True),
    Column("rule", left=True, shortened=True),
)
_OPEN_COLUMNS = (
    Column("lines", left=True),
    Column("calls"),
    Column("which", left=True),
    Column("of which", left=True),
)


def _row(rule: LoadedRule, counts: dict[Which, int]) -> tuple[Box, ...]:
    total = sum(counts.values())
    return text(_place(rule)), number(count(total), total), text(_calls(counts)), text(rule.text)


def _open_row(found: Forecast, each: Open, counts: dict[Which, int]) -> tuple[Box, ...]:
    total = sum(counts.values())
    lines = ["none" if place is None else _place(found.rules[place]) for place in each.candidates]
    return (
        text(" or ".join(lines)),
        number(count(total), total),
        text(_calls(counts)),
        text(", ".join(each.why)),
    )
