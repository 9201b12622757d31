"""A run from request to stored samples: check, borrow the host's audit, measure, give it back.

Every user error is found before the lease is taken; every measurement is on the disk before the
next trial begins.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from harness.consumers.catalog import find_consumer
from harness.errors import HostUnfitError, InterruptedRunError
from harness.files.scratch import remove_abandoned
from harness.host.ever_enabled.probe import probe_ever_enabled
from harness.host.facts import HostFacts, read_host_facts
from harness.host.gone_rules.probe import find_gone_rules
from harness.host.pinning import assign_cpus
from harness.kernel.client import AuditClient
from harness.kernel.lease.lease import Lease, take_lease
from harness.kernel.lease.lock import Holder
from harness.kernel.lease.snapshot import Snapshot
from harness.model.run import Sample, Trial
from harness.model.state import AuditState
from harness.model.stored import primary_of
from harness.plain import plain
from harness.processes.program_copy import interpreter_copy
from harness.reporters.parts.matching import matching_lines
from harness.run.blocks import RunBlocks, refuse_endless
from harness.run.command_failures import CommandFailures
from harness.run.environment import environment_document
from harness.run.plan.document import plan_document
from harness.run.plan.login import read_login_rights, settle_login
from harness.run.plan.plan import Plan, make_plan
from harness.run.replay import ReplayBench, replay_trial
from harness.run.request import Conduct, Load, Request
from harness.run.runner import Observer, run_trials
from harness.run.trials.trial import Bench, run_trial
from harness.run.trials.validity import refuse_unreadable
from harness.store import RunWriter, StoredRun, load_run, new_folder

Say = Callable[[str], None]
"""Takes a line for the user."""
TRIAL_TIMEOUT_S = 600.0
"""A longer trial is aborted: a stalled queue delays a producer by a minute per record."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The folder of a stored run, and whether the user stopped it."""

    folder: Path
    interrupted: bool


def _silent(text: str) -> None:
    """Say nothing."""


class NoAuditError(HostUnfitError):
    """This host's audit is not available; nothing was changed or measured."""


def run_request(request: Request, observer: Observer, say: Say = _silent) -> Outcome:
    """Plan and run; if audit is not available here, say so in one line and run the fallback."""
    plan = make_plan(request)
    try:
        return run_session(plan, request.conduct, observer, say)
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


def run_session(plan: Plan, conduct: Conduct, observer: Observer, say: Say = _silent) -> Outcome:
    """Run a plan on this host and store it."""
    refuse_endless(plan)
    refuse_unreadable(plan.invalid)
    facts = read_host_facts()
    cpus = assign_cpus(conduct.cpus, facts.cpu)
    if plan.kind == "replay":
        return _run_replay(plan, facts, cpus, conduct, observer, say)
    return _run_kernel(plan, facts, cpus, conduct, observer, say)


def _run_kernel(
    plan: Plan,
    facts: HostFacts,
    cpus: dict[str, tuple[int, ...]],
    conduct: Conduct,
    observer: Observer,
    say: Say,
) -> Outcome:
    with (
        RunWriter(new_folder(conduct.results, facts.machine, plan.name)) as writer,
        stop_signals(),
        # Outside the lease: the kernel drops a rule with the folder that its exe= names.
        _running_from_copy(plan) as runnable,
        _take_lease(conduct, say) as lease,
        AuditClient() as client,
    ):
        for repaired in (*lease.repaired, *remove_abandoned()):
            say(plain(repaired))
        ever = probe_ever_enabled(client)
        plan = runnable.with_first() if ever.state == "never" else runnable.without_first()
        plan = _settle(plan, facts, lease.snapshot, say)
        environment = environment_document(plan, facts, cpus, conduct, lease.snapshot, ever)
        lease.apply(AuditState(enabled=0))
        if gone := find_gone_rules(client):
            caution = {"name": gone.name, "what": gone.what, "remedy": gone.remedy}
            environment["cautions"].append(caution)
        bench = Bench(
            plan=plan,
            lease=lease,
            client=client,
            consumers={name: find_consumer(name) for name in plan.all_consumers()},
            cpus=cpus,
            binaries=plan.consumer_paths,
            trial_timeout_s=TRIAL_TIMEOUT_S,
            hold_queue=facts.kernel.boots_with_audit,
            on_pulse=observer.pulse,
        )

        def take_cells(plan: Plan) -> None:
            bench.plan = plan

        def measure(trial: Trial) -> Sample:
            return run_trial(bench, trial)

        return _loop(writer, plan, environment, measure, observer, take_cells)


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


