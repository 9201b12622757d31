"""Which rules the loads of a run can match, and under which login uid, in words."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping

from harness.counted import agreeing, counted
from harness.model.matching import Login, RuleMatches
from harness.model.result import Result
from harness.reporters.units import count
from harness.reporters.words import VERDICTS

WIDTH = 80
MOST_REASONS = 5
_NO_RULES = "no rules in it"
MOST_NAME_CHARACTERS = 60
UNSET = 4294967295
_REMARKABLE = ("chosen", "fixed")
"""Bases of a login uid that is told also where no rule file is measured."""

_NEEDS: Mapping[str, str] = {
    "call": "another system call",
    "arch": "another architecture",
    "perm": "another access (perm)",
    "exe": "another program (exe)",
    "exit": "another result (exit)",
    "success": "another result (success)",
    "-C": "other ids (-C)",
}
"""What a rule needs that does not match, by what hinders it; others need "another" of that name."""
_OTHERWISE: Mapping[str, tuple[str, str]] = {
    "earlier": ("comes after a rule that matches first", "come after rules that match first"),
    "record": ("is about records that there are not", "are about records that there are not"),
    "message": ("is about messages of programs", "are about messages of programs"),
    "io_uring": ("is about io_uring", "are about io_uring"),
    "field": (
        "has a field that the exclude list ignores",
        "have a field that the exclude list ignores",
    ),
    "off": ("is out of force: audit is off", "are out of force: audit is off"),
}
"""The others: of one rule, and of several."""


def matching_lines(login: Login | None, matching: Iterable[RuleMatches]) -> list[str]:
    """What is said of rule files before a run: some lines each, of 80 columns; none without any."""
    files = [each for each in matching if each.file]
    said = dict.fromkeys(map(file_line, files))
    lines = [line for each in said for line in _wrapped(each)]
    if login is not None and (files or login.basis in _REMARKABLE):
        lines += _wrapped(login_line(login))
    return lines


def matching_sentences(result: Result) -> list[str]:
    """The same of a stored run, each in one line of any length."""
    files = list(dict.fromkeys(file_line(each) for each in result.plan.matching if each.file))
    login = result.plan.login
    remarkable = login is not None and (login.remark or login.basis in _REMARKABLE)
    return [*files, *([login_line(login)] if login and (files or remarkable) else [])]


def file_line(matches: RuleMatches) -> str:
    """How many rules of a file can match the loads, and what the others need."""
    name = _shortened(matches.file or matches.scenario)
    if not matches.rules:
        return f"rules {name}: {_NO_RULES}, so only its settings are measured"
    workloads = ", ".join(matches.by_workload)
    head = (
        f"rules {name}: {count(matches.can_match)} of {counted(matches.rules, 'rule')} "
        f"can match this load ({workloads})"
    )
    return head + (f": {hindered_words(matches.hindered)}" if matches.hindered else "")


def hindered_words(hindered: Mapping[str, int]) -> str:
    """What rules need that cannot match, the most frequent first."""
    ordered = sorted(hindered.items(), key=lambda each: -each[1])
    words = [_needs(reason, number) for reason, number in ordered[:MOST_REASONS]]
    if rest := sum(number for _, number in ordered[MOST_REASONS:]):
        words.append(f"{count(rest)} something else")
    return ", ".join(words)


def _needs(reason: str, number: int) -> str:
    if reason in _OTHERWISE:
        return f"{count(number)} {agreeing(number, *_OTHERWISE[reason])}"
    needed = _NEEDS.get(reason, f"another {reason}")
    return f"{count(number)} {agreeing(number, 'needs', 'need')} {needed}"


def login_line(login: Login) -> str:
    """The login uid of all loads, and why it is this one."""
    auid = _auid(login.auid)
    if login.basis == "fixed":
        return (
            f"login uid of the load: {auid}, the caller's; it cannot be set ({login.hinders}): "
            f"{_or_none(login.rules)} of the rules can match, {_or_none(login.best_rules)} under "
            f"auid {_auid(login.best)}"
        )
    if login.basis == "chosen":
        return (
            f"login uid of the load: {auid} ({_rules(login.rules)} can match, "
            f"{_or_none(login.caller_rules)} under the caller's auid {_auid(login.caller)}); "
            "--auid sets another"
        )
    why = f" ({login.remark})" if login.remark else ""
    if login.basis == "asked":
        return f"login uid of the load: {auid}, as asked for{why}"
    whose = why or ", the caller's"
    return f"login uid of the load: {auid}{whose}; no other matches more rules"


def _rules(number: int) -> str:
    return counted(number, "rule")


def _or_none(number: int) -> str:
    return count(number) if number else "none"


def _auid(auid: int | None) -> str:
    return "unset" if auid in (None, UNSET) else str(auid)


def _shortened(name: str) -> str:
    if len(name) <= MOST_NAME_CHARACTERS:
        return name
    return "…" + name[1 - MOST_NAME_CHARACTERS :]


def _wrapped(line: str) -> list[str]:
    return textwrap.wrap(line, WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def nothing_matched(result: Result) -> str:
    """One sentence per scenario of which no rule matched; empty where each made events."""
    return " ".join(_unmatched(result))


def _unmatched(result: Result) -> Iterator[str]:
    by_scenario: dict[str, list[str]] = {}
    for cell in result.unmatched:
        workloads = by_scenario.setdefault(cell.scenario, [])
        if cell.workload not in workloads:
            workloads.append(cell.workload)
    for scenario, workloads in by_scenario.items():
        yield unmatched_words(result, scenario, workloads) + "."


def unmatched_words(result: Result, scenario: str, workloads: Iterable[str]) -> str:
    """That nothing of a scenario matched, and why as far as it was known beforehand."""
    head = f"{scenario}: {VERDICTS['nothing-matched'].word} ({', '.join(workloads)})"
    known = next((each for each in result.plan.matching if each.scenario == scenario), None)
    if known is not None and not known.rules:
        return f"{head}; there are {_NO_RULES}"
    everywhere = scenario in result.unmatched_scenarios
    if known is None or not known.hindered or not everywhere:
        return head
    return f"{head}; of its {_rules(known.rules)} {hindered_words(known.hindered)}"
