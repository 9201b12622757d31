"""The facts behind the numbers: host, plan, rules, and the commands that reproduce them."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.model.result import Result
from harness.model.stored.facts import StoredCpu
from harness.model.stored.plan import StoredPlan
from harness.reporters.parts.matching import matching_sentences
from harness.reporters.parts.origin import minute

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """One scenario as it was put into force, and for which workloads."""

    name: str
    summary: str
    workloads: tuple[str, ...]
    limits: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """A command line, with what it is for."""

    purpose: str
    words: str


def in_short(result: Result) -> tuple[str, ...]:
    """When it was measured, on what, and what the run is called."""
    facts, label = result.host.facts, result.host.label
    kernel = facts.kernel.release
    found = (
        minute(result.host.started_at),
        f"kernel {kernel}" if kernel and kernel not in label else "",
        facts.cpu.model,
        f"run {result.run}",
        label,
    )
    return tuple(filter(None, found))


def host_pairs(result: Result) -> Pairs:
    """What machine this was."""
    host, facts = result.host, result.host.facts
    kernel, cpu, platform = facts.kernel, facts.cpu, facts.platform
    memory = facts.load.memory_bytes
    pairs = {
        "label": host.label,
        "host": facts.hostname,
        "machine": facts.machine,
        "kernel": _joined(kernel.release, kernel.version, kernel.arch),
        "boot parameters": _joined(*kernel.boot_parameters),
        "CPU": cpu.model,
        "CPUs": _cpus_in_words(cpu),
        "pinned": _pinning(host.cpus),
        "memory": None if memory is None else f"{memory / 2**30:.1f} GiB",
        "platform": _joined(platform.virtualisation, platform.product),
        "container": platform.container,
        "distribution": facts.software.distribution,
        "libaudit": facts.software.libaudit,
        "clock source": cpu.clocksource,
        "audit since boot": host.ever_enabled.state if host.ever_enabled else None,
        "auditbench": host.auditbench,
        "Python": host.python,
        "started": host.started_at,
    }
    return _given(pairs)


def host_document(result: Result) -> list[str]:
    """Everything that was recorded of the host, line by line."""
    return json.dumps(result.host.document, indent=1, ensure_ascii=False, default=str).splitlines()


def plan_pairs(result: Result) -> Pairs:
    """What was measured, how often, and against what."""
    plan = result.plan
    planned = result.trials if plan.trials is None else plan.trials
    pairs = {
        "plan": plan.name,
        "summary": plan.summary,
        "reference": _joined(plan.reference_scenario, plan.reference_consumer),
        "workloads": _joined(*plan.workloads, mark=", "),
        "operations per trial": _named(plan.ops),
        "consumers": _joined(*plan.consumers, mark=", "),
        "blocks": plan.blocks,
        "trials": f"{result.trials} done of {planned} planned",
        "not used": result.invalid_trials or None,
        "seed": plan.seed,
        "margin": f"{plan.margin * 100:.3g} %",
        "margins": _named(plan.margin_by_metric),
        "workers": _joined(*plan.worker_counts, mark=", ") or plan.workers,
        "rate": f"{plan.rate_per_s:,g} per second" if plan.rate_per_s else None,
        "victim": plan.victim.words if plan.victim else None,
        "published": _joined(*(row.name for row in plan.published), mark="; "),
        "soak": f"{plan.soak.seconds:,g} s" if plan.soak else None,
        "login uid": plan.auid,
        "rules": _joined(*matching_sentences(result), mark="; "),
        "options": _named(plan.workload_options),
        "command": shlex.join(plan.command),
    }
    return _given(pairs)


def rule_sets(plan: StoredPlan) -> tuple[RuleSet, ...]:
    """Every scenario with its rules in full; those that all workloads share appear once."""
    found: dict[tuple[Any, ...], list[str]] = {}
    for workload, scenarios in plan.scenarios.items():
        for scenario in scenarios:
            limits = _named(scenario.limits_set())
            key = scenario.name, scenario.summary.rstrip("."), limits, scenario.rules
            found.setdefault(key, []).append(workload)
    return tuple(
        RuleSet(name, summary, tuple(workloads), limits, rules)
        for (name, summary, limits, rules), workloads in found.items()
    )


def commands(result: Result) -> tuple[Command, ...]:
    """The command that was given, and one that makes the same run again."""
    argv = result.host.argv
    given = [Command("as it was called", shlex.join(argv))] if argv else []
    run = result.run.rpartition("/")[2]
    version = result.host.auditbench
    same = f"the same trials in the same order again{version and f', with auditbench {version}'}"
    return (
        *given,
        Command(same, shlex.join(_again(argv, result.plan))),
        Command("this result in the terminal", shlex.join(["auditbench", "show", run])),
    )


OF_THE_TERMINAL = ("-q", "--quiet", "-v", "--verbose")
"""Options that may stand before the verb, and change nothing that is measured."""


def _again(argv: Sequence[str], plan: StoredPlan) -> list[str]:
    """What was called with its seed; composed from the plan where another verb made the run."""
    seed = ["--seed", str(plan.seed or 0)]
    given = [word for word in argv[1:4] if word not in OF_THE_TERMINAL]
    if given[:1] != ["run"]:
        return ["auditbench", "run", *_from_plan(plan), *seed, *_command(plan)]
    words = list(argv[argv.index("run") + 1 :])
    command = words[words.index("--") :] if "--" in words else []
    ours = words[: len(words) - len(command)]
    return [
        "auditbench",
        "run",
        *_without(ours, ("--seed", "--results", "--to", "--output", "-o")),
        *seed,
        *command,
    ]


def _without(words: Sequence[str], options: Sequence[str]) -> Iterator[str]:
    """The words but these options and their values."""
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word in options:
            skip = True
        elif not word.startswith(tuple(f"{option}=" for option in options)):
            yield word


def _from_plan(plan: StoredPlan) -> Iterator[str]:
    yield plan.name or "overhead"
    for option, names in (("--workload", plan.workloads), ("--consumer", plan.consumers)):
        if names:
            yield from (option, *names)
    workers = plan.worker_counts or (plan.workers,)
    numbers = {"--blocks": plan.blocks, "--rate": plan.rate_per_s}
    # Several are those of the plan.
    numbers["--workers"] = workers[0] if len(workers) == 1 else None
    for option, number in numbers.items():
        if number:
            yield from (option, str(number))
    if plan.auid != "keep":
        yield from ("--auid", plan.auid)


def _command(plan: StoredPlan) -> list[str]:
    return ["--", *plan.command] if plan.command else []


def _joined(*words: Any, mark: str = " ") -> str:
    return mark.join(str(word) for word in words if word)


def _named(values: Mapping[str, Any]) -> str:
    shown = ((name, _named(v) if isinstance(v, Mapping) else v) for name, v in values.items())
    return ", ".join(f"{name} {v:,}" if type(v) is int else f"{name} {v}" for name, v in shown)


def _cpus_in_words(cpu: StoredCpu) -> str:
    return f"{len(cpu.online)} online, {len(cpu.allowed)} allowed" if cpu.online else ""


def _pinning(cpus: Mapping[str, Sequence[int]]) -> str:
    return "; ".join(
        f"{name} on {', '.join(map(str, numbers))}" for name, numbers in cpus.items() if numbers
    )


def _given(pairs: Mapping[str, Any]) -> Pairs:
    return tuple((name, str(value)) for name, value in pairs.items() if value not in (None, ""))
