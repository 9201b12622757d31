"""What a plan would do on this host, found out without changing anything.

Needs no root: what only root may read of the kernel is then taken as root would find it usually.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.errors import AuditbenchError
from harness.host.facts import HostFacts, read_host_facts
from harness.host.pinning import assign_cpus
from harness.kernel.client import AuditClient
from harness.model.label import check_label
from harness.model.preview import PlannedCell, Preview
from harness.model.run import Cell
from harness.model.state import LIMITS
from harness.run.blocks import refuse_endless
from harness.run.plan.estimate import estimate, trials_of
from harness.run.plan.login import read_login_rights, settle_login
from harness.run.plan.plan import Plan
from harness.run.request import Conduct
from harness.run.trials.validity import refuse_unreadable

_ROOT = "CAP_AUDIT_CONTROL"
KNOBS = ("rcvbuf_bytes", "enobufs", "stop_after_ms", "stop_for_ms", "rate_per_s", "workers")
"""What a cell may set besides limits of the kernel; none, no and 0 say that it does not."""


def preview_plan(plan: Plan, conduct: Conduct) -> Preview:
    """The run that this plan would be. Raises what the run would raise before it begins."""
    refuse_endless(plan)
    check_label(conduct.label)
    refuse_unreadable(plan.invalid)
    facts = read_host_facts()
    cpus = assign_cpus(conduct.cpus, facts.cpu)
    if plan.kind == "kernel":
        can_control = facts.privilege.can(_ROOT)
        features = _features() if can_control else None
        # Without root: as root would find it, who is to run it.
        plan = settle_login(plan, read_login_rights(features, can_control=True))
    return Preview(
        plan=plan.name,
        summary=plan.summary,
        machine=facts.machine,
        cells=tuple(_planned(plan, cell) for cell in plan.cells()),
        blocks=plan.blocks,
        trials=trials_of(plan),
        seed=plan.seed,
        cpus=cpus,
        changes=tuple(_changes(plan, conduct, facts)),
        estimate=estimate(plan, conduct.results, facts.machine),
        login=plan.login,
        matching=plan.matching,
        left_out=plan.left_out,
        sizing=plan.sizing,
        victim=plan.victim.words if plan.victim is not None else "",
        profiled=plan.profiling.cells if plan.profiling is not None else (),
        results=str(conduct.results / facts.machine),
    )


def _features() -> int | None:
    try:
        with AuditClient() as client:
            found = client.features()
    except AuditbenchError:
        return None
    return found.features if found is not None else None


def _planned(plan: Plan, cell: Cell) -> PlannedCell:
    scenario = plan.scenario_of(cell)
    touches = plan.kind == "kernel" and scenario.enabled is not None
    limits = dict(scenario.given()) if touches else {}
    limits |= {name: value for name in KNOBS if (value := getattr(scenario, name))}
    return PlannedCell(
        cell=cell,
        operations=plan.ops[cell.workload],
        rules=scenario.rule_text,
        limits=limits,
        touches_audit=touches,
    )


def _changes(plan: Plan, conduct: Conduct, facts: HostFacts) -> Iterator[str]:
    """All that is changed on the host, in the order in which it is."""
    if plan.kind == "replay":
        yield "nothing: a replay leaves the kernel's audit alone"
        return
    if conduct.borrow:
        yield "a running audit daemon is asked to stop, and is started again afterwards"
    yield "audit is switched on and off, and the rules in force are replaced by those of each cell"
    yield from _settings(plan)
    if plan.excluded is not None and plan.excluded.workloads:
        yield f"a private copy of the interpreter, called {plan.excluded.name}, runs the load"
    for name in sorted(plan.all_consumers()):
        consumer = plan.consumer(name)
        if name in plan.own_consumers:
            yield f"{name} is started with root's rights, in a private folder: {consumer.summary}"
        if consumer.registers:
            yield f"{name} is registered as the audit daemon during its trials"
        if consumer.changes:
            yield f"what {name} itself alters is undone after each trial: {consumer.changes}"
    if any(not s.interleaved for group in plan.first.values() for s in group):
        yield "if audit was never enabled since boot, that state is measured first, then ended"
    yield "afterwards, or if auditbench is killed, the state of before is restored"


def _settings(plan: Plan) -> Iterator[str]:
    """The limits that cells set, each with the values that it takes."""
    scenarios = [scenario for group in plan.scenarios.values() for scenario in group]
    for name in LIMITS:
        values = {getattr(scenario, name) for scenario in scenarios} - {None}
        if values:
            yield f"{name} is set to {', '.join(map(str, sorted(values)))}"
