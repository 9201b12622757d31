"""A counted run from request to stored samples: guests are started, and this host is left alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.counted import counted
from harness.errors import UsageError, one_of
from harness.guest.boot import GuestFailedError, emulator_version
from harness.guest.contents import contents, interpreter
from harness.guest.copied import copy_of, started_from
from harness.guest.cpio import Entry, file, with_parents, write_archive
from harness.guest.daemons.entries import daemon_entries
from harness.guest.foreign import foreign_contents
from harness.guest.kernels.images import KernelImage, find_kernels, machine_of
from harness.guest.machines import X86_64, Machine
from harness.guest.named_paths import entries_for
from harness.guest.order import ORDER_FILE, Order, order_document
from harness.guest.together import CONSOLE, FAILED, Answer, Boot, run_guests
from harness.host.facts import read_host_facts
from harness.kernel.rules.machine import rules_for
from harness.model.count import INSTRUCTIONS
from harness.model.run import AA, Cell, Trial
from harness.plain import plain
from harness.run.counted_boots import BOOTS, MOST_BOOTS, Spread
from harness.run.counted_facts import CountedFacts
from harness.run.counted_sample import counted_sample
from harness.run.counted_trial import guest_trial
from harness.run.environment import environment_document
from harness.run.lifecycle.borrow import Say
from harness.run.lifecycle.loop import Outcome
from harness.run.lifecycle.signals import stop_if_asked, stop_signals
from harness.run.plan.counted_consumers import (
    COUNTED_CONSUMER,
    counted_consumers,
    in_guests,
    with_consumers,
)
from harness.run.plan.document import plan_document
from harness.run.plan.file import load_plan_file
from harness.run.plan.login import LoginRights, settle_login
from harness.run.plan.plan import Plan, make_plan
from harness.run.request import Conduct, Request
from harness.store import RunWriter, new_folder

COUNTED_WORKLOADS = ("syscalls", "connect", "udp", "files", "shells", "mixed")
DEFAULT_WORKLOAD = "syscalls"
"""Counted beside those of the plan: what rules cost the calls that they do not record."""
DAEMONS_BY = "harness.consumers.counted.listening"
"""Tells a guest how daemons are started."""
_ROOT_UID = 0


@dataclass(frozen=True, slots=True)
class _Planned:
    """A trial's place: its boot, its position in it, and its cell."""

    boot: int
    position: int
    cell: Cell

    def trial(self, first_index: int, answer: Answer) -> Trial:
        """The trial that a guest answered to."""
        ops = len(answer.get("chunks", ())) * int(answer.get("ops_per_chunk", 0))
        block = self.boot + 1
        return Trial(first_index + self.position, self.cell, block, self.position, block, ops)


def run_count(request: Request, kernels: tuple[str, ...], say: Say) -> Outcome:
    """Count a request's cells under kernels, named as `--kernel` does, and store the run.

    No kernel named is the one that this distribution installs.
    """
    plan, machine = plan_under(request, kernels)
    with rules_for(machine.name), stop_signals():
        return _count(plan, request.conduct, kernels, machine, say)


def plan_under(request: Request, kernels: Sequence[str]) -> tuple[Plan, Machine]:
    """What of a request can be counted under these kernels, and the machine that they are for.

    UsageError where nothing of it can.
    """
    machine = machine_of(kernels)
    with rules_for(machine.name):
        plan = counted_plan(request)
    if machine is not X86_64 and in_guests(plan):
        raise UsageError(
            f"daemons are counted in guests of {X86_64.name} only",
            remedy=f"leave --consumer out under a kernel of {machine.name}",
        )
    return plan, machine


