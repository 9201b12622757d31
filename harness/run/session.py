"""A run from request to stored samples: check, borrow the host's audit, measure, give it back.

Every user error is found before the lease is taken; every measurement is on the disk before the
next trial begins.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from harness.counted import counted
from harness.errors import InterruptedRunError
from harness.files.scratch import remove_abandoned
from harness.host.ever_enabled.probe import probe_ever_enabled
from harness.host.facts import HostFacts, read_host_facts
from harness.host.gone_rules.probe import find_gone_rules
from harness.host.pinning import assign_cpus
from harness.host.stacks.able import require_sampling
from harness.kernel.client import AuditClient
from harness.kernel.lease.snapshot import Snapshot
from harness.model.label import check_label
from harness.model.run import Sample, Trial
from harness.model.state import AuditState
from harness.plain import plain
from harness.processes.program_copy import interpreter_copy
from harness.reporters.estimate import estimate_line, estimate_words
from harness.reporters.parts.matching import matching_lines
from harness.run.blocks import refuse_endless
from harness.run.environment import add_caution, environment_document
from harness.run.lifecycle.borrow import NoAuditError, Say, borrow_audit
from harness.run.lifecycle.loop import Outcome, measure_all
from harness.run.lifecycle.profile import profile_cells
from harness.run.lifecycle.resume import Past, plan_as_before
from harness.run.lifecycle.signals import stop_signals
from harness.run.plan.estimate import estimate, trials_of
from harness.run.plan.login import read_login_rights, settle_login
from harness.run.plan.plan import Plan, make_plan
from harness.run.plan.profile import with_profile
from harness.run.replay import ReplayBench, replay_trial
from harness.run.request import Conduct, Load, Request
from harness.run.runner import Observer
from harness.run.trials.trial import Bench, run_trial
from harness.run.trials.validity import refuse_unreadable
from harness.store import ResumedWriter, RunWriter, StoredRun, load_run, new_folder

TRIAL_TIMEOUT_S = 600.0
"""A longer trial is aborted: a stalled queue delays a producer by a minute per record."""


def _silent(text: str) -> None:
    """Say nothing."""


def run_request(
    request: Request, observer: Observer, say: Say = _silent, past: Past | None = None
) -> Outcome:
    """Plan and run; if audit is not available here, say so in one line and run the fallback.

    `past` is what a run that is resumed has measured before.
    """
    plan = with_profile(make_plan(request), request)
    try:
        return run_session(plan, request.conduct, observer, say, past)
    except NoAuditError as error:
        if request.fallback is None:
            raise
        say(
            f"This host's audit cannot be measured: {plain(error.one_line())}. Running the plan "
            f"`{request.fallback}` instead: it measures the consumer, not this host's kernel."
        )
    load = request.load
    pace = Load(
        fast=load.fast, rigorous=load.rigorous, blocks=load.blocks, ops=load.ops, seed=load.seed
    )
    instead = make_plan(Request(plan=request.fallback, load=pace))
    return run_session(instead, request.conduct, observer, say)


def run_to_end(
    plan: Plan, conduct: Conduct, observer: Observer, say: Say = _silent, *, before: str
) -> StoredRun:
    """Run and read back what was stored; InterruptedRunError, "stopped before …", if stopped."""
    outcome = run_session(plan, conduct, observer, say)
    if outcome.interrupted:
        raise InterruptedRunError(
            f"stopped before {before}", remedy=f"what was measured is in {outcome.folder}"
        )
    say(f"stored in {outcome.folder}")
    return load_run(outcome.folder)


def run_session(
    plan: Plan,
    conduct: Conduct,
    observer: Observer,
    say: Say = _silent,
    past: Past | None = None,
) -> Outcome:
    """Run a plan on this host and store it; what is stored of a run that is resumed stays."""
    refuse_endless(plan)
    check_label(conduct.label)
    refuse_unreadable(plan.invalid)
    facts = read_host_facts()
    cpus = assign_cpus(conduct.cpus, facts.cpu, spread=bool(plan.worker_counts))
    if plan.kind == "replay":
        return _run_replay(plan, facts, cpus, conduct, observer, say, past)
    return _run_kernel(plan, facts, cpus, conduct, observer, say, past)


def _run_kernel(
    plan: Plan,
    facts: HostFacts,
    cpus: dict[str, tuple[int, ...]],
    conduct: Conduct,
    observer: Observer,
    say: Say,
    past: Past | None,
) -> Outcome:
    symbols = require_sampling(facts.cpu.online[0]) if plan.profiling is not None else None
    with (
        _writer(plan, facts, conduct, past) as writer,
        stop_signals(),
        # Outside the lease: the kernel drops a rule with the folder that its exe= names.
        _running_from_copy(plan) as runnable,
        borrow_audit(conduct, say) as lease,
        AuditClient() as client,
    ):
        for repaired in (*lease.repaired, *remove_abandoned()):
            say(plain(repaired))
        ever = probe_ever_enabled(client)
        if past is not None:
            plan = plan_as_before(runnable, past)
        else:
            plan = runnable.with_first() if ever.state == "never" else runnable.without_first()
        say(plain(_size(plan, conduct, facts, past)))
        plan = _settle(plan, facts, lease.snapshot, say)
        environment = environment_document(plan, facts, cpus, conduct, lease.snapshot, ever)
        if past is not None:
            environment = past.take_up(plan, environment)
        lease.apply(AuditState(enabled=0))
        if gone := find_gone_rules(client):
            add_caution(environment, name=gone.name, what=gone.what, remedy=gone.remedy)
        bench = Bench(
            plan=plan,
            lease=lease,
            client=client,
            consumers={name: plan.consumer(name) for name in plan.all_consumers()},
            cpus=cpus,
            binaries=plan.consumer_paths,
            trial_timeout_s=TRIAL_TIMEOUT_S + (2 * plan.soak.seconds if plan.soak else 0.0),
            hold_queue=facts.kernel.boots_with_audit,
            on_pulse=observer.pulse,
        )

        def take_cells(plan: Plan) -> None:
            bench.plan = plan

        def measure(trial: Trial) -> Sample:
            return run_trial(bench, trial)

        outcome = measure_all(writer, plan, environment, measure, observer, past, take_cells)
        if symbols is None or plan.profiling is None or outcome.interrupted:
            return outcome
        finished = profile_cells(
            bench,
            plan.profiling,
            symbols,
            facts.cpu.online,
            writer,
            run_trial,
            say,
            known=[profile.cell for profile in past.stored.profiles] if past is not None else (),
        )
        return replace(outcome, interrupted=not finished)


def _writer(plan: Plan, facts: HostFacts, conduct: Conduct, past: Past | None) -> RunWriter:
    if past is not None:
        return ResumedWriter(past.stored.folder)
    return RunWriter(new_folder(conduct.results, facts.machine, plan.name))


def _size(plan: Plan, conduct: Conduct, facts: HostFacts, past: Past | None) -> str:
    """The first line of a run: how much it measures, and how long that will take."""
    trials, time = trials_of(plan), estimate(plan, conduct.results, facts.machine)
    if past is None:
        cells = len(plan.cells())
        return estimate_line(plan.name, cells=cells, blocks=plan.blocks, trials=trials, time=time)
    missing = max(trials - past.trials, 0)
    if time.seconds is not None:
        time = replace(time, seconds=time.seconds * missing / max(trials, 1))
    size = f"{missing:,} of {counted(trials, 'trial')} missing"
    return f"resuming {past.stored.name}: {size}; {estimate_words(time)}"


def _settle(plan: Plan, facts: HostFacts, snapshot: Snapshot, say: Say) -> Plan:
    """The plan with the login uid of its loads, which is said with what the rules can match."""
    can_control = facts.privilege.can("CAP_AUDIT_CONTROL")
    plan = settle_login(plan, read_login_rights(snapshot.features, can_control=can_control))
    for line in (*plan.left_out, *matching_lines(plan.login, plan.matching)):
        say(plain(line))
    return plan


@contextmanager
def _running_from_copy(plan: Plan) -> Iterator[Plan]:
    """The plan with a copy of the interpreter for the program to exclude, if loads need one."""
    if plan.excluded is None or not plan.excluded.workloads:
        yield plan
        return
    with interpreter_copy(plan.excluded.name) as copy:
        yield plan.run_from(copy)


def _run_replay(
    plan: Plan,
    facts: HostFacts,
    cpus: dict[str, tuple[int, ...]],
    conduct: Conduct,
    observer: Observer,
    say: Say,
    past: Past | None,
) -> Outcome:
    with (
        _writer(plan, facts, conduct, past) as writer,
        stop_signals(),
    ):
        for removed in remove_abandoned():
            say(removed)
        say(plain(_size(plan, conduct, facts, past)))
        environment = environment_document(plan, facts, cpus, conduct, None, None)
        if past is not None:
            environment = past.take_up(plan, environment)
        bench = ReplayBench(plan=plan, cpus=cpus, trial_timeout_s=TRIAL_TIMEOUT_S)

        def measure(trial: Trial) -> Sample:
            return replay_trial(bench, trial)

        return measure_all(writer, plan, environment, measure, observer, past)
