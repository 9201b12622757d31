"""Proposals for a rule file: a table of what each saves, then each with what goes blind."""

from __future__ import annotations

from collections.abc import Iterator

from harness.counted import counted
from harness.model.rules.advice import Advice, Proposal
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
from harness.reporters.units import count, share

KINDS = {
    "exclusion": "exclude a program's calls",
    "directory": "name the calls of a directory watch",
    "merge": "make several rules one",
}
_MOST_BLIND = 10


def advice_page(advice: Advice) -> Page:
    """All that is advised."""
    return Page("auditbench rules advise", tuple(_parts(advice)))


def advice_sentence(advice: Advice) -> str:
    """The answer in one line."""
    if not advice.proposals:
        return "Nothing is proposed: no program fills the log, and no rule could be cheaper."
    proposals = counted(len(advice.proposals), "proposal")
    first = advice.proposals[0]
    if not first.events:
        return f"{proposals}; none of them makes the log smaller."
    part = share(first.events / advice.events)
    return f"{proposals}; the first saves {part} of the log's events: {first.reason}."


def _parts(advice: Advice) -> Iterator[Part]:
    yield Line(plain(advice_sentence(advice)), "answer")
    yield from advice.cautions
    if not advice.proposals:
        return
    names = ("events", "share", "records", "lines spared")
    yield Grid(
        "proposals",
        "What is saved, of the log and of the file:",
        (Column("proposal"), Column("what", left=True), *columns(*names, left=0)),
        tuple(_row(place, each, advice) for place, each in enumerate(advice.proposals, 1)),
    )
    for place, proposal in enumerate(advice.proposals, 1):
        yield from _details(place, proposal)
    yield Line(
        "What a change saves every other call: `auditbench rules cost` of the file before and "
        "after; what goes blind beyond this log: `auditbench rules cover`; see "
        "docs/rules-advise.md",
        "note",
    )


def _row(place: int, proposal: Proposal, advice: Advice) -> tuple[Box, ...]:
    part = proposal.events / advice.events if advice.events else 0.0
    return (
        number(str(place), place),
        text(KINDS[proposal.kind]),
        number(count(proposal.events), proposal.events),
        number(share(part), part),
        number(count(proposal.records), proposal.records),
        number(count(proposal.lines_spared), proposal.lines_spared),
    )


def _details(place: int, proposal: Proposal) -> Iterator[Part]:
    yield Heading(f"{place}. {KINDS[proposal.kind]}")
    yield Line(plain(f"{proposal.reason}."))
    for (file, line), old in zip(proposal.lines, proposal.old, strict=True):
        yield Line(plain(f"{file}:{line}: {old}"))
    for new in proposal.new:
        yield Line(plain(f"new: {new}"))
    yield Line(plain(f"No longer recorded: {proposal.goes_blind or 'nothing'}."))
    if proposal.blind:
        yield Grid(
            f"blind-{place}",
            "Events of the log that would not have been written:",
            (*columns("key", "program", "login uid", left=3), Column("events")),
            tuple(
                (text(plain(each.key) or "(no key)"), text(plain(each.program)),
                 text(each.user), number(count(each.events), each.events))
                for each in proposal.blind[:_MOST_BLIND]
            ),
        )  # fmt: skip
        if (more := len(proposal.blind) - _MOST_BLIND) > 0:
            yield Line(f"{counted(more, 'row')} more in the JSON document.")