def _count(
    plan: Plan, conduct: Conduct, kernels: tuple[str, ...], machine: Machine, say: Say
) -> Outcome:
    emulator = emulator_version(machine)
    images = find_kernels(kernels)
    for name, image in images.items():
        say(f"counting under Linux {plain(name)} ({plain(image.source)})")
    for daemon in in_guests(plan):
        found = daemon.find(None)
        say(plain(f"{daemon.name}: {found.path} {found.version}"))
    facts = read_host_facts()
    environment = environment_document(plan, facts, {}, conduct, None, None)
    if not conduct.label.strip():
        # Not this host's kernel, of which nothing is known here.
        environment["label"] = f"{environment['auditbench']}, Linux {', '.join(images)}"
    with RunWriter(new_folder(conduct.results, facts.machine, plan.name)) as writer:
        run = _Run(plan, images, machine, emulator, writer, environment, say)
        try:
            run.count()
        except KeyboardInterrupt:
            if not run.has_begun:
                raise
            return Outcome(writer.folder, interrupted=True)
        return Outcome(writer.folder, interrupted=False)


def counted_plan(request: Request) -> Plan:
    """The plan of a request, as far as it can be counted; UsageError where nothing of it can."""
    load = request.load
    asked = counted_consumers(load)
    load = replace(load, workloads=load.workloads or _usual(request.plan, asked.names))
    for name in load.workloads:
        if name not in COUNTED_WORKLOADS:
            raise UsageError(
                f"{name} is not counted",
                remedy=one_of(name, COUNTED_WORKLOADS, otherwise="; `run` measures the others"),
            )
    load = replace(
        load,
        consumers=(COUNTED_CONSUMER,),
        consumer_packages=(),
        consumer_commands=(),
        consumer_output=None,
        consumer_form=None,
        consumer_mapping=None,
    )
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
    plan = replace(plan, scenarios=scenarios, blocks=BOOTS, ops={})
    plan = with_consumers(plan, asked)
    if plan.excluded is not None and plan.excluded.workloads:
        plan = plan.run_from(copy_of(plan.excluded.name))
    return settle_login(plan, LoginRights(_ROOT_UID))


def _usual(plan: str, consumers: Sequence[str]) -> tuple[str, ...]:
    """The workloads of a plan that can be counted, after the one that makes no event.

    Where consumers are named, it is events that are asked for.
    """
    named = load_plan_file(plan).workloads
    eventful = tuple(name for name in named if name in COUNTED_WORKLOADS[1:])
    return eventful if consumers else (DEFAULT_WORKLOAD, *eventful)