@contextmanager
def _take_lease(conduct: Conduct, say: Say) -> Iterator[Lease]:
    """Take the lease; NoAuditError if it is refused, unlike errors of the run under it."""
    with ExitStack() as stack:
        try:
            lease = stack.enter_context(
                take_lease(
                    command=plain(" ".join(conduct.argv)) or "auditbench run",
                    borrow=conduct.borrow,
                    wait=conduct.wait,
                    on_wait=_WaitNotice(say),
                )
            )
        except HostUnfitError as error:
            raise NoAuditError(error.what, remedy=error.remedy) from error
        yield lease


def _run_replay(
    plan: Plan,
    facts: HostFacts,
    cpus: dict[str, tuple[int, ...]],
    conduct: Conduct,
    observer: Observer,
    say: Say,
) -> Outcome:
    with (
        RunWriter(new_folder(conduct.results, facts.machine, plan.name)) as writer,
        stop_signals(),
    ):
        for removed in remove_abandoned():
            say(removed)
        environment = environment_document(plan, facts, cpus, conduct, None, None)
        bench = ReplayBench(plan=plan, cpus=cpus, trial_timeout_s=TRIAL_TIMEOUT_S)
        return _loop(writer, plan, environment, lambda trial: replay_trial(bench, trial), observer)


def _loop(
    writer: RunWriter,
    plan: Plan,
    environment: dict[str, Any],
    measure: Callable[[Trial], Sample],
    observer: Observer,
    on_cells: Callable[[Plan], None] = lambda plan: None,
) -> Outcome:
    """Run the trials; Ctrl-C ends them and keeps what was measured.

    The stored plan always has the trials that are settled, so that a run which was stopped in
    the middle of them shows as incomplete, and one that ended by its rule does not.
    """

    def describe() -> None:
        writer.describe({**plan_document(run_blocks.plan), **run_blocks.course()}, environment)

    primary = primary_of(plan.kind, paced=plan.is_paced)

    def measure_cells(plan: Plan) -> None:
        on_cells(plan)
        cells = plan.cells()
        references = {cell: plan.reference.of(cell) for cell in cells}
        observer.will_measure(cells, references, primary)

    run_blocks = RunBlocks(plan, primary, on_more=describe, on_cells=measure_cells)
    failures = CommandFailures(plan.command, allowed=plan.allow_failures)

    def save(sample: Sample) -> None:
        writer.append(sample)
        failures.take(sample)

    describe()
    measure_cells(plan)
    try:
        run_trials(run_blocks, measure, save, observer, retries=run_blocks.plan.retries)
    except KeyboardInterrupt:
        return Outcome(writer.folder, interrupted=True)
    if words := run_blocks.words():
        environment["cautions"].append({"name": "ending", "what": words, "remedy": ""})
    if words := failures.words():
        environment["cautions"].append({"name": "command", "what": words, "remedy": ""})
    describe()
    return Outcome(writer.folder, interrupted=False)


@contextmanager
def stop_signals() -> Iterator[None]:
    """Treat SIGTERM, and the loss of the terminal, like Ctrl-C."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    # Under nohup the loss of the terminal is ignored, and stays so.
    asked = (signal.SIGTERM, signal.SIGHUP)
    numbers = [number for number in asked if signal.getsignal(number) is not signal.SIG_IGN]
    before = [signal.signal(number, stop) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


class _WaitNotice:
    """Reports once which run this run waits for; the lock calls it ten times a second."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._said = False

    def __call__(self, holder: Holder | None, waited_s: float) -> None:
        if not self._said:
            who = holder.describe() if holder is not None else "another run"
            self._say(f"waiting for {plain(who)} to end")
            self._said = True
