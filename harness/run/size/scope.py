"""Rules confined to the load: while a consumer stands still, nobody else has to wait, or loses.

The load gets a login uid that nothing else has, and every rule that makes events asks for it.
"""

from __future__ import annotations

from dataclasses import replace

from harness.kernel.rules.fields import Action, Field, FilterList, Operator
from harness.kernel.rules.format import format_rule
from harness.kernel.rules.rule import Rule, RuleField
from harness.model.run import Scenario
from harness.run.plan.login import best_auid
from harness.run.plan.matching import PlanRules
from harness.run.plan.plan import Plan
from workloads.running.session import kept_loginuid

NOBODYS_AUID = 2147480124
"""Of no user: the numbers of users end far below. `pressure` has another."""
_CONFINED = (FilterList.EXIT, FilterList.TASK)


def confined(plan: Plan) -> Plan:
    """The plan with its rules confined to its load.

    Rules of one certain user match only as that user: they keep that login uid then, which other
    processes may have, too.
    """
    rules, kept = PlanRules(plan), kept_loginuid()[0]
    best = best_auid(rules, kept)
    auid = NOBODYS_AUID if rules.score(NOBODYS_AUID) >= rules.score(best) else best
    scenarios = {
        workload: tuple(_confined(scenario, auid) for scenario in group)
        for workload, group in plan.scenarios.items()
    }
    return replace(plan, scenarios=scenarios, auid=str(auid), auid_free=False)


def _confined(scenario: Scenario, auid: int) -> Scenario:
    rules = [_with_auid(Rule.from_bytes(payload), auid) for payload in scenario.rules]
    note = f"the rules record the login uid {auid} only: nobody else is to wait or lose events"
    return replace(
        scenario,
        rules=tuple(rule.to_bytes() for rule in rules),
        rule_text=tuple(map(format_rule, rules)),
        notes=(*scenario.notes, note),
    )


def _with_auid(rule: Rule, auid: int) -> Rule:
    if rule.action != Action.ALWAYS or rule.filter_list not in _CONFINED:
        return rule
    return replace(rule, fields=(*rule.fields, RuleField(Field.LOGINUID, Operator.EQUAL, auid)))
