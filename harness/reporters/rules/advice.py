"""Proposals for a rule file: a table of what each saves, then each with what goes blind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from harness.counted import counted
from harness.model.rules.advice import Advice, Counted, Kind, Proposal, Saving
from harness.plain import plain
from harness.reporters.page import (
    Box,
    Column,
    Grid,
    Heading,
    Line,
    Page,
    Part,
    columns,
    number,
    text,
)
from harness.reporters.rules.timed_advice import timed_parts
from harness.reporters.units import count, share

KINDS: Final[dict[Kind, str]] = {
    "exclusion": "exclude a program's calls",
    "domain": "exclude calls of an LSM's domain",
    "user": "exclude a user's calls",
    "success": "record successful calls only",
    "record-type": "leave out a type of record",
    "directory": "name the calls of a directory watch",
    "merge": "make several rules one",
    "order": "move a rule up",
    "backlog": "a larger backlog",
}
_MOST_BLIND = 10
_TOGETHER = "all together"


def advice_page(advice: Advice) -> Page:
    """All that is advised."""
    return Page("auditbench rules advise", tuple(_parts(advice)))


def advice_sentence(advice: Advice) -> str:
    """The answer in one line."""
    if not advice.proposals:
        return "Nothing is proposed: nothing fills the log, and no rule could be cheaper."
    proposals = counted(len(advice.proposals), "proposal")
    first = advice.proposals[0]
    if not first.added.records:
        return f"{proposals}; none of them makes the log smaller."
    part = share(first.added.records / advice.log.records)
    return f"{proposals}; the first saves {part} of the log's records: {first.reason}."


def _parts(advice: Advice) -> Iterator[Part]:
    yield Line(plain(advice_sentence(advice)), "answer")
    yield from advice.cautions
    yield Line(plain(advice.domains))
    if not advice.proposals:
        return
    yield Grid(
        "proposals",
        "What is saved of the log, by each proposal alone, and what it adds to the narrower ones, "
        "so that the added columns can be summed:",
        (Column("proposal"), Column("what", left=True),
         *columns("events", "records", "added events", "added records", "lines spared", left=0)),
        (*(_row(place, each, advice) for place, each in enumerate(advice.proposals, 1)),
         _row_together(advice)),
    )  # fmt: skip
    yield from _counts(advice)
    for place, proposal in enumerate(advice.proposals, 1):
        yield from _details(place, proposal)
    yield Line(
        "What goes blind beyond this log: `auditbench rules cover` of the file before and after; "
        "what it saves in time: `auditbench ab` of both; see docs/rules-advise.md",
        "note",
    )


def _row(place: int, proposal: Proposal, advice: Advice) -> tuple[Box, ...]:
    return (
        number(str(place), place),
        text(_what(proposal, advice)),
        *_saved(proposal.alone),
        *_saved(proposal.added),
        number(count(proposal.lines_spared), proposal.lines_spared),
    )


def _what(proposal: Proposal, advice: Advice) -> str:
    """The kind of change, and the first of the lines that it changes."""
    if not proposal.lines:
        return KINDS[proposal.kind]
    (file, line), *others = proposal.lines
    place = f"line {line}" if len(advice.files) == 1 else f"{plain(Path(file).name)}:{line}"
    more = f" and {len(others)} more" if others else ""
    return f"{KINDS[proposal.kind]}, {place}{more}"


def _row_together(advice: Advice) -> tuple[Box, ...]:
    spared = sum(each.lines_spared for each in advice.proposals)
    return (
        text(""), text(_TOGETHER), text(""), text(""), *_saved(advice.saved),
        number(count(spared), spared),
    )  # fmt: skip


def _saved(saving: Saving) -> tuple[Box, Box]:
    return (
        number(count(saving.events), saving.events),
        number(count(saving.records), saving.records),
    )


def _counts(advice: Advice) -> Iterator[Part]:
    if advice.timed is not None:
        yield from timed_parts(advice, advice.timed)
        return
    if advice.together is None:
        yield Line(
            "What each saves every other call was not measured: add --count, which counts it in "
            "guests, or --timed, which measures it on this host.",
            "note",
        )
        return
    kernel = advice.guest.kernel if advice.guest else ""
    yield Grid(
        "counted",
        f"Instructions that are spared, counted under Linux {plain(kernel)}: of each other call, "
        "of each event of a rule that moves up, of all events that the proposal adds. Below 0 is "
        f"dearer; boots differ by {advice.floor:.1f}.",
        (Column("proposal"), Column("what", left=True),
         *columns("other call", "moved event", "added events", left=0)),
        (*(_counted_row(text(str(place)), _what(each, advice), each.counted)
           for place, each in enumerate(advice.proposals, 1)),
         _counted_row(text(""), _TOGETHER, advice.together)),
    )  # fmt: skip
    yield Line(
        "Records are priced as those of the same rule that were counted, or of the mean; no count "
        "knows what a backlog saves.",
        "note",
    )


def _counted_row(place: Box, what: str, found: Counted | None) -> tuple[Box, ...]:
    found = found or Counted(None)
    return (
        place, text(what), _decimal(found.call), _decimal(found.matched),
        text("") if found.events is None else number(count(found.events), found.events),
    )  # fmt: skip


def _decimal(value: float | None) -> Box:
    return text("") if value is None else number(f"{value:,.1f}", value)


def _details(place: int, proposal: Proposal) -> Iterator[Part]:
    yield Heading(f"{place}. {KINDS[proposal.kind]}")
    yield Line(plain(f"{proposal.reason}."))
    for (file, line), old in zip(proposal.lines, proposal.old, strict=True):
        yield Line(plain(f"{file}:{line}: {old}"))
    if proposal.before:
        file, line = proposal.before
        yield Line(plain(f"new place: in front of {file}:{line}"))
    else:
        for new in proposal.new:
            yield Line(plain(f"new: {new}"))
    yield Line(plain(f"No longer recorded: {proposal.goes_blind or 'nothing'}."))
    for note in proposal.notes:
        yield Line(plain(f"Note: {note}."))
    if proposal.blind:
        yield _blind(place, proposal)
        if (more := len(proposal.blind) - _MOST_BLIND) > 0:
            yield Line(f"{counted(more, 'row')} more in the JSON document.")


def _blind(place: int, proposal: Proposal) -> Grid:
    caption = "Events of the log that would not have been written, and the rules that ask for them:"
    if proposal.kind == "record-type":
        caption = "Events of the log that would have been written without it:"
    return Grid(
        f"blind-{place}",
        caption,
        (*columns("key", "program", "login uid", "rules", left=4), Column("events")),
        tuple(
            (text(plain(each.key) or "(no key)"), text(plain(each.program)), text(each.user),
             text(plain(" or ".join(each.rules)) or "none of the file"),
             number(count(each.events), each.events))
            for each in proposal.blind[:_MOST_BLIND]
        ),
    )  # fmt: skip
