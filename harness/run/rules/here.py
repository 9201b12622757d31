"""Which rules this host's kernel can take: it refuses those that name a path which is not there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.counted import counted
from harness.kernel.rules.checks.paths import path_refusals
from harness.kernel.rules.lint.parsed import LoadedRule
from harness.kernel.rules.rule import Rule
from harness.model.caution import Caution


def is_loadable(rule: Rule) -> bool:
    """Whether this host has what the rule names: no other can be in force here."""
    return next(path_refusals(rule), None) is None


def not_here(rules: Sequence[LoadedRule], instead: str) -> Iterator[Caution]:
    """A caution for the lines that are left out of all that is measured here, if there are any.

    `instead` is how guests do what cannot be done here.
    """
    left_out = [rule.place for rule in rules if not is_loadable(rule.view.rule)]
    if left_out:
        lines = counted(len(left_out), "line names", "lines name")
        yield Caution(
            "not-here",
            f"{lines} what this host does not have and could not be timed, the first is "
            f"{left_out[0]}",
            f"measure on a host of those that the rules are for, or {instead}",
        )
