"""A counted run from request to stored samples: guests are started, and this host is left alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from harness.counted import counted
from harness.errors import UsageError
from harness.guest.boot import emulator_version
from harness.guest.contents import contents
from harness.guest.cpio import Entry, file, with_parents, write_archive
from harness.guest.images import KernelImage, find_kernel
from harness.guest.named_paths import entries_for
from harness.guest.order import ORDER_FILE, GuestTrial, Order, order_document
from harness.guest.together import Answer, run_guests
from harness.host.facts import read_host_facts
from harness.model.count import INSTRUCTIONS
from harness.model.run import AA, Cell, Ledger, Sample
from harness.model.stored.environment import StoredGuest
from harness.plain import plain
from harness.run.environment import environment_document
from harness.run.lifecycle.borrow import Say
from harness.run.lifecycle.loop import Outcome
from harness.run.lifecycle.signals import stop_if_asked, stop_signals
from harness.run.plan.document import plan_document
from harness.run.plan.login import LoginRights, settle_login
from harness.run.plan.plan import Plan, make_plan
from harness.run.request import Conduct, Request
from harness.store import RunWriter, new_folder

BOOTS = 2
"""Their difference is the floor."""
COUNTED_WORKLOADS = ("syscalls",)
"""Loads that make no event: what these cost needs no consumer."""
NO_CONSUMER = "none"
_ROOT_UID = 0


@dataclass(frozen=True, slots=True)
class _Planned:
    """A trial's place: its boot, its position in it, and its cell."""

    boot: int
    position: int
    cell: Cell


def run_count(request: Request, kernel: str | None, say: Say) -> Outcome:
    """Count a request's cells under a kernel, named as `--kernel` does, and store the run."""
    plan = counted_plan(request)
    with stop_signals():
        return _count(plan, request.conduct, kernel, say)


def _count(plan: Plan, conduct: Conduct, kernel: str | None, say: Say) -> Outcome:
    emulator = emulator_version()
    image = find_kernel(kernel)
    say(f"counting under Linux {plain(image.release)} ({plain(image.source)})")
    facts = read_host_facts()
    environment = environment_document(plan, facts, {}, conduct, None, None)
    if not conduct.label.strip():
        # Not this host's kernel, of which nothing is known here.
        environment["label"] = f"{environment['auditbench']}, Linux {image.release}"
    with RunWriter(new_folder(conduct.results, facts.machine, plan.name)) as writer:
        run = _Run(plan, image, emulator, writer, environment, say)
        try:
            run.count()
        except KeyboardInterrupt:
            return Outcome(writer.folder, interrupted=True)
        return Outcome(writer.folder, interrupted=False)


def counted_plan(request: Request) -> Plan:
    """The plan of a request, as far as it can be counted; UsageError where nothing of it can."""
    load = replace(request.load, workloads=request.load.workloads or COUNTED_WORKLOADS)
    for name in load.workloads:
        if name not in COUNTED_WORKLOADS:
            raise UsageError(
                f"{name} is not counted",
                remedy=f"--workload {' or '.join(COUNTED_WORKLOADS)}; `run` measures the others",
            )
    load = replace(load, consumers=(NO_CONSUMER,), no_ladder=True)
    plan = make_plan(replace(request, load=load, instrument="counted"))
    if plan.kind != "kernel":
        raise UsageError(
            f"the plan {request.plan} measures no kernel", remedy="name another, such as overhead"
        )
    # A second measurement of the reference is what a second boot is for.
    scenarios = {
        name: tuple(s for s in group if not s.name.endswith(AA))
        for name, group in plan.with_first().scenarios.items()
    }
    plan = replace(plan, scenarios=scenarios, consumers=(NO_CONSUMER,), blocks=BOOTS, ops={})
    return settle_login(plan, LoginRights(_ROOT_UID))