class _Run:
    """One counted run in progress: every boot of every kernel, kernel by kernel."""

    def __init__(
        self,
        plan: Plan,
        images: Mapping[str, KernelImage],
        machine: Machine,
        emulator: str,
        writer: RunWriter,
        environment: dict[str, Any],
        say: Say,
    ) -> None:
        self._plan, self._images, self._machine = plan, images, machine
        self._writer, self._say = writer, say
        self._planned = [_of_boot(plan, boot) for boot in range(MOST_BOOTS)]
        self._boots = [(name, boot) for name in images for boot in range(BOOTS)]
        self._counted = [0] * len(self._boots)
        self._spread = Spread()
        self._facts = CountedFacts(images, emulator, environment, self._describe)

    def _describe(self, facts: dict[str, Any]) -> None:
        self._writer.describe({**plan_document(self._plan), "trials": self._trials}, facts)

    @property
    def has_begun(self) -> bool:
        """Whether a guest has said anything: before that there is nothing to store."""
        return self._facts.is_written

    @property
    def _trials(self) -> int:
        """The trials of all boots."""
        return sum(len(self._planned[boot]) for _, boot in self._boots)

    def count(self) -> None:
        """Start the guests, and store what they say as they say it.

        Raises GuestFailedError where none of them counted anything.
        """
        base = self._contents()
        if (excluded := self._plan.excluded) is not None and excluded.workloads:
            base = started_from(base, Path(excluded.copy), interpreter(self._machine))
        self._boot(base, 0)
        if self._facts.failures and not any(self._counted):
            first = self._facts.failures[0]
            raise GuestFailedError(first.what, remedy=first.remedy)
        while not self._facts.failures and (again := self._spread.kernels_to_boot_again()):
            self._say(f"the boots of {plain(', '.join(again))} do not agree yet on all events")
            first_place = len(self._boots)
            done = [name for name, _ in self._boots]
            self._boots += [(name, done.count(name)) for name in again]
            self._counted += [0] * len(again)
            self._facts.write()
            self._boot(base, first_place)

    def _contents(self) -> dict[bytes, Entry]:
        """What all boots have: the programs, and the daemons that are counted."""
        daemons = in_guests(self._plan)
        if self._machine is not X86_64:
            self._say(f"compiling the loads for {self._machine.name}, unless that was done before")
            return foreign_contents(self._machine, self._plan.workloads)
        if not daemons:
            return contents(self._plan.workloads)
        base = contents(self._plan.workloads, (DAEMONS_BY,))
        gathered = {daemon.number: daemon.gathered for daemon in daemons}
        return base | daemon_entries(gathered, base)

    def _boot(self, base: Mapping[bytes, Entry], first_place: int) -> None:
        """Start the guests from a place on, and listen to them to their end."""
        wanted = self._boots[first_place:]
        roots = {boot: self._root(base, boot) for boot in {boot for _, boot in wanted}}
        boots = [Boot(self._images[name], roots[boot], boot + 1) for name, boot in wanted]
        self._say(f"starting {counted(len(boots), 'guest')} for {counted(self._trials, 'trial')}")
        for number, answer in run_guests(boots):
            stop_if_asked()
            if not self._facts.is_written:
                self._facts.write()
            self._take(first_place + number, answer)

    def _root(self, base: Mapping[bytes, Entry], boot: int) -> bytes:
        """The root of one boot: the same for all but for the order in it."""
        trials = tuple(
            guest_trial(self._plan, planned.cell, index)
            for index, planned in enumerate(self._planned[boot])
        )
        daemons_by = DAEMONS_BY if in_guests(self._plan) else ""
        order = json.dumps(order_document(Order(trials, daemons_by=daemons_by))).encode()
        entries = {**base, ORDER_FILE.encode(): file(order)}
        rules = [rule for trial in trials if trial.state for rule in trial.state.rules]
        return write_archive({**entries, **entries_for(rules, with_parents(entries))})

    def _take(self, place: int, answer: Answer) -> None:
        name, boot = self._boots[place]
        event = answer["event"]
        if event == "hello":
            self._facts.hello(name, answer)
        elif event == FAILED:
            self._say(plain(self._facts.failed(answer).one_line()))
        elif event == CONSOLE:
            caution = self._facts.complained(name, self._during(place), answer)
            self._say(plain(caution.one_line()))
        else:
            self._store(place, self._planned[boot][answer["index"]], answer)

    def _store(self, place: int, planned: _Planned, answer: Answer) -> None:
        name, boot = self._boots[place]
        trial = planned.trial(place * len(self._planned[boot]), answer)
        sample = counted_sample(trial, self._plan.scenario_of(planned.cell), answer)
        sample = replace(sample, kernel=name)
        self._writer.append(sample)
        self._spread.add(sample)
        self._counted[place] += 1
        cell = f"{planned.cell.workload} × {planned.cell.scenario}"
        of = f"Linux {name}, boot {boot + 1}" if len(self._images) > 1 else f"boot {boot + 1}"
        said = f"{sample.metrics[INSTRUCTIONS]:,.1f}" if sample.valid else sample.invalid_reason
        self._say(plain(f"{of}: {cell}: {said}"))

    def _during(self, place: int) -> str:
        """At which trial a guest is."""
        planned = self._planned[self._boots[place][1]]
        if self._counted[place] == len(planned):
            return "at its end"
        cell = planned[self._counted[place]].cell
        return f"at {cell.workload} × {cell.scenario}"


def _of_boot(plan: Plan, boot: int) -> list[_Planned]:
    """The trials of a boot. Every second one takes the states that can be entered again backwards,
    so that what their order does shows between the boots.
    """
    cells = plan.cells()
    first = [cell for cell in cells if not plan.scenario_of(cell).interleaved]
    others = [cell for cell in cells if plan.scenario_of(cell).interleaved]
    ordered = [*first, *(reversed(others) if boot % 2 else others)]
    return [_Planned(boot, position, cell) for position, cell in enumerate(ordered)]
