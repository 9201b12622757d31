"""The lines of a source, read to the end: rules in the kernel's order, settings, and every fault.

auditctl stops at the first bad line unless the file says -i or -c; here the line is reported, and
reading goes on as if it were not there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from harness.counted import counted
from harness.errors import UsageError
from harness.kernel.rules.characters import refuse_encoding
from harness.kernel.rules.checks.lint import rule_warnings
from harness.kernel.rules.checks.paths import PATH_MISSING
from harness.kernel.rules.controls import ignoring
from harness.kernel.rules.errors import NO_ACCOUNT
from harness.kernel.rules.lint.conditions import View
from harness.kernel.rules.lint.finding import SEVERITIES, Finding, Kind, Place, Severity
from harness.kernel.rules.lint.kinds import ENCODING, FAULTS, TRAPS, UNLOADED
from harness.kernel.rules.lint.source import Source
from harness.kernel.rules.reader import BadLine, RuleLine, RuleReader
from harness.kernel.rules.set import DuplicateError
from harness.kernel.rules.warning import LINE_REFUSED, FaultError, RuleWarning, without_ignore

MOST_LINES = 20_000
"""Beyond them nothing is read: no host takes so many rules in a tolerable time."""
_HERE_ONLY = frozenset(
    {"watch-symlink", "dir-is-a-file", "exe-symlink", "exe-missing", NO_ACCOUNT, PATH_MISSING}
)
"""What only the files and accounts of this host show."""
_ABSENT = frozenset({"exe-missing", NO_ACCOUNT, PATH_MISSING})
"""What a file for many hosts allows for by -i."""
_IN_TEXT = re.compile("the rule is the same as that of line [0-9]+")


@dataclass(frozen=True, slots=True)
class LoadedRule:
    """A rule that the kernel would hold: where it stands, its text, and what it matches.

    `named` is the mask of the syscalls that its `-S` name.
    """

    place: Place
    text: str
    view: View
    named: bytes


@dataclass(frozen=True, slots=True)
class Parsed:
    """A source with its meaning.

    `rules` are in the order of evaluation, list by list; `lines` are the good lines in the order
    of the source, each with its place; `findings` are about single lines.
    """

    source: Source
    rules: tuple[LoadedRule, ...]
    lines: tuple[tuple[Place, RuleLine], ...]
    findings: tuple[Finding, ...]
    is_fragment: bool
    """Whether it sets nothing at all: part of a folder, and no file to be loaded by itself."""


def parse_source(
    source: Source, *, elsewhere: bool, answers: Mapping[int, FaultError] | None = None
) -> Parsed:
    """Read a source. With `elsewhere` this host's files, release and limits do not count.

    `answers` are what a kernel refused, by the place of a line; then nothing is foreseen.
    """
    # What follows the last newline is no line unless there is something.
    count = len(source.lines) - (bool(source.lines) and not source.lines[-1].content)
    if count > MOST_LINES:
        raise UsageError(
            f"{source.files[0]} has {counted(count, 'line')}, more than {MOST_LINES:,}",
            remedy="is this a rule file?",
        )
    places = [line.place for line in source.lines]
    encoded = list(_encoding(source))
    if encoded:
        return Parsed(source, (), (), tuple(encoded), True)
    reader = RuleReader("", True, elsewhere, answers=answers)
    for number, line in enumerate(source.lines):
        reader.take(number, line.content)
    findings = [
        *(_fault(fault, places) for fault in reader.bad),
        *_told(reader.warnings, places),
    ]
    good = {line.number: line for line in reader.lines}
    rules = []
    for rule, number in zip(*reader.rules.listing(), strict=True):
        findings += _told((each.at(f":{number}") for each in rule_warnings(rule)), places)
        read = good[number]
        rules.append(LoadedRule(places[number], read.text, View(rule), read.parsed.named))
    lines = tuple((places[line.number], line) for line in reader.lines)
    findings = [each for each in findings if not (elsewhere and each.kind.code in _HERE_ONLY)]
    findings = list(_returns_once(findings))
    if ignoring(reader.controls):
        findings = [_lowered(each) for each in findings]
    sets = any(line.parsed.controls for line in reader.lines)
    return Parsed(
        source, tuple(rules), lines, (*source.findings, *findings), not (sets or source.merged)
    )


def _encoding(source: Source) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for number, line in enumerate(source.lines):
        first.setdefault(line.place.file, number)
    for name, number in first.items():
        content = b"\n".join(line.content for line in source.lines[number : number + 2])
        try:
            refuse_encoding(content, name)
        except UsageError as error:
            reason = error.what.removeprefix(f"{name}: ")
            yield Finding(ENCODING, Place(name, 1), reason, error.remedy)


def _fault(fault: BadLine, places: list[Place]) -> Finding:
    code = fault.error.code if isinstance(fault.error, FaultError) else LINE_REFUSED
    kind = FAULTS.get(code) or FAULTS[LINE_REFUSED]
    place, reason, remedy = places[fault.number], fault.error.what, fault.error.remedy
    related: tuple[Place, ...] = ()
    cause = fault.error.__cause__ or fault.error
    if isinstance(cause, DuplicateError):
        related = (places[cause.first],)
        reason = _IN_TEXT.sub(
            f"the rule is the same as that of {related[0].seen_from(place)}", reason
        )
    if fault.option:
        reason = f"skipped because of {fault.option}: {reason}"
        return Finding(kind, place, reason, without_ignore(remedy), related, "warning")
    return Finding(kind, place, reason, remedy, related)


def _returns_once(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Carriage returns once per file: they come with an editor, in all of its lines."""
    told: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.kind.code != "carriage-return":
            yield finding
        else:
            told.setdefault(finding.place.file, []).append(finding)
    for group in told.values():
        worst = min(group, key=lambda each: (SEVERITIES.index(each.severity), each.place.line))
        lines = counted(len(group), "line")
        yield replace(worst, reason=f"{worst.reason} (in {lines} of this file)")


def _lowered(finding: Finding) -> Finding:
    """What -i allows for, as a note."""
    if finding.kind.code in _ABSENT and finding.severity == "warning":
        return replace(finding, lowered="note")
    return finding


def unloaded(parsed: Parsed) -> Iterator[Finding]:
    """The first error at which auditctl stops, with how many lines it leaves unread."""
    order = {line.place: number for number, line in enumerate(parsed.source.lines)}
    stops = [
        (order[finding.place], finding)
        for finding in parsed.findings
        if finding.kind in FAULTS.values() and finding.severity == "error"
    ]
    if not stops:
        return
    at, first = min(stops, key=lambda stop: stop[0])
    after = [place for place, line in parsed.lines if line.number > at and line.parsed.rule]
    if after:
        unread = counted(len(after), "rule")
        yield Finding(
            UNLOADED,
            first.place,
            f"auditctl stops at this line and does not load the {unread} below it",
            "mend the line, or put -i at the top of the file to skip bad lines",
            (after[0],),
        )


def _told(warnings: Iterable[RuleWarning], places: list[Place]) -> Iterator[Finding]:
    for warning in warnings:
        kind: Kind | None = TRAPS.get(warning.code)
        if kind is not None:
            place = places[int(warning.where.rpartition(":")[2])]
            accepted: Severity | None = "warning" if kind.severity == "error" else None
            yield Finding(kind, place, warning.what, warning.remedy, lowered=accepted)
