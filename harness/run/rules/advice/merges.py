"""Rules that one list of calls makes one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.counted import counted
from harness.kernel.rules.lint.cost import merge_groups
from harness.kernel.rules.lint.finding import Place
from harness.kernel.rules.lint.pairs import Budget, TooManyPairsError
from harness.kernel.rules.lint.parsed import LoadedRule
from harness.kernel.rules.rule import merged
from harness.model.rules.advice import Proposal
from harness.run.rules.advice.lines import at, line_of


def merges(rules: Sequence[LoadedRule], left: frozenset[Place]) -> Iterator[Proposal]:
    """Groups that differ in their calls only; without rules at `left`."""
    try:
        groups = list(merge_groups(rules, Budget()))
    except TooManyPairsError:
        return
    for every in groups:
        group = [rule for rule in every if rule.place not in left]
        if len(group) < 2:
            continue
        first = group[0].view.rule
        line = line_of(replace(first, mask=merged(*(rule.view.rule.mask for rule in group))))
        if line is not None:
            yield Proposal(
                kind="merge",
                reason=f"{counted(len(group), 'rule')} differ in their calls only",
                lines=tuple(at(rule) for rule in group),
                old=tuple(rule.text for rule in group),
                new=(line,),
                goes_blind="",
            )
