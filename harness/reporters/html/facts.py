"""The facts behind the numbers: host, plan, rules, and the commands that reproduce them."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from harness.model.result import Result

Pairs = tuple[tuple[str, str], ...]
LIMITS = (
    "enabled",
    "backlog_limit",
    "backlog_wait_time",
    "rate_limit",
    "failure",
    "consumer",
    "rcvbuf_bytes",
    "enobufs",
    "stop_after_ms",
    "stop_for_ms",
    "workload_options",
    "rate_per_s",
)
"""Settings of a scenario besides its rules; those that are not set stay as on the host."""


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
    facts = result.host.get("facts", {})
    kernel, label = _part(facts, "kernel").get("release"), str(result.host.get("label") or "")
    found = (
        _minute(str(result.host.get("started_at") or "")),
        f"kernel {kernel}" if kernel and str(kernel) not in label else "",
        _part(facts, "cpu").get("model"),
        f"run {result.run}",
        label,
    )
    return tuple(str(words) for words in found if words)


def _minute(stamp: str) -> str:
    """`2026-01-02 03:04 UTC`; a stamp of another form as it is."""
    try:
        moment = datetime.fromisoformat(stamp).astimezone(UTC)
    except ValueError:
        return stamp
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def host_pairs(result: Result) -> Pairs:
    """What machine this was."""
    facts = result.host.get("facts", {})
    kernel, cpu = _part(facts, "kernel"), _part(facts, "cpu")
    platform, software, load = (_part(facts, name) for name in ("platform", "software", "load"))
    memory = load.get("memory_bytes")
    pairs = {
        "label": result.host.get("label"),
        "host": facts.get("hostname"),
        "machine": facts.get("machine"),
        "kernel": _joined(kernel.get("release"), kernel.get("version"), kernel.get("arch")),
        "boot parameters": _joined(*(kernel.get("boot_parameters") or ())),
        "CPU": cpu.get("model"),
        "CPUs": _cpus_in_words(cpu),
        "pinned": _pinning(result.host.get("cpus") or {}),
        "memory": f"{memory / 2**30:.1f} GiB" if isinstance(memory, int | float) else None,
        "platform": _joined(platform.get("virtualisation"), platform.get("product")),
        "container": platform.get("container"),
        "distribution": software.get("distribution"),
        "libaudit": software.get("libaudit"),
        "clock source": cpu.get("clocksource"),
        "audit since boot": _part(result.host, "ever_enabled").get("state"),
        "auditbench": result.host.get("auditbench"),
        "Python": result.host.get("python"),
        "started": result.host.get("started_at"),
    }
    return _given(pairs)


def host_document(result: Result) -> list[str]:
    """Everything that was recorded of the host, line by line."""
    return json.dumps(result.host, indent=1, ensure_ascii=False, default=str).splitlines()


def plan_pairs(result: Result) -> Pairs:
    """What was measured, how often, and against what."""
    plan = result.plan
    pairs = {
        "plan": plan.get("name"),
        "summary": plan.get("summary"),
        "reference": _joined(plan.get("reference_scenario"), plan.get("reference_consumer")),
        "workloads": _joined(*plan.get("workloads", ()), mark=", "),
        "operations per trial": _named(plan.get("ops") or {}),
        "consumers": _joined(*plan.get("consumers", ()), mark=", "),
        "blocks": plan.get("blocks"),
        "trials": f"{result.trials} done of {plan.get('trials', result.trials)} planned",
        "not used": result.invalid_trials or None,
        "seed": plan.get("seed"),
        "margin": f"{plan['margin'] * 100:.3g} %" if "margin" in plan else None,
        "margins": _named(plan.get("margins") or {}),
        "workers": plan.get("workers"),
        "rate": f"{plan['rate_per_s']:,g} per second" if plan.get("rate_per_s") else None,
        "login uid": plan.get("auid"),
        "options": _named(plan.get("workload_options") or {}),
        "command": shlex.join(map(str, plan.get("command") or ())),
    }
    return _given(pairs)


def rule_sets(result: Result) -> tuple[RuleSet, ...]:
    """Every scenario with its rules in full; those that all workloads share appear once."""
    found: dict[tuple[Any, ...], list[str]] = {}
    for workload, scenarios in result.plan.get("scenarios", {}).items():
        for scenario in scenarios:
            limits = _named({name: scenario[name] for name in LIMITS if _sets(scenario, name)})
            rules = tuple(map(str, scenario.get("rules", ())))
            key = scenario["name"], str(scenario.get("summary", "")).rstrip("."), limits, rules
            found.setdefault(key, []).append(workload)
    return tuple(
        RuleSet(name, summary, tuple(workloads), limits, rules)
        for (name, summary, limits, rules), workloads in found.items()
    )


def _sets(scenario: Mapping[str, Any], name: str) -> bool:
    """Whether a scenario sets this: 0 is a limit as any other, but a stop of 0 ms is none."""
    value = scenario.get(name)
    if name in ("enobufs", "stop_after_ms", "stop_for_ms", "workload_options"):
        return bool(value)
    return value is not None


def commands(result: Result) -> tuple[Command, ...]:
    """The command that was given, and one that makes the same run again."""
    argv = [str(word) for word in result.host.get("argv") or ()]
    given = [Command("the command of this run", shlex.join(argv))] if argv else []
    run = result.run.rpartition("/")[2]
    version = str(result.host.get("auditbench") or "")
    same = f"the same trials in the same order again{version and f', with auditbench {version}'}"
    return (
        *given,
        Command(same, shlex.join(_again(argv, result.plan))),
        Command("this result in the terminal", shlex.join(["auditbench", "show", run])),
    )


def _again(argv: Sequence[str], plan: Mapping[str, Any]) -> list[str]:
    """What was called with its seed; composed from the plan where another verb made the run."""
    seed = ["--seed", str(plan.get("seed", 0))]
    if len(argv) < 2 or argv[1] != "run":
        return ["auditbench", "run", *_from_plan(plan), *seed, *_command(plan)]
    words = list(argv[2:])
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


def _from_plan(plan: Mapping[str, Any]) -> Iterator[str]:
    yield str(plan.get("name", "overhead"))
    for option in ("workloads", "consumers"):
        if plan.get(option):
            yield f"--{option[:-1]}"
            yield from map(str, plan[option])
    for option, name in (("blocks", "blocks"), ("rate", "rate_per_s"), ("workers", "workers")):
        if plan.get(name):
            yield from (f"--{option}", str(plan[name]))
    if plan.get("auid", "keep") != "keep":
        yield from ("--auid", str(plan["auid"]))


def _command(plan: Mapping[str, Any]) -> list[str]:
    command = [str(word) for word in plan.get("command") or ()]
    return ["--", *command] if command else []


def _part(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = document.get(name)
    return found if isinstance(found, Mapping) else {}


def _joined(*words: Any, mark: str = " ") -> str:
    return mark.join(str(word) for word in words if word)


def _named(values: Mapping[str, Any]) -> str:
    shown = ((name, _named(v) if isinstance(v, Mapping) else v) for name, v in values.items())
    return ", ".join(f"{name} {v:,}" if type(v) is int else f"{name} {v}" for name, v in shown)


def _cpus_in_words(cpu: Mapping[str, Any]) -> str:
    online, allowed = cpu.get("online") or (), cpu.get("allowed") or ()
    return f"{len(online)} online, {len(allowed)} allowed" if online else ""


def _pinning(cpus: Mapping[str, Any]) -> str:
    return "; ".join(
        f"{name} on {', '.join(map(str, numbers))}" for name, numbers in cpus.items() if numbers
    )


def _given(pairs: Mapping[str, Any]) -> Pairs:
    return tuple((name, str(value)) for name, value in pairs.items() if value not in (None, ""))
