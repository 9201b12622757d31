"""A run from request to stored samples: check, borrow the host's audit, measure, give it back.

Every user error is found before the lease is taken; every measurement is on the disk before the
next trial begins.
"""

from __future__ import annotations

import platform
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import Any

from harness.answers.label import label_of
from harness.consumers.catalog import find_consumer
from harness.errors import HostUnfitError
from harness.files.reading import exists
from harness.files.scratch import remove_abandoned
from harness.host.ever_enabled.probe import EverEnabled, probe_ever_enabled
from harness.host.facts import HostFacts, read_host_facts
from harness.host.pinning import assign_cpus
from harness.kernel.client import AuditClient
from harness.kernel.lease.lease import Lease, take_lease
from harness.kernel.lease.lock import Holder
from harness.kernel.lease.snapshot import Snapshot
from harness.kernel.rules.format import format_rule
from harness.kernel.rules.rule import Rule
from harness.model.run import Sample, Trial
from harness.model.stored import PRIMARY, StoredEnvironment
from harness.plain import plain
from harness.reporters.matching import matching_lines
from harness.run.blocks import RunBlocks, refuse_endless
from harness.run.plan.login import read_login_rights, settle_login
from harness.run.plan.plan import Plan, Request, make_plan, plan_document
from harness.run.replay import ReplayBench, replay_trial
from harness.run.runner import Observer, run_trials
from harness.run.trial import Bench, run_trial
from harness.run.validity import refuse_unreadable
from harness.store import RunWriter

TRIAL_TIMEOUT_S = 600.0
"""A longer trial is aborted: a stalled queue delays a producer by a minute per record."""


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """Options of carrying out a run, as opposed to those of what it measures."""

    results: Path
    cpus: str | None = None
    borrow: bool = False
    wait: bool = False
    argv: tuple[str, ...] = ()
    label: str = ""
    """The run's name in a history; empty is the default."""
    say: Callable[[str], None] = lambda text: None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The folder of a stored run, and whether the user stopped it."""

    folder: Path
    interrupted: bool


class NoAuditError(HostUnfitError):
    """This host's audit is not available; nothing was changed or measured."""


def run_with_fallback(
    request: Request, fallback: str | None, options: SessionOptions, observer: Observer
) -> Outcome:
    """Run; if this host's audit is not available, say so in one line and run `fallback` instead."""
    try:
        return run_session(request, options, observer)
    except NoAuditError as error:
        if fallback is None:
            raise
        options.say(
            f"This host's audit cannot be measured: {plain(error.one_line())}. Running the plan "
            f"`{fallback}` instead: it measures the consumer, not this host's kernel."
        )
    instead = Request(
        plan=fallback,
        pace=request.pace,
        blocks=request.blocks,
        ops=request.ops,
        seed=request.seed,
    )
    return run_session(instead, options, observer)


def run_session(request: Request, options: SessionOptions, observer: Observer) -> Outcome:
    """Run a request's plan on this host and store it."""
    plan = make_plan(request)
    refuse_endless(plan)
    refuse_unreadable(plan.invalid)
    facts = read_host_facts()
    cpus = assign_cpus(options.cpus, facts.cpu)
    if plan.kind == "replay":
        return _run_replay(plan, facts, cpus, options, observer)
    return _run_kernel(request, plan, facts, cpus, options, observer)


def _run_kernel(
    request: Request,
    plan: Plan,
    facts: HostFacts,
    cpus: dict[str, tuple[int, ...]],
    options: SessionOptions,
    observer: Observer,
) -> Outcome:
    with (
        RunWriter(_new_folder(options.results, facts, plan)) as writer,
        _stop_signals(),
        _take_lease(options) as lease,
        AuditClient() as client,
    ):
        for repaired in (*lease.repaired, *remove_abandoned()):
            options.say(plain(repaired))
        ever = probe_ever_enabled(client)
        if ever.state == "never":
            plan = plan.with_first()
        plan = _settle(plan, facts, lease.snapshot, options.say)
        environment = _environment(
            plan, facts, cpus, options, lease.snapshot, ever, request.consumer_paths
        )
        bench = Bench(
            plan=plan,
            lease=lease,
            client=client,
            consumers={name: find_consumer(name) for name in plan.all_consumers()},
            cpus=cpus,
            binaries=request.consumer_paths,
            trial_timeout_s=TRIAL_TIMEOUT_S,
            hold_queue=facts.kernel.boots_with_audit,
            on_pulse=observer.pulse,
        )
        return _loop(writer, plan, environment, lambda trial: run_trial(bench, trial), observer)


def _settle(plan: Plan, facts: HostFacts, snapshot: Snapshot, say: Callable[[str], None]) -> Plan:
    """The plan with the login uid of its loads, which is said with what the rules can match."""
    can_control = facts.privilege.can("CAP_AUDIT_CONTROL")
    plan = settle_login(plan, read_login_rights(snapshot.features, can_control=can_control))
    for line in matching_lines(plan.login, plan.matching):
        say(plain(line))
    return plan


@contextmanager
def _take_lease(options: SessionOptions) -> Iterator[Lease]:
    """Take the lease; NoAuditError if it is refused, unlike errors of the run under it."""
    with ExitStack() as stack:
        try:
            lease = stack.enter_context(
                take_lease(
                    command=plain(" ".join(options.argv)) or "auditbench run",
                    borrow=options.borrow,
                    wait=options.wait,
                    on_wait=_WaitNotice(options.say),
                )
            )
        except HostUnfitError as error:
            raise NoAuditError(error.what, remedy=error.remedy) from error
        yield lease


