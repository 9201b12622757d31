"""Watches of folders on all calls, with the calls that their permissions can be about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from harness.kernel.rules.fields import ARCH_32, Field, FilterList, Operator
from harness.kernel.rules.lint.finding import Place
from harness.kernel.rules.lint.parsed import LoadedRule
from harness.kernel.rules.rule import RuleField, mask_of
from harness.kernel.rules.syscall_access import perm_calls
from harness.model.rules.advice import Proposal
from harness.run.rules.advice.lines import at, line_of
from harness.run.rules.advice.logged import ARCH, MACHINE

_ARCHS: Final = (ARCH, ARCH_32[MACHINE])


def folder_watches(rules: Sequence[LoadedRule], left: frozenset[Place]) -> Iterator[Proposal]:
    """Those that are compared at every call; not those at `left`."""
    for rule in rules:
        view = rule.view
        archs = [arch for arch in _ARCHS if view.arch in (None, arch)]
        if (
            view.filter_list != FilterList.EXIT
            or not (view.every and view.records and view.perm)
            or Field.DIR not in view.texts
            or rule.place in left
            or not archs
        ):
            continue
        others = tuple(field for field in view.rule.fields if field.field != Field.ARCH)
        lines = [
            line_of(
                replace(
                    view.rule,
                    mask=mask_of(perm_calls(view.perm, arch)),
                    fields=(RuleField(Field.ARCH, Operator.EQUAL, arch), *others),
                )
            )
            for arch in archs
        ]
        new = [line for line in lines if line is not None]
        if len(new) == len(archs):
            yield Proposal(
                kind="directory",
                reason="the watch is compared at every call; only these calls can match perm=",
                lines=(at(rule),),
                old=(rule.text,),
                new=tuple(new),
                goes_blind="calls that a later kernel counts to these permissions",
            )
