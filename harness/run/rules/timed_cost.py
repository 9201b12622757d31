"""A bill from a rule file to times on this host: a run whose cells are random parts of the file."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from harness.answers.line_taxes import PartTrial, taxes_of, tells_apart
from harness.counted import counted
from harness.errors import HostUnfitError, InterruptedRunError, UntrustworthyError, UsageError
from harness.kernel.messages import rule_list
from harness.kernel.rules.fields import Action, Field
from harness.kernel.rules.format import format_rule
from harness.kernel.rules.libaudit import syscall_number
from harness.kernel.rules.lint.parsed import LoadedRule
from harness.kernel.rules.machine import rules_machine
from harness.kernel.rules.matching.can_match import CAN_MATCH, hindrances
from harness.kernel.rules.rule import Rule
from harness.model.caution import Caution
from harness.model.rules.timed_cost import Time, TimedBill, TimedLine
from harness.model.run import Sample, Scenario
from harness.run.lifecycle.borrow import Say
from harness.run.plan.load_calls import calls_of
from harness.run.plan.login import KEEP
from harness.run.plan.plan import Plan, make_plan
from harness.run.request import Conduct, Load, Request, Subject
from harness.run.rules.bill import SWITCHING
from harness.run.rules.cost import groups_of, neutral_rules
from harness.run.rules.coverage import rule_at
from harness.run.rules.here import is_loadable, not_here
from harness.run.runner import Observer
from harness.run.session import run_session
from harness.store import StoredRun, load_run
from workloads.running.session import kept_loginuid

LOAD: Final = "syscalls"
CALL: Final = "getppid"
NO_RULES: Final = "no-rules"
WHOLE: Final = "the-file"
COUNT_INSTEAD: Final = "leave out --timed"
_PARTS_PER_GROUP: Final = 2
_LEAST_PARTS: Final = 8
_BLOCKS: Final = 4
_DECIDED: Final = {
    *(Field.ARCH, Field.LOGINUID, Field.LOGINUID_SET, Field.FILTERKEY, Field.SUCCESS, Field.EXIT),
    *(Field.UID, Field.EUID, Field.SUID, Field.FSUID),
    *(Field.GID, Field.EGID, Field.SGID, Field.FSGID, Field.PERS),
}
"""What is known of the load's calls beforehand. A rule about anything else may well not match."""


@dataclass(frozen=True, slots=True)
class TimedPlan:
    """The run, and what its cells mean: `parts` are numbers of groups, by scenario.

    `groups` are places in `rules`, those priced together in one. A number behind them is that of a
    neutral rule, which is there if a single group makes every call slow: `switching` are the groups
    that do, and what they cost would be one with having rules at all.
    """

    plan: Plan
    rules: tuple[LoadedRule, ...]
    groups: tuple[tuple[int, ...], ...]
    switching: frozenset[int]
    parts: Mapping[str, frozenset[int]]
    cautions: tuple[Caution, ...]

    @property
    def number(self) -> int:
        """How many groups there are, neutral ones included."""
        return max(number for chosen in self.parts.values() for number in chosen) + 1


def plan_timed(rules: Sequence[LoadedRule], load: Load) -> TimedPlan:
    """The plan that tells the lines apart; UsageError where there is nothing to price."""
    require_interval(load)
    keeps = load.blocks is not None or load.pace != "default"
    load = load if keeps else replace(load, blocks=_BLOCKS)
    # A login uid under which most rules can match is what no other call would have.
    asked = replace(load, workloads=(LOAD,), consumers=("none",), auid=KEEP)
    base = make_plan(Request(subject=Subject(scenarios=(NO_RULES,)), load=asked))
    here = [rule for rule in rules if is_loadable(rule.view.rule)]
    if not here:
        raise HostUnfitError(
            "every rule of the file names what this host does not have: there is nothing to time",
            remedy=f"measure on a host of those that the rules are for, or {COUNT_INSTEAD}",
        )
    kept, cautions = _without_recording(here, base)
    if not kept:
        raise UsageError("every rule of the file records every call: there is nothing to time")
    cautions = [*not_here(rules, COUNT_INSTEAD), *cautions]
    groups = tuple(groups_of([rule.view.rule for rule in kept]))
    own = [[kept[at].view.rule for at in group] for group in groups]
    if not any(map(_switches, own)):
        raise UsageError(
            "no rule of the file is on a list that calls are held against: there is nothing to time"
        )
    neutral = neutral_rules()[:1] if sum(map(_switches, own)) == 1 else []
    every = [*own, *([rule] for rule in neutral)]
    switching = frozenset(number for number, rules in enumerate(every) if _switches(rules))
    chance = random.Random(base.seed)  # noqa: S311
    parts = _random_parts(len(own), len(every), switching, chance)
    cells = [
        scenario_under(
            name, [rule for number in sorted(chosen) for rule in every[number]], NO_RULES
        )
        for name, chosen in parts.items()
    ]
    plan = replace(base, scenarios={LOAD: (*base.scenarios[LOAD], *cells)})
    return TimedPlan(plan, tuple(kept), groups, switching, parts, tuple(cautions))


