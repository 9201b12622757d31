"""How many rules of each scenario the loads of a plan can match, and under which login uid most.

Nothing is measured. What cannot be decided beforehand counts as a match.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from harness.kernel.rules.fields import COMPARISONS, UNSET, Action, Field, FilterList
from harness.kernel.rules.matching.can_match import CALL, CAN_MATCH, OFF, hindrances
from harness.kernel.rules.matching.field_match import Call
from harness.kernel.rules.rule import Rule, RuleField
from harness.model.matching import RuleMatches
from harness.model.run import Scenario
from harness.run.plan.load_calls import calls_of

if TYPE_CHECKING:
    from harness.run.plan.plan import Plan

FIRST_USER = 1000
"""UID_MIN of /etc/login.defs nearly everywhere: the first login uid of a person."""
MOST_CANDIDATES = 24
_LOGIN_FIELDS = (Field.LOGINUID, Field.LOGINUID_SET)


class PlanRules:
    """The rules of a plan's scenarios, each set decoded once."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._rules: dict[tuple[bytes, ...], list[Rule]] = {}
        self._found: dict[tuple[object, ...], list[str]] = {}

    def matches(self, auid: int) -> list[RuleMatches]:
        """One entry per scenario that has rules or is a rule file, in the order of the plan."""
        by_name: dict[str, dict[str, Scenario]] = {}
        for workload, scenarios in self._plan.scenarios.items():
            for scenario in scenarios:
                if scenario.rules or scenario.file:
                    by_name.setdefault(scenario.name, {})[workload] = scenario
        return [self._of_scenario(group, auid) for group in by_name.values()]

    def score(self, auid: int) -> int:
        """How many different rules that make events some load can match under this login uid."""
        matched: set[Rule] = set()
        for workload, scenario in self._with_rules():
            rules = self._possible(workload, scenario)
            reasons = hindrances(rules, self._calls(workload, scenario, auid))
            matched |= {
                rule
                for rule, reason in zip(rules, reasons, strict=True)
                if reason == CAN_MATCH and records(rule)
            }
        return len(matched)

    def _possible(self, workload: str, scenario: Scenario) -> list[Rule]:
        """The rules that can match under some login uid: no other has a say under any."""
        reasons = self._hindrances(workload, scenario, None)
        rules = zip(self._decoded(scenario), reasons, strict=True)
        return [rule for rule, reason in rules if reason == CAN_MATCH]

    def candidates(self) -> list[int]:
        """Login uids at which the answer may change, ascending; none if no rule asks for one."""
        values: set[int] = set()
        asked = False
        for _, scenario in self._with_rules():
            for field in (field for rule in self._decoded(scenario) for field in rule.fields):
                if (near := _near(field)) is not None:
                    asked = True
                    values |= near
        if not asked:
            return []
        usable = sorted(value for value in values if 0 <= value < UNSET)
        return [*usable[:MOST_CANDIDATES], UNSET]

    def _with_rules(self) -> Iterator[tuple[str, Scenario]]:
        for workload, scenarios in self._plan.scenarios.items():
            yield from ((workload, scenario) for scenario in scenarios if scenario.rules)

    def _decoded(self, scenario: Scenario) -> list[Rule]:
        if scenario.rules not in self._rules:
            self._rules[scenario.rules] = [Rule.from_bytes(rule) for rule in scenario.rules]
        return self._rules[scenario.rules]

    def _hindrances(self, workload: str, scenario: Scenario, auid: int | None) -> list[str]:
        if not scenario.enabled:
            return [OFF] * len(scenario.rules)
        options = tuple(sorted(scenario.workload_options.items()))
        key = (workload, scenario.rules, options, auid)
        if key not in self._found:
            calls = self._calls(workload, scenario, auid)
            self._found[key] = hindrances(self._decoded(scenario), calls)
        return self._found[key]

    def _calls(self, workload: str, scenario: Scenario, auid: int | None) -> tuple[Call, ...]:
        options = {**self._plan.workload_options, **scenario.workload_options}
        generator = self._plan.executable_of(workload)
        return calls_of(workload, options, auid=auid, generator=generator)

    def _of_scenario(self, group: Mapping[str, Scenario], auid: int) -> RuleMatches:
        reasons = {name: self._hindrances(name, each, auid) for name, each in group.items()}
        scenario = next(iter(group.values()))
        rules = self._decoded(scenario)
        overall = [_overall(of_rule) for of_rule in zip(*reasons.values(), strict=True)]
        return RuleMatches(
            scenario=scenario.name,
            file=scenario.file,
            rules=len(rules),
            can_match=overall.count(CAN_MATCH),
            recording=sum(map(records, rules)),
            by_workload={name: each.count(CAN_MATCH) for name, each in reasons.items()},
            withholding={
                name: sum(
                    reason == CAN_MATCH and withholds(rule)
                    for rule, reason in zip(self._decoded(group[name]), each, strict=True)
                )
                for name, each in reasons.items()
            },
            hindered=dict(Counter(filter(None, overall)).most_common()),
        )


def records(rule: Rule) -> bool:
    """Whether a match of the rule makes an event."""
    return rule.action == Action.ALWAYS and rule.filter_list in (
        FilterList.TASK,
        FilterList.EXIT,
        FilterList.IO_URING,
    )


def withholds(rule: Rule) -> bool:
    """Whether a match of the rule keeps events back, or records of them."""
    return rule.filter_list == FilterList.EXCLUDE or (
        rule.action == Action.NEVER and rule.filter_list in (FilterList.TASK, FilterList.EXIT)
    )


def _overall(reasons: tuple[str, ...]) -> str:
    """What hinders a rule in all workloads; that one makes no such call says the least."""
    if CAN_MATCH in reasons:
        return CAN_MATCH
    return next((reason for reason in reasons if reason != CALL), CALL)


def _near(field: RuleField) -> set[int] | None:
    """The login uids around a condition's bound; None where it does not ask for a login uid."""
    if field.field == Field.FIELD_COMPARE:
        return {0, FIRST_USER} if "auid" in _sides(field.number) else None
    if field.field not in _LOGIN_FIELDS:
        return None
    if field.field == Field.LOGINUID_SET or field.number == UNSET:
        return {FIRST_USER}
    return {field.number - 1, field.number, field.number + 1}


def _sides(code: int) -> tuple[str, str]:
    return COMPARISONS.get(code, ("", ""))
