"""How long a plan will probably take."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from harness.answers.estimate import LoadLike, TimesTaken, times_taken
from harness.consumers.catalog import BUILT_IN
from harness.kernel.rules.fields import ARCH_NUMBERS, Field, FilterList, Operator
from harness.kernel.rules.libaudit import syscall_number
from harness.kernel.rules.machine import rules_machine
from harness.kernel.rules.rule import Rule
from harness.model.preview import Estimate
from harness.model.run import Trial
from harness.run.blocks import DEFAULT_MAX_TIME_S
from harness.run.lifecycle.search import search_of
from harness.run.plan.plan import Plan
from harness.run.plan.schedule import apart, block
from harness.run.plan.services import info_of
from harness.run.searching import SearchBlocks

TRIAL_S = 0.15
"""Of a trial, besides its load: starting the processes, applying the state, the sync marker."""
FOREIGN_S = 0.5
"""Of a trial with another program as its consumer, besides: it is waited for until it is ready and
rests, three times."""
WAITS_FACTOR = 4.0
"""How many times as long a load at full speed takes where it waits until another program has read:
between 3 (auditd) and 12 (auditd with names), measured for UDP connects."""
DEFAULT_OPS_S = 1.5
"""About the time that the default number of operations takes, whichever the workload: it was
chosen so."""
_CALL: Final = {"syscalls": "getppid"}
"""The load that does nothing but one call: what rules add to it is most of its time."""
_RULE_NS, _NAMED_NS, _CONDITION_NS = 7.0, 40.0, 17.0
"""What a rule adds to a call that it does not name; to one that it names; and each condition that
holds. As counted in instructions (19, 115, 48), of which a CPU does about three in a nanosecond."""


def estimate(plan: Plan, results: Path, machine: str) -> Estimate:
    """From trials of the same load on this machine, if there are any; else a guess."""
    if (search := search_of(plan)) is not None:
        return _of_search(plan, search)
    taken = times_taken(
        results,
        machine,
        LoadLike(plan.ops, plan.workers, plan.rate_per_s, plan.command),
    )
    trials = [trial for group in apart(plan) for trial in group]
    warm_up, one_block = (block(plan, number, first_index=0) for number in (0, 1))
    cells = {trial.cell for trial in (*trials, *one_block)}
    times = [_trial_s(plan, trial, taken) for trial in (*trials, *warm_up)]
    times += plan.blocks * [_trial_s(plan, trial, taken) for trial in one_block]
    known = [each for each in times if each is not None]
    most_s = plan.max_time_s
    if most_s is None and plan.until_ci is not None:
        most_s = DEFAULT_MAX_TIME_S
    seconds = sum(known) if len(known) == len(times) else None
    if seconds is not None and most_s is not None:
        seconds = min(seconds, most_s)
    return Estimate(
        seconds=seconds,
        cells=len(cells),
        measured=len(cells & taken.by_cell.keys()),
        runs=taken.runs,
        is_least=plan.until_ci is not None,
        most_s=most_s,
        of_soak=plan.soak is not None,
    )


def _of_search(plan: Plan, search: SearchBlocks) -> Estimate:
    """A guess: nobody knows how many trials a search takes."""
    return Estimate(
        seconds=search.trials_expected * (TRIAL_S + search.trial_s),
        cells=len(plan.cells()),
        measured=0,
        runs=0,
        most_s=None,
        of_search=True,
    )


def trials_of(plan: Plan) -> int:
    """The trials of a plan's blocks, the warm-up among them; about how many a search has."""
    if (search := search_of(plan)) is not None:
        return search.trials_expected
    interleaved = (plan.blocks + 1) * len(block(plan, 0, first_index=0))
    return sum(map(len, apart(plan))) + interleaved


def _trial_s(plan: Plan, trial: Trial, taken: TimesTaken) -> float | None:
    """The time of one trial; None for a command that was never measured here."""
    cell = trial.cell
    known = taken.by_cell.get(cell, taken.by_workload.get(cell.workload))
    if known is not None:
        # The warm-up of a soak is shorter than what was measured.
        whole = plan.ops_in(cell.workload, 1)
        return known if trial.ops == whole else TRIAL_S + known * trial.ops / whole
    if plan.command:
        return None
    overhead_s = TRIAL_S if cell.consumer in BUILT_IN else TRIAL_S + FOREIGN_S
    rate = plan.scenario_of(cell).rate_per_s or plan.rate_per_s
    if plan.victim is not None:
        rate = plan.victim.rate_per_s
    return overhead_s + (trial.ops / rate if rate else _full_speed_s(plan, trial))


def _full_speed_s(plan: Plan, trial: Trial) -> float:
    """About the time of a load that is not paced."""
    cell, scenario = trial.cell, plan.scenario_of(trial.cell)
    seconds = DEFAULT_OPS_S * trial.ops / info_of(cell.workload, plan.services).default_ops
    if scenario.enabled and scenario.rules and cell.consumer not in BUILT_IN:
        seconds *= WAITS_FACTOR
    if call := _CALL.get(cell.workload):
        seconds += trial.ops * _added_ns(scenario.rules, call) / 1e9
    return seconds


def _added_ns(rules: Iterable[bytes], call: str) -> float:
    """About what rules add to a call that none of them records."""
    number = syscall_number(call, rules_machine())
    asked = (Rule.from_bytes(payload) for payload in rules)
    return sum(_rule_ns(rule, number) for rule in asked if rule.filter_list == FilterList.EXIT)


def _rule_ns(rule: Rule, number: int) -> float:
    if not rule.names_syscall(number):
        return _RULE_NS
    nanoseconds = _NAMED_NS
    for field in rule.fields:
        # Whatever asks for one value fails mostly, and ends the comparisons.
        is_own_arch = field.field == Field.ARCH and field.value == _arch()
        if field.op == Operator.EQUAL and not is_own_arch:
            break
        nanoseconds += _CONDITION_NS
    return nanoseconds


def _arch() -> int | None:
    return ARCH_NUMBERS.get(rules_machine())
