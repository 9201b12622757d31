"""What proposals save in time: a row for each thing that was measured of each."""

from __future__ import annotations

from collections.abc import Iterator

from harness.counted import counted
from harness.model.rules.advice import Advice, Proposal
from harness.model.rules.timed_advice import TimedAdvice
from harness.model.rules.timed_cost import Time
from harness.plain import plain
from harness.reporters.page import Box, Column, Grid, Line, Part, number, text
from harness.reporters.units import count, duration

CANNOT_TELL = "cannot tell"
CALL = "every other call"


def timed_parts(advice: Advice, timed: TimedAdvice) -> Iterator[Part]:
    """The grid of savings, and what it rests on."""
    yield Grid(
        "timed",
        "What is spared in time, measured on this host against the file as it is. Below 0 is "
        "dearer:",
        (
            Column("proposal"),
            Column("of", left=True),
            Column("saved"),
            Column("95 % interval"),
        ),
        (
            *(row for place, each in enumerate(advice.proposals, 1) for row in _rows(place, each)),
            *_row("all", CALL, timed.together),
        ),
    )
    yield Line(" ".join(_words(advice, timed)), "note")


def _rows(place: int, proposal: Proposal) -> Iterator[tuple[Box, ...]]:
    saving = proposal.timed
    if saving is None:
        return
    like = "" if saving.alike else "~ "
    where = str(place)
    yield from _row(where, CALL, saving.call)
    yield from _row(where, "an event that no longer passes rules", saving.matched)
    yield from _row(where, f"{like}an event, time of its program", saving.event)
    yield from _row(where, f"{like}an event, CPU time of all", saving.event_cpu)
    yield from _row(where, f"{like}{_of_log(proposal)}, CPU time of all", saving.log_cpu)


def _of_log(proposal: Proposal) -> str:
    if proposal.added.events:
        return f"the log's {counted(proposal.added.events, 'event')}"
    return f"the log's {counted(proposal.added.records, 'record')}"


def _row(place: str, what: str, time: Time | None) -> Iterator[tuple[Box, ...]]:
    if time is None:
        return
    between = f"{duration(time.low_ns)} to {duration(time.high_ns)}"
    saved = number(duration(time.ns), time.ns) if time.is_told else text(CANNOT_TELL)
    yield text(place), text(what), saved, text(between)


def _words(advice: Advice, timed: TimedAdvice) -> Iterator[str]:
    if timed.call is not None:
        yield f"Every other call takes {duration(timed.call.ns)} under the file as it is."
    found = [each.timed for each in advice.proposals if each.timed is not None]
    if loads := sorted({each.load for each in found if each.load}):
        yield (
            f"Events are those of the load {' and '.join(loads)}, in the place of whom a proposal "
            "leaves out; all are its program, kauditd and the consumer."
        )
    if any(not each.alike for each in found):
        yield "~ stands where no load makes the proposal's own calls."
    without = [
        (str(place), each.timed.load)
        for place, each in enumerate(advice.proposals, 1)
        if each.timed is not None and each.added.records and each.timed.event is None
    ]
    if unmade := [place for place, load in without if not load]:
        yield f"No load makes the events of {_listed(unmade)}."
    if unmeasured := [place for place, load in without if load]:
        yield f"What the events of {_listed(unmeasured)} cost was not measured: too few trials."
    aside = f", {count(timed.left_aside)} more left aside" if timed.left_aside else ""
    yield (
        f"{CANNOT_TELL.capitalize()}: the interval holds zero. Of {counted(timed.trials, 'trial')}"
        f"{aside}; stored in {plain(timed.folder)}."
    )


def _listed(numbers: list[str]) -> str:
    return f"proposal {numbers[0]}" if len(numbers) == 1 else f"proposals {', '.join(numbers)}"
