"""All findings of a source at once: those of single lines, and what rules do to each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harness.counted import counted
from harness.kernel.rules.lint.cost import DIRECTORY, mergeable, taxing
from harness.kernel.rules.lint.exclusions import misplaced
from harness.kernel.rules.lint.finding import Finding, Kind, Place
from harness.kernel.rules.lint.keys import key_findings
from harness.kernel.rules.lint.links import watched_links
from harness.kernel.rules.lint.lists import list_findings
from harness.kernel.rules.lint.logins import login_findings
from harness.kernel.rules.lint.never import never_matching
from harness.kernel.rules.lint.pairs import Budget, TooManyPairsError
from harness.kernel.rules.lint.parsed import Parsed, parse_source, unloaded
from harness.kernel.rules.lint.programs import FindCopies, copied_programs
from harness.kernel.rules.lint.settings import setting_findings
from harness.kernel.rules.lint.shadows import shadowed
from harness.kernel.rules.lint.source import Source
from harness.kernel.rules.lint.twins import without_twin
from harness.kernel.rules.lint.uring import blind_spots
from harness.kernel.rules.warning import FaultError

TOO_MANY = Kind(
    "too-many-rules",
    "note",
    "more rules than are compared with each other",
    "Rules that others shadow, and exclusions that come too late, are not found beyond that.",
)
KINDS = (TOO_MANY,)


def lint_source(
    source: Source,
    *,
    elsewhere: bool = False,
    copies: FindCopies | None = None,
    answers: Mapping[int, FaultError] | None = None,
) -> list[Finding]:
    """The findings of a source, by place.

    With `elsewhere` the rules are another host's, and nothing is said that depends on this one's
    files. `copies` looks for programs in running containers; `answers` are what a kernel
    refused, as `parse_source` takes them. Raises `UsageError` for more lines than are read,
    `HostUnfitError` without libaudit.
    """
    parsed = parse_source(source, elsewhere=elsewhere, answers=answers)
    findings = [*parsed.findings, *unloaded(parsed), *_of_rules(parsed)]
    if not elsewhere:
        findings += watched_links(parsed.rules)
        findings += copied_programs(parsed.rules, copies) if copies else ()
    findings = list(_without_contradiction(findings))
    files = {name: number for number, name in enumerate(source.files)}
    return sorted(
        dict.fromkeys(findings), key=lambda one: (files.get(one.place.file, -1), one.place.line)
    )


def _without_contradiction(findings: Sequence[Finding]) -> Iterator[Finding]:
    """Nothing is said about the price of a directory where the rule is to name a file."""
    files = {each.place for each in findings if each.kind.code == "dir-is-a-file"}
    yield from (each for each in findings if each.kind is not DIRECTORY or each.place not in files)


def _of_rules(parsed: Parsed) -> Iterator[Finding]:
    rules = parsed.rules
    yield from setting_findings(parsed)
    yield from list_findings(rules)
    yield from never_matching(rules)
    yield from key_findings(rules)
    yield from login_findings(rules)
    yield from blind_spots(rules)
    yield from taxing(rules)
    yield from _within_budget(shadowed(rules, Budget()), parsed)
    late = misplaced(rules, Budget(), is_fragment=parsed.is_fragment)
    yield from _within_budget(late, parsed)
    yield from _within_budget(without_twin(rules, Budget()), parsed)
    yield from _within_budget(mergeable(rules, Budget()), parsed)


def _within_budget(found: Iterator[Finding], parsed: Parsed) -> Iterator[Finding]:
    try:
        yield from found
    except TooManyPairsError:
        place = parsed.rules[0].place if parsed.rules else Place(parsed.source.files[0], 1)
        rules = counted(len(parsed.rules), "rule")
        reason = f"the file has {rules}, more than are compared with each other"
        yield Finding(TOO_MANY, place, reason, "split it if the host really needs them")
