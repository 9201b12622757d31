"""A bill from a rule file to times on this host: a run whose cells are random parts of the file."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from harness.answers.line_taxes import PartTrial, taxes_of
from harness.errors import UsageError
from harness.kernel.messages import rule_list
from harness.kernel.rules.fields import Action, Field, FilterList
from harness.kernel.rules.format import format_rule
from harness.kernel.rules.libaudit import syscall_number
from harness.kernel.rules.lint.parsed import LoadedRule
from harness.kernel.rules.matching.can_match import CAN_MATCH, hindrances
from harness.kernel.rules.rule import Rule
from harness.model.caution import Caution
from harness.model.rules.timed_cost import Time, TimedBill, TimedLine
from harness.model.run import Scenario
from harness.run.lifecycle.borrow import Say
from harness.run.plan.load_calls import calls_of
from harness.run.plan.plan import Plan, make_plan
from harness.run.request import Conduct, Load, Request, Subject
from harness.run.rules.cost import groups_of
from harness.run.rules.coverage import rule_at
from harness.run.runner import Observer
from harness.run.session import run_to_end
from harness.store import StoredRun

LOAD: Final = "syscalls"
CALL: Final = "getppid"
NO_RULES: Final = "no-rules"
WHOLE: Final = "the-file"
_PARTS_PER_GROUP: Final = 2
_LEAST_PARTS: Final = 8
_BLOCKS: Final = 4
_DECIDED: Final = {
    *(Field.ARCH, Field.LOGINUID, Field.LOGINUID_SET, Field.FILTERKEY, Field.SUCCESS, Field.EXIT),
    *(Field.UID, Field.EUID, Field.SUID, Field.FSUID),
    *(Field.GID, Field.EGID, Field.SGID, Field.FSGID, Field.PERS),
}
"""What is known of the load's calls beforehand. A rule about anything else may well not match."""
_SWITCHING: Final = (FilterList.TASK, FilterList.EXIT, FilterList.IO_URING)


@dataclass(frozen=True, slots=True)
class TimedPlan:
    """The run, and what its cells mean: `parts` are groups of places in `rules`, by scenario."""

    plan: Plan
    rules: tuple[LoadedRule, ...]
    groups: tuple[tuple[int, ...], ...]
    parts: Mapping[str, frozenset[int]]
    cautions: tuple[Caution, ...]


def plan_timed(rules: Sequence[LoadedRule], load: Load) -> TimedPlan:
    """The plan that tells the lines apart; UsageError where there is nothing to price."""
    load = load if load.blocks or load.pace != "default" else replace(load, blocks=_BLOCKS)
    asked = replace(load, workloads=(LOAD,), consumers=("none",))
    base = make_plan(Request(subject=Subject(scenarios=(NO_RULES,)), load=asked))
    kept, cautions = _without_recording(rules, base)
    if not kept:
        raise UsageError("every rule of the file records every call: there is nothing to time")
    groups = tuple(groups_of([rule.view.rule for rule in kept]))
    parts = dict(_random_parts(len(groups), random.Random(base.seed)))  # noqa: S311
    cells = [
        _scenario(name, [kept[at] for part in sorted(chosen) for at in groups[part]])
        for name, chosen in parts.items()
    ]
    plan = replace(base, scenarios={LOAD: (*base.scenarios[LOAD], *cells)})
    return TimedPlan(plan, tuple(kept), groups, parts, tuple(cautions))


def _without_recording(
    rules: Sequence[LoadedRule], plan: Plan
) -> tuple[list[LoadedRule], list[Caution]]:
    """The rules that do not record the load's own call, and a caution for each that might."""
    bare = [rule.view.rule for rule in rules]
    calls = calls_of(LOAD, plan.workload_options, auid=None, generator=None)
    number = syscall_number(CALL, "x86_64")
    kept, cautions = [], []
    for rule, hindrance in zip(rules, hindrances(bare, calls), strict=True):
        view = rule.view.rule
        names_call = view.names_syscall(number) and view.action == Action.ALWAYS
        if hindrance == CAN_MATCH and names_call and {f.field for f in view.fields} <= _DECIDED:
            cautions.append(
                Caution(
                    "records-everything",
                    f"{rule.place} is not on the bill: it records every call",
                    "see `auditbench rules lint`",
                )
            )
        else:
            kept.append(rule)
    return kept, cautions


