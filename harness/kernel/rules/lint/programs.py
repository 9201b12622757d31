"""Programs named by exe= of which running containers have their own copy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from harness.kernel.rules.fields import Field, Operator
from harness.kernel.rules.lint.finding import Finding, Kind
from harness.kernel.rules.lint.parsed import LoadedRule
from harness.kernel.rules.words import shown

COPIES = Kind(
    "exe-copies",
    "warning",
    "exe= with a program that running containers have a copy of",
    "The kernel compares device and inode, and a copy in a container has others.",
)
KINDS = (COPIES,)
MOST_PROGRAMS = 200
_NAMED = 4


@dataclass(frozen=True, slots=True)
class Copy:
    """A program's other file: a process that sees it, and its path as the host sees it.

    `path` is empty where the host has no path to it.
    """

    pid: int
    path: bytes


FindCopies = Callable[[bytes], Sequence[Copy]]
"""From a program's path to its other files in running containers."""


def copied_programs(rules: Sequence[LoadedRule], find: FindCopies) -> Iterator[Finding]:
    """The exe= conditions (one finding each) that do not hold in running containers."""
    known: dict[bytes, Sequence[Copy]] = {}
    for rule in rules:
        for field in rule.view.rule.fields:
            if field.field != Field.EXE or field.op != Operator.EQUAL:
                continue
            if field.text not in known and len(known) < MOST_PROGRAMS:
                known[field.text] = find(field.text)
            if copies := known.get(field.text):
                yield _finding(rule, field.text, copies)


def _finding(rule: LoadedRule, program: bytes, copies: Sequence[Copy]) -> Finding:
    places = [copy.path for copy in copies if copy.path]
    processes = ", ".join(f"process {copy.pid}" for copy in copies[:_NAMED])
    more = len(copies) - _NAMED
    processes += f" and {more} more" if more > 0 else ""
    number = (
        f"{len(copies)} running containers have their" if len(copies) > 1 else "a container has its"
    )
    reason = f"exe={shown(program)} is one file, and {number} own ({processes})"
    remedy = "decide by another condition (auid, uid, subj_*)"
    if places:
        remedy = (
            f"add a rule with exe={shown(places[0])} while that container runs, or decide by "
            "another condition (auid, uid, subj_*)"
        )
    return Finding(COPIES, rule.place, reason, remedy)
