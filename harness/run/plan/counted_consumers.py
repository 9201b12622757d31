"""The consumers of a counted run: auditbench's own, daemons from packages, programs of the user's.

`--consumer NAME`, or `NAME@LABEL=PACKAGE` for one of several builds as in timed runs; a program
that the user built is named likewise, with `--consumer-command` or `--consumer-output`. What events
cost is counted once for each of them: scenarios that record are named after both,
`rules+auditd@3`. The others cost the same whoever listens, and are counted once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.consumers.counted.adapters import ADAPTERS, PROGRAMS
from harness.consumers.counted.in_guest import GuestConsumer
from harness.consumers.counted.own import OwnInGuest
from harness.consumers.counted.packaged import PackagedConsumer
from harness.consumers.own.command import OwnCommand
from harness.errors import UsageError, one_of
from harness.guest.daemons.program_file import is_program_file
from harness.model.run import Scenario
from harness.run.plan.cell_rules import has_recording_rules
from harness.run.plan.own_consumers import (
    command_of,
    commands_of,
    refuse_outputs,
    require_output,
)
from harness.run.plan.plan import Plan
from harness.run.request import Load

COUNTED_CONSUMER = "assemble"
"""Listens where no other is named, and where nothing is recorded."""
_NAME = r"[A-Za-z0-9][A-Za-z0-9._+-]{0,39}"
_BUILD = re.compile(rf"({_NAME})@({_NAME})=(.+)", re.S)
_OF_ONE = re.compile(rf"({_NAME}(?:@{_NAME})?)=(.+)", re.S)
_EXAMPLE = "write NAME@LABEL=PACKAGE, such as auditd@4=trixie/auditd or auditd@4=FILE.deb"


@dataclass(frozen=True, slots=True)
class CountedConsumers:
    """Those that a request names, in order; `in_guests` are all but auditbench's own."""

    names: tuple[str, ...]
    in_guests: Mapping[str, GuestConsumer]


@dataclass(frozen=True, slots=True)
class _Asked:
    """One that is asked for: a consumer, or with a `command` a program of the user's own.

    `given` is the package or the program of this one alone, empty for none.
    """

    base: str
    given: str = ""
    command: OwnCommand | None = None


def counted_consumers(load: Load) -> CountedConsumers:
    """The consumers of a request; UsageError for one that is not counted, or a stray package."""
    require_output(load)
    asked = _asked(load)
    if not any(each.command for each in asked.values()):
        refuse_outputs(load)
    packages = _packages(load, asked)
    return CountedConsumers(
        tuple(asked),
        {
            name: _in_guest(name, asked[name], own, number)
            for number, (name, own) in enumerate(packages.items())
        },
    )


def _asked(load: Load) -> dict[str, _Asked]:
    commands = commands_of(load)
    asked: dict[str, _Asked] = {}
    for word in load.consumers:
        name, one = _read(word, commands, load)
        if name in asked:
            raise UsageError(f"--consumer names {name} twice", remedy="give each build a label")
        asked[name] = one
    built = {one.base for one in asked.values()}
    alone = {name: _Asked(name, command=commands[name]) for name in commands if name not in built}
    return asked | alone


def _read(word: str, commands: Mapping[str, OwnCommand], load: Load) -> tuple[str, _Asked]:
    """The name in the run, and what it is."""
    match = _BUILD.fullmatch(word)
    if match is None and "=" in word:
        raise UsageError(f"--consumer {word!r} is not a build of a consumer", remedy=_EXAMPLE)
    base, given = (match[1], match[3]) if match else (word, "")
    name = f"{base}@{match[2]}" if match else word
    if base in commands:
        return name, _Asked(base, given, commands[base])
    if base in ADAPTERS or name == COUNTED_CONSUMER:
        return name, _Asked(base, given)
    if match and base != COUNTED_CONSUMER and load.consumer_output is not None:
        return name, _Asked(base, given, command_of((given,), load))
    known = list(ADAPTERS) if match else [COUNTED_CONSUMER, *ADAPTERS]
    raise UsageError(
        f"{base} is not counted from a package" if match else f"{base} is not counted",
        remedy=one_of(base, known, otherwise="; `run` measures the others, and a program of your "
                      "own is counted with --consumer-output FILE"),
    )  # fmt: skip


def _packages(load: Load, asked: Mapping[str, _Asked]) -> dict[str, list[str]]:
    """The packages of each that is put into guests, none for the user's own programs."""
    found = {
        name: [one.given] if one.given and one.command is None else []
        for name, one in asked.items()
        if name != COUNTED_CONSUMER
    }
    daemons = [name for name in found if asked[name].command is None]
    for name, package in _given(load.consumer_packages, asked):
        if name and asked[name].command is not None:
            raise UsageError(
                f"--consumer-package {package}: {name} is a program of your own",
                remedy="leave it out: a guest is given the libraries of this host",
            )
        if not daemons or name == COUNTED_CONSUMER:
            raise UsageError(
                f"--consumer-package {package} is of no daemon",
                remedy="name one: --consumer auditd",
            )
        for one in [name] if name else daemons:
            found[one].append(package)
    return found


def _in_guest(name: str, one: _Asked, packages: Sequence[str], number: int) -> GuestConsumer:
    if one.command is not None:
        return OwnInGuest(name, one.command, Path(one.given) if one.given else None, number)
    first, *others = PROGRAMS[one.base]
    # Where nothing is named, it is the package of this distribution; so is what a program that is
    # given by itself, with this host's libraries, starts beside it.
    if packages and all(map(is_program_file, packages)):
        packages = [*packages, *others]
    return PackagedConsumer(name, one.base, packages or [first], number)


def _given(words: Sequence[str], bases: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each package of `--consumer-package`, and the one whose it is; empty: every daemon's."""
    for word in words:
        match = _OF_ONE.fullmatch(word)
        if match is None:
            yield "", word
        elif match[1] in bases:
            yield match[1], match[2]
        else:
            raise UsageError(
                f"--consumer-package {word}: no --consumer is called {match[1]}",
                remedy=one_of(match[1], bases) if bases else "name it with --consumer",
            )


def with_consumers(plan: Plan, asked: CountedConsumers) -> Plan:
    """The same, with each scenario that records once for each consumer that is asked for."""
    if not asked.names:
        return plan

    def split(group: Sequence[Scenario]) -> tuple[Scenario, ...]:
        return tuple(each for scenario in group for each in _of_each(scenario, asked.names))

    scenarios = {name: split(group) for name, group in plan.scenarios.items()}
    if not any(each.consumer in asked.names for group in scenarios.values() for each in group):
        raise UsageError(
            "no scenario records anything, and so --consumer has nothing to count",
            remedy="name --rules, or leave --scenario out",
        )
    return replace(
        plan,
        scenarios=scenarios,
        consumers=tuple(dict.fromkeys((COUNTED_CONSUMER, *asked.names))),
        own_consumers=asked.in_guests,
    )


def in_guests(plan: Plan) -> list[GuestConsumer]:
    """The consumers of a plan that are put into guests."""
    return [each for each in plan.own_consumers.values() if isinstance(each, GuestConsumer)]


def _of_each(scenario: Scenario, names: Sequence[str]) -> Iterator[Scenario]:
    if scenario.enabled is None:
        yield scenario
    elif not has_recording_rules(scenario):
        yield replace(scenario, consumer=COUNTED_CONSUMER)
    else:
        for name in names:
            own = scenario.name if name == COUNTED_CONSUMER else f"{scenario.name}+{name}"
            yield replace(scenario, name=own, consumer=name)
