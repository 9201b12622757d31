"""The number of events that a rule set demands per operation, if that is certain."""

from __future__ import annotations

import contextlib
import pwd
from collections.abc import Mapping
from dataclasses import replace

from harness.errors import UsageError
from harness.kernel.rules.fields import UNSET, Field
from harness.kernel.rules.libaudit import syscall_number
from harness.kernel.rules.machine import rules_machine
from harness.kernel.rules.matching.match import certainly_audited
from harness.kernel.rules.rule import Rule
from harness.model.run import Scenario
from harness.model.state import AuditState
from harness.model.stored.documents import WorkerDocument

FILTER_EXCLUDE = 5
ACTION_ALWAYS = 2
LAST_SYSCALL = 511
"""Above every syscall number of the 64-bit architectures; higher mask bits are classes."""
FIELD_MSGTYPE = 12
OPERATOR_EQUAL = 0x40000000


def events_per_operation(
    scenario: Scenario,
    yields: Mapping[str, float],
    *,
    exe: str,
    program: str,
    known: Mapping[str, int],
) -> float | None:
    """Events that one operation certainly makes; None if a rule depends on something unknown.

    `yields` are the calls per operation by syscall name, 0 for those that certainly never
    happen. `exe` is the generator, `program` what it executes (the kernel checks the program
    that is running when the call returns), `known` the values of other rule fields (auid, uid).
    """
    if not scenario.enabled or not scenario.rules:
        return 0.0
    rules = [Rule.from_bytes(payload) for payload in scenario.rules]
    machine = rules_machine()
    numbers = _by_number(yields, machine)
    total = 0.0
    for number in sorted(_audited_numbers(rules) | numbers.keys()):
        name, calls = numbers.get(number, ("", None))
        if calls == 0:
            continue
        running = program if name.startswith("exec") else exe
        audited = certainly_audited(rules, machine, number, running if name else None, known=known)
        if audited is False:
            continue
        if audited is None or calls is None:
            return None
        total += calls
    return total


def demanded_events(scenario: Scenario, document: WorkerDocument) -> tuple[int | None, int | None]:
    """The events that the rules demand of what a workload did, and those that they kept back.

    `document` is the workload's result. Suppressed are the events that the `always` rules alone
    would demand in addition. None: the rules, or the workload, leave it unknown.
    """
    demanded = _demanded(scenario, document)
    unhindered = _demanded(_without_never(scenario), document)
    kept_back = None if demanded is None or unhindered is None else unhindered - demanded
    return demanded, kept_back


def _demanded(scenario: Scenario, document: WorkerDocument) -> int | None:
    per_operation = events_per_operation(
        scenario,
        document.yields,
        exe=document.exe,
        program=document.details.program,
        known={"auid": document.auid, "uid": 0},
    )
    return None if per_operation is None else round(per_operation * document.ops)


def _without_never(scenario: Scenario) -> Scenario:
    """The scenario with its `always` rules only; exclude rules drop records, some whole events."""
    rules = tuple(
        payload
        for payload in scenario.rules
        if (rule := Rule.from_bytes(payload)).action == ACTION_ALWAYS
        and rule.filter_list != FILTER_EXCLUDE
    )
    return replace(scenario, rules=rules, rule_text=())


def rules_name_only(scenario: Scenario, auid: int) -> bool:
    """Whether every `always` rule requires this login uid, and no account of the host has it.

    Then no calls of other processes are recorded; records that the kernel makes without a rule
    (logins, messages of programs, changes of its state) still are.
    """
    if auid == UNSET:
        return False
    rules = [Rule.from_bytes(payload) for payload in scenario.rules]
    wanted = (int(Field.LOGINUID), OPERATOR_EQUAL, auid)
    for rule in rules:
        asked = [(field.field, field.op, field.value) for field in rule.fields]
        records = rule.action == ACTION_ALWAYS and rule.filter_list != FILTER_EXCLUDE
        if records and wanted not in asked:
            return False
    try:
        pwd.getpwuid(auid)
    except KeyError:
        return True
    return False


def _by_number(yields: Mapping[str, float], machine: str) -> dict[int, tuple[str, float | None]]:
    """Calls per operation by syscall number; names that this architecture lacks are left out."""
    numbers: dict[int, tuple[str, float | None]] = {}
    for name, calls in yields.items():
        with contextlib.suppress(UsageError):
            numbers[syscall_number(name, machine)] = (name, calls)
    return numbers


def _audited_numbers(rules: list[Rule]) -> set[int]:
    """Every syscall number that some `always` rule names."""
    numbers: set[int] = set()
    for rule in rules:
        if rule.action == ACTION_ALWAYS:
            bits = int.from_bytes(rule.mask, "little")
            numbers |= {number for number in range(LAST_SYSCALL + 1) if bits >> number & 1}
    return numbers


def excluded_types(state: AuditState) -> tuple[int, ...]:
    """The record types that the state's exclude rules drop unconditionally."""
    types = []
    for payload in state.rules:
        rule = Rule.from_bytes(payload)
        if rule.filter_list != FILTER_EXCLUDE or len(rule.fields) != 1:
            continue
        field = rule.fields[0]
        if (field.field, field.op) == (FIELD_MSGTYPE, OPERATOR_EQUAL) and isinstance(
            field.value, int
        ):
            types.append(field.value)
    return tuple(types)
