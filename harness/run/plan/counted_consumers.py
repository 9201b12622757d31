"""The consumers of a counted run: auditbench's own, and daemons from packages.

`--consumer NAME`, or `NAME@LABEL=PACKAGE` for one of several builds as in timed runs. What events
cost is counted once for each of them: scenarios that record are named after both,
`rules+auditd@3`. The others cost the same whoever listens, and are counted once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.consumers.counted.adapters import ADAPTERS, PROGRAMS
from harness.consumers.counted.packaged import PackagedConsumer
from harness.errors import UsageError, one_of
from harness.model.run import Scenario
from harness.run.plan.cell_rules import has_recording_rules
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
    """Those that a request names, in order; `packaged` are the daemons among them."""

    names: tuple[str, ...]
    packaged: Mapping[str, PackagedConsumer]


def counted_consumers(load: Load) -> CountedConsumers:
    """The consumers of a request; UsageError for one that is not counted, or a stray package."""
    bases: dict[str, str] = {}
    packages: dict[str, list[str]] = {}
    for word in load.consumers:
        name, base, own = _read(word)
        if name in bases:
            raise UsageError(f"--consumer names {name} twice", remedy="give each build a label")
        bases[name], packages[name] = base, own
    daemons = [name for name in bases if name != COUNTED_CONSUMER]
    for name, package in _given(load.consumer_packages, bases):
        if not daemons or name == COUNTED_CONSUMER:
            raise UsageError(
                f"--consumer-package {package} is of no daemon",
                remedy="name one: --consumer auditd",
            )
        for one in [name] if name else daemons:
            packages[one].append(package)
    # Where nothing is named, it is the package of this distribution.
    packaged = {
        name: PackagedConsumer(
            name, bases[name], packages[name] or [PROGRAMS[bases[name]][0]], number
        )
        for number, name in enumerate(daemons)
    }
    return CountedConsumers(tuple(bases), packaged)


def _read(word: str) -> tuple[str, str, list[str]]:
    """The name in the run, the consumer that it is, and the packages of this word alone."""
    match = _BUILD.fullmatch(word)
    if match is None and "=" in word:
        raise UsageError(f"--consumer {word!r} is not a build of a consumer", remedy=_EXAMPLE)
    base = match[1] if match else word
    if base == COUNTED_CONSUMER and match is None:
        return word, base, []
    if base not in ADAPTERS:
        known = list(ADAPTERS) if match else [COUNTED_CONSUMER, *ADAPTERS]
        raise UsageError(
            f"{base} is not counted from a package" if match else f"{base} is not counted",
            remedy=one_of(base, known, otherwise="; `run` measures the others"),
        )
    return (f"{base}@{match[2]}", base, [match[3]]) if match else (word, base, [])


def _given(words: Sequence[str], bases: Mapping[str, str]) -> Iterator[tuple[str, str]]:
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
        own_consumers=asked.packaged,
    )


def packaged_of(plan: Plan) -> list[PackagedConsumer]:
    """The daemons from packages of a plan."""
    return [each for each in plan.own_consumers.values() if isinstance(each, PackagedConsumer)]


def _of_each(scenario: Scenario, names: Sequence[str]) -> Iterator[Scenario]:
    if scenario.enabled is None:
        yield scenario
    elif not has_recording_rules(scenario):
        yield replace(scenario, consumer=COUNTED_CONSUMER)
    else:
        for name in names:
            own = scenario.name if name == COUNTED_CONSUMER else f"{scenario.name}+{name}"
            yield replace(scenario, name=own, consumer=name)