def require_interval(load: Load) -> None:
    """UsageError for a number of blocks that gives no interval, before anything is measured."""
    if load.blocks == 1:
        raise UsageError("--blocks 1 is too few for an interval", remedy="give 2 or more")


def _without_recording(
    rules: Sequence[LoadedRule], plan: Plan
) -> tuple[list[LoadedRule], list[Caution]]:
    """The rules that do not record the load's own call, and a caution for each that does."""
    bare = [rule.view.rule for rule in rules]
    auid, _ = kept_loginuid()
    calls = calls_of(LOAD, plan.workload_options, auid=auid, generator=None)
    number = syscall_number(CALL, rules_machine())
    kept, cautions = [], []
    for rule, hindrance in zip(rules, hindrances(bare, calls), strict=True):
        view = rule.view.rule
        names_call = view.names_syscall(number) and view.action == Action.ALWAYS
        if hindrance == CAN_MATCH and names_call and {f.field for f in view.fields} <= _DECIDED:
            cautions.append(
                Caution(
                    "records-everything",
                    f"{rule.place} is not on the bill: it records every call of the load",
                    "see `auditbench rules lint`",
                )
            )
        else:
            kept.append(rule)
    return kept, cautions


def _random_parts(
    own: int, groups: int, switching: frozenset[int], chance: random.Random
) -> dict[str, frozenset[int]]:
    """The file, which is the first `own` groups, and parts of all.

    The parts are of every size and tell the groups apart without the file, which is there to be
    held against their sum: were they all halves, their sum could be found from the file alone. As
    many as it takes: few may leave groups that always come together, or never do.
    """
    every = frozenset(range(groups))
    parts: list[frozenset[int]] = [every] if groups > own else []
    least = max(_LEAST_PARTS, _PARTS_PER_GROUP * groups)
    while len(parts) < least or not _are_told_apart(parts, groups, switching):
        # Two that have as many as there are, so that each group is about as often in force as not;
        # not complements, of which many pairs say the same.
        size = chance.randint(1, groups)
        drawn = (frozenset(chance.sample(range(groups), n)) for n in (size, groups - size))
        parts += filter(None, drawn)
    return {
        WHOLE: frozenset(range(own)),
        **{f"part-{number:03}": chosen for number, chosen in enumerate(parts, 1)},
    }


def _are_told_apart(
    parts: Iterable[frozenset[int]], groups: int, switching: frozenset[int]
) -> bool:
    return tells_apart(((each, not each.isdisjoint(switching)) for each in parts), groups)


def _switches(rules: Iterable[Rule]) -> bool:
    """Whether any of them makes every call slow."""
    return any(rule.filter_list in SWITCHING for rule in rules)


def scenario_under(name: str, rules: Sequence[Rule], reference: str) -> Scenario:
    """Audit with these rules, listed as the kernel lists them, held against `reference`."""
    listed = sorted(rules, key=lambda rule: rule_list(rule.to_bytes()))
    return Scenario(
        name=name,
        summary=f"with {counted(len(listed), 'rule')}",
        enabled=1,
        rules=tuple(rule.to_bytes() for rule in listed),
        rule_text=tuple(format_rule(rule) for rule in listed),
        reference=reference,
    )