def _random_parts(groups: int, chance: random.Random) -> Iterator[tuple[str, frozenset[int]]]:
    """The file as a whole, and parts of it: each group is in half of them."""
    yield WHOLE, frozenset(range(groups))
    number = max(_LEAST_PARTS, _PARTS_PER_GROUP * groups)
    for at in range(number // 2):
        chosen = frozenset(chance.sample(range(groups), groups // 2))
        yield f"part-{2 * at + 1:03}", chosen
        # With its complement, so that each group is as often in force as not.
        yield f"part-{2 * at + 2:03}", frozenset(range(groups)) - chosen


def _scenario(name: str, rules: Sequence[LoadedRule]) -> Scenario:
    listed = sorted((rule.view.rule for rule in rules), key=lambda rule: rule_list(rule.to_bytes()))
    return Scenario(
        name=name,
        summary=f"{len(listed)} of the rules",
        enabled=1,
        rules=tuple(rule.to_bytes() for rule in listed),
        rule_text=tuple(format_rule(rule) for rule in listed),
        reference=NO_RULES,
    )


def run_timed(timed: TimedPlan, conduct: Conduct, observer: Observer, say: Say) -> TimedBill:
    """Measure, and find what each line adds; InterruptedRunError if the run was stopped."""
    stored = run_to_end(timed.plan, conduct, observer, say, before="the lines could be told apart")
    return make_timed_bill(timed, stored)


def make_timed_bill(timed: TimedPlan, stored: StoredRun) -> TimedBill:
    """The bill of what was stored."""
    trials, disturbed = [], 0
    for sample in stored.samples:
        if sample.warm_up or sample.scenario not in (NO_RULES, *timed.parts):
            continue
        if not sample.valid or sample.ledger.generated:
            disturbed += 1
            continue
        parts = timed.parts.get(sample.scenario, frozenset())
        rules = [timed.rules[at].view.rule for part in parts for at in timed.groups[part]]
        trials.append(
            PartTrial(sample.block, parts, _switches(rules), sample.metrics["elapsed_ns_per_op"])
        )
    taxes = taxes_of(trials, len(timed.groups))
    lines = [
        TimedLine(rule_at(timed.rules[at]), _part_of(tax, len(group)), len(group))
        for group, tax in zip(timed.groups, taxes.parts, strict=True)
        for at in group
    ]
    return TimedBill(
        files=tuple(dict.fromkeys(rule.place.file for rule in timed.rules)),
        lines=tuple(_in_order(lines)),
        no_rules=taxes.no_rules,
        any_rule=taxes.any_rule,
        whole=_whole(trials, len(timed.groups)),
        trials=taxes.used,
        left_aside=taxes.left_aside + disturbed,
        folder=str(stored.folder),
        cautions=timed.cautions,
    )


def _whole(trials: Sequence[PartTrial], groups: int) -> Time:
    """The file as a whole against no rules, of these trials alone."""
    every = frozenset(range(groups))
    own = [
        PartTrial(trial.block, frozenset(), trial.parts == every, trial.ns)
        for trial in trials
        if not trial.parts or trial.parts == every
    ]
    return taxes_of(own, 0).any_rule


def _switches(rules: Sequence[Rule]) -> bool:
    return any(rule.filter_list in _SWITCHING for rule in rules)


def _part_of(time: Time, number: int) -> Time:
    return Time(time.ns / number, time.low_ns / number, time.high_ns / number)


def _in_order(lines: Sequence[TimedLine]) -> Iterator[TimedLine]:
    """The dearest first; one whose interval overlaps that of the line above is equal."""
    above: TimedLine | None = None
    for line in sorted(lines, key=lambda each: (-each.tax.ns, each.rule.file, each.rule.line)):
        yield replace(line, equal=above is not None and above.tax.overlaps(line.tax))
        above = line