def _run_replay(
    plan: Plan,
    facts: HostFacts,
    cpus: dict[str, tuple[int, ...]],
    options: SessionOptions,
    observer: Observer,
) -> Outcome:
    with RunWriter(_new_folder(options.results, facts, plan)) as writer, _stop_signals():
        for removed in remove_abandoned():
            options.say(removed)
        environment = _environment(plan, facts, cpus, options, None, None, {})
        bench = ReplayBench(plan=plan, cpus=cpus, trial_timeout_s=TRIAL_TIMEOUT_S)
        return _loop(writer, plan, environment, lambda trial: replay_trial(bench, trial), observer)


def _loop(
    writer: RunWriter,
    plan: Plan,
    environment: dict[str, Any],
    measure: Callable[[Trial], Sample],
    observer: Observer,
) -> Outcome:
    """Run the trials; Ctrl-C ends them and keeps what was measured.

    The stored plan always has the trials that are settled, so that a run which was stopped in
    the middle of them shows as incomplete, and one that ended by its rule does not.
    """

    def describe() -> None:
        writer.describe(_course_document(plan, run_blocks), environment)

    run_blocks = RunBlocks(plan, PRIMARY[plan.kind], on_more=describe)
    describe()
    cells = plan.cells()
    references = {cell: plan.reference.of(cell) for cell in cells}
    observer.will_measure(cells, references, PRIMARY[plan.kind])
    try:
        run_trials(run_blocks, measure, writer.append, observer, retries=run_blocks.plan.retries)
    except KeyboardInterrupt:
        return Outcome(writer.folder, interrupted=True)
    if words := run_blocks.words():
        environment["cautions"].append({"name": "ending", "what": words, "remedy": ""})
    describe()
    return Outcome(writer.folder, interrupted=False)


def _course_document(plan: Plan, run_blocks: RunBlocks) -> dict[str, Any]:
    return {
        **plan_document(plan),
        "blocks": run_blocks.blocks_planned,
        "trials": run_blocks.trials_planned,
        "ending": run_blocks.document(),
    }


def _new_folder(results: Path, facts: HostFacts, plan: Plan) -> Path:
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H%M%SZ")
    folder = results / facts.machine / f"{stamp}-{plan.name}"
    number = 2
    while exists(folder):
        folder = folder.with_name(f"{stamp}-{plan.name}-{number}")
        number += 1
    return folder


@contextmanager
def _stop_signals() -> Iterator[None]:
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


def _environment(
    plan: Plan,
    facts: HostFacts,
    cpus: dict[str, tuple[int, ...]],
    options: SessionOptions,
    snapshot: Snapshot | None,
    ever: EverEnabled | None,
    paths: Mapping[str, Path],
) -> dict[str, Any]:
    """Everything that the numbers depend on and that is not in the plan."""
    consumers = _programs(plan, paths)
    environment = {
        "schema": "auditbench.environment/1",
        "label": options.label.strip(),
        "auditbench": version("auditbench"),
        "python": platform.python_version(),
        "argv": list(options.argv),
        "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "facts": asdict(facts),
        "cpus": {name: list(numbers) for name, numbers in cpus.items()},
        "audit_before": _snapshot_document(snapshot) if snapshot is not None else None,
        "ever_enabled": asdict(ever) if ever is not None else None,
        "caller_loginuid": _read_number(Path("/proc/self/loginuid")),
        "consumers": consumers,
        "cautions": [
            *({"name": "rules", "what": note, "remedy": ""} for note in _scenario_notes(plan)),
            *_absent_consumers(plan),
        ],
    }
    return environment | {"label": label_of(StoredEnvironment.read(environment))}


def _programs(plan: Plan, paths: Mapping[str, Path]) -> dict[str, dict[str, str]]:
    """The foreign consumers of a plan: their paths, and their versions in their own words."""
    names = sorted(plan.all_consumers())
    found = ((name, find_consumer(name).find(paths.get(name))) for name in names)
    return {
        name: {"path": str(program.path), "version": program.version}
        for name, program in found
        if program is not None
    }


def _absent_consumers(plan: Plan) -> list[dict[str, str]]:
    if not plan.absent:
        return []
    what = f"not on this host and left out: {', '.join(plan.absent)}"
    return [{"name": "absent", "what": what, "remedy": "--consumer-path NAME=PATH names a program"}]


def _scenario_notes(plan: Plan) -> list[str]:
    """Warnings about the rules under test, each once."""
    scenarios = [scenario for group in plan.scenarios.values() for scenario in group]
    return list(dict.fromkeys(note for scenario in scenarios for note in scenario.notes))


def _snapshot_document(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "settings": dict(snapshot.settings),
        "features": snapshot.features,
        "rules": [format_rule(Rule.from_bytes(payload)) for payload in snapshot.rules],
    }


class _WaitNotice:
    """Reports once which run this run waits for; the lock calls it ten times a second."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._said = False

    def __call__(self, holder: Holder | None, waited_s: float) -> None:
        if not self._said:
            who = holder.describe() if holder is not None else "another run"
            self._say(f"waiting for {plain(who)} to end")
            self._said = True


def _read_number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