def run_timed(timed: TimedPlan, conduct: Conduct, observer: Observer, say: Say) -> TimedBill:
    """Measure, and find what each line adds.

    Of a run that was stopped it is the bill of what was measured; InterruptedRunError where that is
    too little to tell the lines apart.
    """
    outcome = run_session(timed.plan, conduct, observer, say)
    if outcome.interrupted:
        return make_stopped_bill(timed, load_run(outcome.folder))
    say(f"stored in {outcome.folder}")
    return make_timed_bill(timed, load_run(outcome.folder))


def make_stopped_bill(timed: TimedPlan, stored: StoredRun) -> TimedBill:
    """The bill of a run that was stopped; InterruptedRunError if it has too few trials for one."""
    try:
        bill = make_timed_bill(timed, stored)
    except (UsageError, UntrustworthyError) as error:
        raise InterruptedRunError(
            "stopped before the lines could be told apart",
            remedy=f"what was measured is in {stored.folder}",
        ) from error
    stopped = Caution(
        "stopped",
        f"the run was stopped: the bill is of {counted(bill.trials, 'trial')}",
        "measure to the end for narrower intervals",
    )
    return replace(bill, cautions=(stopped, *bill.cautions), interrupted=True)


def make_timed_bill(timed: TimedPlan, stored: StoredRun) -> TimedBill:
    """The bill of what was stored."""
    samples = [
        sample
        for sample in stored.samples
        if not sample.warm_up and sample.scenario in (NO_RULES, *timed.parts)
    ]
    usable = [sample for sample in samples if sample.valid and not is_recorded(sample)]
    if any(map(is_recorded, samples)):
        _require_every_line(timed, usable)
    # The file as a whole is a part of its own: what it adds is not made of what the lines do.
    taxes = taxes_of([_trial(timed, sample) for sample in usable], timed.number + 1)
    lines = [
        TimedLine(rule_at(timed.rules[at]), _part_of(tax, len(group)), len(group))
        for group, tax in zip(timed.groups, taxes.parts, strict=False)
        for at in group
    ]
    return TimedBill(
        files=tuple(dict.fromkeys(rule.place.file for rule in timed.rules)),
        lines=tuple(_in_order(lines)),
        no_rules=taxes.no_rules,
        any_rule=taxes.any_rule,
        whole=taxes.parts[timed.number],
        trials=taxes.used,
        left_aside=taxes.left_aside + len(samples) - len(usable),
        folder=str(stored.folder),
        cautions=timed.cautions,
    )


def _trial(timed: TimedPlan, sample: Sample) -> PartTrial:
    ns = sample.metrics["elapsed_ns_per_op"]
    if sample.scenario == WHOLE:
        return PartTrial(sample.block, frozenset({timed.number}), has_rules=False, ns=ns)
    parts = timed.parts.get(sample.scenario, frozenset())
    return PartTrial(sample.block, parts, not parts.isdisjoint(timed.switching), ns)


def is_recorded(sample: Sample) -> bool:
    """Whether the rules in force demanded events of the load."""
    return (sample.ledger.generated or 0) > (sample.ledger.suppressed or 0)


def _require_every_line(timed: TimedPlan, usable: Sequence[Sample]) -> None:
    """UsageError for lines that record the load's calls whenever they are in force."""
    seen = {part for sample in usable for part in timed.parts.get(sample.scenario, ())}
    groups = (group for part, group in enumerate(timed.groups) if part not in seen)
    if places := [str(timed.rules[at].place) for group in groups for at in group]:
        raise UsageError(
            f"{' and '.join(places)} cannot be timed: what the load does is recorded under it",
            remedy="leave such rules out of the file",
        )


def _part_of(time: Time, number: int) -> Time:
    return Time(time.ns / number, time.low_ns / number, time.high_ns / number)


def _in_order(lines: Sequence[TimedLine]) -> Iterator[TimedLine]:
    """The dearest first; one whose interval overlaps that of the line above is equal."""
    above: TimedLine | None = None
    for line in sorted(lines, key=lambda each: (-each.tax.ns, each.rule.file, each.rule.line)):
        yield replace(line, equal=above is not None and above.tax.overlaps(line.tax))
        above = line
