"""A run on this host that tells what each proposal saves: the file as it is and with each of them,
in interleaved blocks, under the load that no rule records and under loads that make the events.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from harness.kernel.rules.fields import Field, Operator
from harness.kernel.rules.libaudit import syscall_number
from harness.kernel.rules.lint.parsed import LoadedRule, Parsed
from harness.kernel.rules.rule import Rule, RuleField, mask_of
from harness.kernel.rules.tagged import silenced
from harness.model.caution import Caution
from harness.model.reference import Reference, every_scenario, own_references
from harness.model.rules.advice import Advice, Proposal
from harness.model.run import Scenario
from harness.run.lifecycle.borrow import Say
from harness.run.plan.load_calls import calls_of
from harness.run.plan.plan import Plan, make_plan
from harness.run.request import Conduct, Load, Request, Subject
from harness.run.rules.advice.lines import at, lines_read
from harness.run.rules.advice.rewriting import rules_after
from harness.run.rules.advice.timed_savings import (
    FILE,
    LOAD,
    RECORDED,
    TOGETHER,
    Wanted,
    with_savings,
)
from harness.run.rules.events import CALLS, LOGIN, NATIVE, rules_behind
from harness.run.rules.here import is_loadable, not_here
from harness.run.rules.timed_cost import NO_RULES, require_interval, scenario_under
from harness.run.runner import Observer
from harness.run.session import run_to_end

_BLOCKS: Final = 8
_OPS: Final = {LOAD: 1_000_000, "connect": 10_000, "udp": 5_000, "files": 3_000, "shells": 250}
"""So few events that the queue holds all of a trial: what they cost, and no waiting."""
_BACKLOG: Final = 65_536
_WHOM: Final = frozenset({"exclusion", "domain", "user"})
"""The kinds that leave out the calls of somebody, in whose place the load is."""
_OTHERS: Final = "connect"
"""The load in the place of calls that none makes."""
_NOBODY: Final = 0xFFFFFFFE
"""A number that no user has."""
_CWD: Final = 1307


@dataclass(frozen=True, slots=True)
class TimedAdvicePlan:
    """The run, and what its cells say of each proposal, in the order of the advice."""

    plan: Plan
    wanted: tuple[Wanted, ...]
    cautions: tuple[Caution, ...]


def plan_timing(parsed: Parsed, advice: Advice, load: Load) -> TimedAdvicePlan:
    """The plan for these proposals; UsageError for what cannot be measured."""
    wanted = tuple(map(_wanted, range(1, len(advice.proposals) + 1), advice.proposals))
    loads = [name for name in CALLS if any(each.load == name for each in wanted)]
    require_interval(load)
    load = load if load.blocks is not None else replace(load, blocks=_BLOCKS)
    asked = replace(load, workloads=(LOAD, *loads), auid=str(LOGIN))
    base = make_plan(Request(subject=Subject(scenarios=(NO_RULES,)), load=asked))
    file = [rule.view.rule for rule in parsed.rules]
    scenarios = {LOAD: tuple(_silent(parsed, file, advice, wanted))}
    # Cells of one name have the same rules with each load.
    behind = [rule for load, rule in zip(CALLS, rules_behind(), strict=True) if load in loads]
    for name in loads:
        scenarios[name] = tuple(_recorded(parsed, behind, advice, wanted, name))
    plan = replace(
        base,
        scenarios=scenarios,
        reference=Reference(FILE, by_scenario=own_references(every_scenario(scenarios))),
        ops={name: _OPS[name] for name in (LOAD, *loads)},
    )
    return TimedAdvicePlan(plan, wanted, tuple(not_here(parsed.rules, "use --count")))


def run_timing(
    timed: TimedAdvicePlan, advice: Advice, conduct: Conduct, observer: Observer, say: Say
) -> Advice:
    """The advice with what was measured; InterruptedRunError if the run was stopped."""
    purpose = "the proposals could be told apart"
    stored = run_to_end(timed.plan, conduct, observer, say, before=purpose)
    advice = replace(advice, cautions=(*advice.cautions, *timed.cautions))
    return with_savings(advice, timed.wanted, stored)


def _wanted(number: int, proposal: Proposal) -> Wanted:
    """What is to be measured of a proposal: its cells, and the load that makes its events."""
    is_about_events = proposal.kind in {*_WHOM, "success", "record-type"}
    load, alike = _load_for(proposal) if is_about_events else ("", True)
    return Wanted(
        name="" if proposal.kind == "backlog" else f"with-{number}",
        passed=f"without-passed-by-{number}" if proposal.passed else "",
        recorded=f"recorded-with-{number}",
        load=load,
        alike=alike,
    )


def _load_for(proposal: Proposal) -> tuple[str, bool]:
    """The load that makes events of a proposal, and whether by its own calls; empty for none."""
    (rule,) = lines_read(proposal.new)
    if proposal.kind == "record-type":
        # The working directory is in events that name a file, the command line in all.
        named = rule.fields[0].number == _CWD
        return "files" if named else _OTHERS, True
    for name in CALLS:
        if any(map(rule.names_syscall, _numbers(name))):
            return name, True
    return ("", True) if proposal.kind == "success" else (_OTHERS, False)


def _numbers(load: str) -> list[int]:
    return [syscall_number(call, NATIVE) for call in CALLS[load]]


def _silent(
    parsed: Parsed, file: Sequence[Rule], advice: Advice, wanted: Sequence[Wanted]
) -> Iterator[Scenario]:
    """The cells of the load that no rule records."""
    yield _scenario(FILE, file)
    if len(advice.proposals) > 1:
        yield _scenario(TOGETHER, _after(parsed, advice.proposals, LOAD))
    for each, proposal in zip(wanted, advice.proposals, strict=True):
        if each.name:
            yield _scenario(each.name, _after(parsed, (proposal,), LOAD))
        if each.passed:
            rest = [rule for rule in parsed.rules if at(rule) not in proposal.passed]
            yield _scenario(each.passed, [rule.view.rule for rule in rest])


def _recorded(
    parsed: Parsed, behind: Sequence[Rule], advice: Advice, wanted: Sequence[Wanted], load: str
) -> Iterator[Scenario]:
    """The cells of a load that makes events, which rules behind the file record at the latest."""
    file = [rule.view.rule for rule in parsed.rules]
    yield _scenario(RECORDED, [*file, *behind], RECORDED)
    for each, proposal in zip(wanted, advice.proposals, strict=True):
        if each.load != load:
            continue
        if proposal.kind == "success":
            # Loads do not fail: what a failed call is spared is what the rule writes of one.
            rules = [_silenced(rule) if at(rule) in proposal.lines else rule.view.rule
                     for rule in parsed.rules]  # fmt: skip
        else:
            rules = _after(parsed, (proposal,), load)
        yield _scenario(each.recorded, [*rules, *behind], RECORDED)


def _silenced(rule: LoadedRule) -> Rule:
    (silent,) = silenced([rule.view.rule])
    return silent


def _after(parsed: Parsed, proposals: Sequence[Proposal], load: str) -> list[Rule]:
    """The new file, in which exclusions are of this load."""
    instead = {
        rule: _of_load(rule, load)
        for proposal in proposals
        if proposal.kind in _WHOM
        for rule in lines_read(proposal.new)
    }
    bare = (rule.view.rule for rule in rules_after(parsed, proposals))
    return [instead.get(rule.appended(), rule) for rule in bare]


def _of_load(rule: Rule, load: str) -> Rule:
    """An exclusion with as many conditions, which hold for the load instead."""
    calls = [] if load == LOAD else _numbers(load)
    named = [number for number in calls if rule.names_syscall(number)] or calls
    mask = rule.mask if named == [] or rule.names_syscall(named[0]) else mask_of(named)
    fields = tuple(_condition(field, _program(load, named)) for field in rule.fields)
    return replace(rule, mask=mask, fields=fields)


def _condition(field: RuleField, program: str) -> RuleField:
    if field.field == Field.EXE:
        return replace(field, value=os.fsencode(program))
    if field.field in (Field.LOGINUID, Field.UID):
        return RuleField(field.field, Operator.NOT_EQUAL, _NOBODY)
    # A domain of this host's LSM may not be there.
    is_domain = field.field in (Field.SUBJ_TYPE, Field.SUBJ_ROLE)
    return RuleField(Field.UID, Operator.NOT_EQUAL, _NOBODY) if is_domain else field


def _program(load: str, numbers: Sequence[int]) -> str:
    """The program that runs as these calls of a load return."""
    calls = calls_of(load, {}, auid=LOGIN)
    return next((call.exe for call in calls if call.exe and call.number in numbers), _generator())


def _generator() -> str:
    return os.path.realpath(sys.executable)


def _scenario(name: str, rules: Sequence[Rule], reference: str = FILE) -> Scenario:
    # The kernel refuses a rule twice, and the first one decides.
    once = list(dict.fromkeys(rule.appended() for rule in rules if is_loadable(rule)))
    return replace(scenario_under(name, once, reference), backlog_limit=_BACKLOG)