class _Run:
    """One counted run in progress."""

    def __init__(
        self,
        plan: Plan,
        image: KernelImage,
        emulator: str,
        writer: RunWriter,
        environment: dict[str, Any],
        say: Say,
    ) -> None:
        self._plan, self._image, self._emulator = plan, image, emulator
        self._writer, self._environment, self._say = writer, environment, say
        self._planned = [_of_boot(plan, boot) for boot in range(BOOTS)]

    def count(self) -> None:
        """Start the guests, and store what they say as they say it."""
        self._describe(release=self._image.release, version="")
        base = contents(self._plan.workloads)
        roots = [self._root(base, boot) for boot in range(BOOTS)]
        trials = sum(map(len, self._planned))
        self._say(f"starting {counted(BOOTS, 'guest')} for {counted(trials, 'trial')}")
        for boot, answer in run_guests(self._image, roots):
            stop_if_asked()
            self._take(boot, answer)

    def _describe(self, *, release: str, version: str) -> None:
        guest = StoredGuest(
            name=self._image.release,
            kernel=release,
            kernel_version=version,
            sha256=self._image.sha256,
            source=self._image.source,
            emulator=self._emulator,
        )
        trials = sum(map(len, self._planned))
        document = {name: getattr(guest, name) for name in StoredGuest.__struct_fields__}
        self._writer.describe(
            {**plan_document(self._plan), "trials": trials},
            {**self._environment, "guests": [document]},
        )

    def _root(self, base: Mapping[bytes, Entry], boot: int) -> bytes:
        """The root of one boot: the same for all but for the order in it."""
        trials = tuple(
            GuestTrial(index, self._state(planned.cell), self._words(planned.cell))
            for index, planned in enumerate(self._planned[boot])
        )
        order = json.dumps(order_document(Order(trials))).encode()
        entries = {**base, ORDER_FILE.encode(): file(order)}
        rules = [rule for trial in trials if trial.state for rule in trial.state.rules]
        return write_archive({**entries, **entries_for(rules, with_parents(entries))})

    def _state(self, cell: Cell) -> Any:
        scenario = self._plan.scenario_of(cell)
        return None if scenario.enabled is None else scenario

    def _words(self, cell: Cell) -> tuple[str, ...]:
        return (cell.workload, f"--auid={self._plan.auid}")

    def _take(self, boot: int, answer: Answer) -> None:
        if answer["event"] == "hello":
            self._describe(release=answer["release"], version=answer["version"])
            return
        planned = self._planned[boot][answer["index"]]
        sample = _sample(planned, answer, planned.boot * len(self._planned[boot]), self._plan)
        sample = replace(sample, kernel=self._image.release)
        self._writer.append(sample)
        cell = f"{planned.cell.workload} × {planned.cell.scenario}"
        said = f"{sample.metrics[INSTRUCTIONS]:,.1f}" if sample.valid else sample.invalid_reason
        self._say(plain(f"boot {boot + 1}: {cell}: {said}"))


def _of_boot(plan: Plan, boot: int) -> list[_Planned]:
    """The trials of a boot. Every second one takes the states that can be entered again backwards,
    so that what their order does shows between the boots.
    """
    cells = [Cell(w, s.name, NO_CONSUMER) for w in plan.workloads for s in plan.scenarios[w]]
    first = [cell for cell in cells if not plan.scenario_of(cell).interleaved]
    others = [cell for cell in cells if plan.scenario_of(cell).interleaved]
    ordered = [*first, *(reversed(others) if boot % 2 else others)]
    return [_Planned(boot, position, cell) for position, cell in enumerate(ordered)]


def _sample(planned: _Planned, answer: Answer, first_index: int, plan: Plan) -> Sample:
    scenario = plan.scenario_of(planned.cell)
    reason = _why_not(answer, scenario.file)
    chunks: Sequence[int] = answer.get("chunks", ())
    ops = len(chunks) * int(answer.get("ops_per_chunk", 0))
    return Sample(
        index=first_index + planned.position,
        workload=planned.cell.workload,
        scenario=planned.cell.scenario,
        consumer=planned.cell.consumer,
        block=planned.boot + 1,
        position=planned.position,
        seed=planned.boot + 1,
        ops=ops,
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        duration_ns=sum(chunks),
        metrics={} if reason else {INSTRUCTIONS: float(answer[INSTRUCTIONS])},
        ledger=Ledger(generated=None, complete=None, partial=None, lost=None, attribution="none"),
        interleaved=scenario.interleaved,
        valid=not reason,
        invalid_reason=reason,
        workload_document={"ops": ops, "counted": dict(answer)},
    )


def _why_not(answer: Answer, rule_file: str) -> str:
    """Why a trial is not used; empty for one that is."""
    if answer["event"] == "refused":
        return f"{rule_file}: {answer['message']}" if rule_file else str(answer["message"])
    if "failed" in answer:
        return str(answer["failed"])
    if answer.get("failures"):
        return f"{counted(int(answer['failures']), 'operation')} of the load failed"
    if answer.get("records"):
        return (
            "its rules record the load's own calls, and what those cost depends on who receives "
            "the events: `auditbench run` measures that"
        )
    return ""
