"""Whether an output is complete: the answer, a row per kind of fault, and what cannot be told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from consumer.text.archs import syscall_name
from consumer.text.names import type_name
from harness.counted import agreeing, counted
from harness.model.caution import Caution
from harness.model.verify import EventName, Finding, Kind, Side, Span, VerifyReport
from harness.reporters.page import Column, Grid, Line, Page, Part, columns, number, text
from harness.reporters.units import count

MOST_WORD = 40
_CALL = re.compile(rb"arch=([0-9a-f]{1,8}) syscall=(\d{1,9}) ")
_BREAKS = re.compile(rb"[ \0]")
STATES: dict[Kind, str] = {
    "missing": "missing",
    "cut": "cut",
    "changed": "changed",
    "doubled": "doubled",
    "out-of-order": "out of order",
    "not-in-raw": "not in RAW",
}
_COLUMNS = (
    *columns("events that are", "events", left=1),
    *columns("first", left=1),
    Column("what", left=True),
)
_FORMS = {
    "enriched log": "whether the names that auditd added (ENRICHED) are right, as RAW has none",
    "laurel": "the order of the records within an event, zeros in front of numbers, and where a "
    "long command line was split: Laurel does not keep them",
    "go-audit": "bytes that are not ASCII, as JSON may have replaced them",
    "json-lines": "bytes that are not ASCII, as JSON may have replaced them",
    "json-lines without texts": "whether a record was changed, as the mapping names no text",
}
"""What the form of an output does not show."""
_FILTERING = {
    "laurel": "Laurel",
    "go-audit": "go-audit",
    "json-lines": "the program",
    "json-lines without texts": "the program",
}


def verify_page(report: VerifyReport) -> Page:
    """All that verifying says."""
    return Page("auditbench verify", tuple(_parts(report)))


def _parts(report: VerifyReport) -> Iterator[Part]:
    yield Line(verify_sentence(report), "answer")
    yield from (Caution("reading", words) for words in reading_notes(report))
    rows = tuple(
        (
            text(STATES[each.kind]),
            number(count(each.events), each.events),
            text(_first(each)),
            text(finding_detail(each)),
        )
        for each in report.matched.findings
    )
    if report.matched.shared:
        yield Grid("findings", "", _COLUMNS, rows)
    yield from map(Line, cannot_tell(report))
    yield from (Line(words, "note") for words in _notes(report))


def verify_sentence(report: VerifyReport) -> str:
    """The answer in one line."""
    matched = report.matched
    if not matched.shared:
        return (
            "cannot tell: no event of RAW is in OUTPUT; RAW is of "
            f"{_span(matched.raw_ms)}, OUTPUT of {_span(matched.output_ms)}: {_remedy(report)}"
        )
    if report.verdict == "incomplete":
        return f"not complete: {_faults(report, allowed=False)}"
    all_there = _all_there(report)
    if report.verdict == "complete":
        allowed = " but for what is allowed" if matched.findings else ""
        return f"complete{allowed}: {all_there}"
    return f"cannot tell: {all_there}, but {'; '.join(_doubts(report))}"


def _remedy(report: VerifyReport) -> str:
    """What to do where nothing is in both."""
    one = "take both of one host and one time"
    if not report.output.form.startswith("json-lines"):
        return one
    if _overlap(report.matched.raw_ms, report.matched.output_ms):
        return "does --mapping name the serial, and a time to the millisecond?"
    return f"{one}; a time without its zone is read as UTC"


def _overlap(ours: Span | None, theirs: Span | None) -> bool:
    """Whether two spans overlap, to the second."""
    if ours is None or theirs is None:
        return False
    return max(ours[0], theirs[0]) // 1000 <= min(ours[1], theirs[1]) // 1000


def _all_there(report: VerifyReport) -> str:
    """What holds where nothing that is not allowed was found in the output."""
    matched = report.matched
    if faults := _faults(report, allowed=True):
        return f"{faults}; the others are in OUTPUT, unchanged"
    return f"all {counted(matched.events, 'event')} of RAW are in OUTPUT, none changed"


def _faults(report: VerifyReport, *, allowed: bool) -> str:
    """The kinds of faults of the output that are allowed, or are not, with the first of each."""
    faults = [
        each
        for each in report.matched.findings
        if each.kind != "not-in-raw" and (each.kind in report.allowed) is allowed
    ]
    return "; ".join(
        _said(each, None if place else report.matched.events) for place, each in enumerate(faults)
    )


def _said(finding: Finding, events: int | None) -> str:
    """The events of one kind in words, of all of RAW where they are named."""
    of = f"of {counted(events, 'event')} " if events is not None else ""
    are = agreeing(finding.events, "is", "are")
    return f"{count(finding.events)} {of}{are} {STATES[finding.kind]}, first {_first(finding)}"


def _doubts(report: VerifyReport) -> Iterator[str]:
    """Why it cannot be told whether an output without faults is complete."""
    matched = report.matched
    for each in matched.findings:
        if each.kind == "not-in-raw" and each.kind not in report.allowed:
            are = counted(each.events, "event of OUTPUT is", "events of OUTPUT are")
            yield f"{are} not, or not whole, in RAW, first {_first(each)}: RAW itself lacks records"
    if matched.unplaced:
        yield _unplaced(report)
    if report.raw.damaged or report.raw.problem:
        yield "RAW is damaged, and what it had there is not known"


def _unplaced(report: VerifyReport) -> str:
    matched = report.matched
    are = counted(matched.unplaced, "event of OUTPUT is", "events of OUTPUT are")
    return (
        f"{are} further than {counted(matched.window, 'event')} from the place in RAW, or not in "
        "RAW"
    )


def reading_notes(report: VerifyReport) -> tuple[str, ...]:
    """What of either could not be read."""
    return tuple(
        words
        for role, side in (("RAW", report.raw), ("OUTPUT", report.output))
        for words in _of_side(role, side)
    )


def _of_side(role: str, side: Side) -> Iterator[str]:
    unit = "frame" if side.form == "capture" else "line"
    if side.damaged:
        are = counted(side.damaged, f"{unit} is no record", f"{unit}s are no records")
        yield f"{role}: {are}, the first is {unit} {count(side.first_damaged)}"
    if side.problem:
        yield f"{role} is read to where it is damaged: {side.problem}"


def cannot_tell(report: VerifyReport) -> tuple[str, ...]:
    """What the comparison cannot show, a sentence each."""
    form, said = report.output.form, []
    if form in _FORMS:
        said.append(f"cannot tell: {_FORMS[form]}")
    if form in _FILTERING and _has(report, "missing"):
        said.append(
            f"cannot tell: whether {_FILTERING[form]} was told to leave out what is missing, or "
            "lost it"
        )
    if report.matched.unplaced and report.matched.shared:
        some = " some of the missing ones may be among them" if _has(report, "missing") else ""
        said.append(f"cannot tell: {_unplaced(report)};{some}".removesuffix(";"))
    return tuple(said)


def _has(report: VerifyReport, kind: Kind) -> bool:
    return any(each.kind == kind for each in report.matched.findings)


def _notes(report: VerifyReport) -> Iterator[str]:
    matched = report.matched
    yield (
        f"OUTPUT: {report.output.name} ({report.output.form}), "
        f"{counted(matched.output_events, 'event')}; "
        f"RAW: {report.raw.name} ({report.raw.form}), {counted(matched.events, 'event')}, "
        f"{_span(matched.raw_ms)}"
    )
    if not matched.shared:
        return
    if matched.outside:
        are = counted(matched.outside, "event of OUTPUT is", "events of OUTPUT are")
        yield f"{are} from before RAW begins or after it ends, and not looked at"
    if matched.first_missing:
        are = counted(matched.first_missing, "event is", "events are")
        yield f"of the missing, {are} at the very beginning of RAW: did OUTPUT begin later?"
    if matched.last_missing:
        are = counted(matched.last_missing, "event is", "events are")
        yield f"of the missing, {are} at the very end of RAW: did OUTPUT end earlier?"


def _first(finding: Finding) -> str:
    return event_words(finding.first.event) if finding.first else ""


def event_words(event: EventName) -> str:
    """An event as `1700000000.123:456 (SYSCALL execve)`."""
    seconds, ms = divmod(event.stamp_ms, 1000)
    call = _CALL.match(event.shown)
    name = syscall_name(int(call[1], 16), int(call[2])) or call[2].decode() if call else ""
    return f"{seconds}.{ms:03}:{event.serial} ({type_name(event.type)}{f' {name}' if name else ''})"


def finding_detail(finding: Finding) -> str:
    """What is wrong with the first event of a kind; empty where its name says it all."""
    first = finding.first
    if first is None or (first.raw is None and first.output is None):
        return ""
    return f"{type_name(first.type)} {_fault(finding.kind, first.raw, first.output)}"


def _fault(kind: Kind, raw: bytes | None, output: bytes | None) -> str:
    """What is wrong with a record."""
    if raw is None or output is None:
        return "is not in RAW" if raw is None else "is missing"
    match kind:
        case "cut":
            return f"ends after {count(len(output))} of {counted(len(raw), 'byte')}"
        case "changed":
            return f"is another: {_difference(raw, output)}"
        case _:
            return "is there more often"


def _difference(raw: bytes, output: bytes) -> str:
    """The first word that differs."""
    ours, theirs = _BREAKS.split(raw), _BREAKS.split(output)
    for was, now in zip(ours, theirs, strict=False):
        if was != now:
            return f"{_word(was)} became {_word(now)}"
    if len(ours) > len(theirs):
        return f"{_word(ours[len(theirs)])} is missing"
    return f"{_word(theirs[len(ours)])} was added"


def _word(word: bytes) -> str:
    shown = word.decode(errors="replace")
    return shown if len(shown) <= MOST_WORD else f"{shown[:MOST_WORD]}…"


def _span(span: Span | None) -> str:
    return f"{_moment(span[0])} to {_moment(span[1])}" if span else "no time"


def _moment(stamp_ms: int) -> str:
    try:
        return f"{datetime.fromtimestamp(stamp_ms / 1000, UTC):%Y-%m-%d %H:%M:%S}Z"
    except (ValueError, OverflowError, OSError):
        return f"{stamp_ms // 1000} s"
