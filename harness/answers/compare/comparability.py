"""Whether two stored runs may be compared, and what differs between them.

What differs by intent (the kernel for who changes it, the rules for who writes them) can be allowed
one by one. The number of blocks, the seed and the pace may differ: they change how sure an answer
is, not what it is about.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness.analysis.between_runs import CellPair
from harness.errors import UsageError
from harness.model.stored.environment import StoredEnvironment
from harness.model.stored.plan import StoredPlan
from harness.plain import plain
from harness.store import StoredRun

DIFFERENCES = {
    "machine": "the machine",
    "kernel": "the kernel's release and build",
    "cpu": "the CPUs: model and number",
    "boot": "boot parameters that bear on audit or speed",
    "pinning": "the CPUs that workload and consumer ran on",
    "version": "the version of auditbench, and thus of its consumer and loads",
    "kind": "a plan of the kernel and a replay",
    "reference": "the reference that cells are compared with",
    "workloads": "the workloads measured",
    "scenarios": "the scenarios measured",
    "consumers": "the consumers that receive the events",
    "rules": "the rules of a scenario",
    "limits": "a scenario's backlog, rate and other limits",
    "ops": "operations per trial",
    "workers": "processes that share them",
    "auid": "the login uid of the load",
    "options": "options of the workload, and the command",
    "margin": "the margin",
    "emulator": "the emulator of counted runs",
    "guest": "the machine that the guests of counted runs are",
}
"""Every difference that there may be, in the order in which they are told."""
OF_COUNTS = frozenset({"version", "emulator", "guest", "rules", "limits", "auid", "options"})
"""Those that bear on a count: it depends on the guest, the load and the rules alone, not on the
host, nor on the cells that only one of the runs has."""
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which two runs are not alike; `words` say it."""

    name: str
    words: str


def parse_allowed(words: Iterable[str]) -> frozenset[str]:
    """The names after `--allow`, separated by commas or not; UsageError for an unknown one."""
    names = frozenset(name for word in words for part in word.split(",") if (name := part.strip()))
    unknown = sorted(names - DIFFERENCES.keys())
    if unknown:
        raise UsageError(
            f"--allow {unknown[0]!r} is not a known difference",
            remedy="one of " + ", ".join(DIFFERENCES),
        )
    return names


def require_no_search(
    runs: Iterable[StoredRun],
    what: str = "set against those of other runs",
    remedy: str = "",
) -> None:
    """UsageError for a search, whose trials ran under rates or limits of its own: they cannot be
    `what`. `remedy` comes before where its answer is.
    """
    for run in runs:
        if run.plan.is_search:
            raise UsageError(
                f"{run.name} is a search: its trials ran at rates or limits of their own, and "
                f"cannot be {what}",
                remedy=f"{remedy}its answer is shown by `auditbench show {run.name}`",
            )


def require_alike(
    base: str,
    head: str,
    differences: Sequence[Difference],
    allowed: Collection[str],
    find_like: Callable[[], str | None] = lambda: None,
) -> None:
    """Raise UsageError, with all that differs in one line, unless every difference is allowed.

    `find_like` finds a run that HEAD could be compared with instead.
    """
    refused = [difference for difference in differences if difference.name not in allowed]
    if not refused:
        return
    names = ",".join(dict.fromkeys(difference.name for difference in refused))
    words = "; ".join(difference.words for difference in refused)
    instead = last_like_words(head, find_like(), after="; ")
    raise UsageError(
        f"{base} and {head} are not alike: {words}",
        remedy=f"{instead}if that is what you want to compare, --allow {names}; "
        "--force allows everything",
    )


def last_like_words(head: str, like: str | None, *, before: str = "", after: str = "") -> str:
    """Which run HEAD could be compared with instead; empty where there is none."""
    return f"{before}the last run like {head} is {like}{after}" if like else ""


def find_differences(
    base: StoredRun, head: StoredRun, pairs: Sequence[CellPair], *, chosen: bool
) -> list[Difference]:
    """All that differs, as far as it bears on these cells.

    `chosen` says that the cells were named one by one: then the runs may hold other cells besides,
    and two scenarios of different names may differ.
    """
    found = [
        *host_differences(base.environment, head.environment),
        *_plan(base.plan, head.plan, {pair.head.workload for pair in pairs}),
        *([] if chosen else _cells_missing(base.plan, head.plan)),
        *_scenarios(base.plan, head.plan, pairs),
    ]
    # What several workloads have in common is said once.
    return list(dict.fromkeys(found))


def host_differences(base: StoredEnvironment, head: StoredEnvironment) -> Iterator[Difference]:
    """What differs in what was measured on, and with."""
    for name, value in _HOST_VALUES.items():
        yield from _differ(name, name, value(base), value(head))


def _kernel(environment: StoredEnvironment) -> str:
    kernel = environment.facts.kernel
    return " ".join(filter(None, (kernel.release, kernel.version)))


def _emulators(environment: StoredEnvironment) -> tuple[str, ...]:
    return tuple(dict.fromkeys(guest.emulator for guest in environment.guests))


def _guest_machines(environment: StoredEnvironment) -> tuple[str, ...]:
    return tuple(dict.fromkeys(guest.machine for guest in environment.guests))


def _cpu(environment: StoredEnvironment) -> str:
    cpu = environment.facts.cpu
    return f"{len(cpu.online)} × {cpu.model or 'unknown'}, {len(cpu.allowed)} allowed"


_HOST_VALUES: Mapping[str, Callable[[StoredEnvironment], Any]] = {
    "machine": lambda environment: environment.facts.machine,
    "kernel": _kernel,
    "cpu": _cpu,
    "boot": lambda environment: environment.facts.kernel.boot_parameters,
    "pinning": lambda environment: environment.cpus,
    "version": lambda environment: environment.auditbench,
    "emulator": _emulators,
    "guest": _guest_machines,
}


def _plan(base: StoredPlan, head: StoredPlan, workloads: Collection[str]) -> Iterator[Difference]:
    def reference(plan: StoredPlan) -> str:
        return plan.reference_scenario or plan.reference_consumer or "none"

    yield from _differ("kind", "kind", base.kind, head.kind)
    yield from _differ("reference", "reference", reference(base), reference(head))
    for workload in sorted(workloads):
        old, new = base.ops.get(workload), head.ops.get(workload)
        yield from _differ("ops", f"operations of {workload}", old, new)
    yield from _differ("workers", "workers", base.workers, head.workers)
    yield from _differ("auid", "auid", base.auid, head.auid)
    options = base.workload_options, head.workload_options
    yield from _differ("options", "workload options", *options)
    yield from _differ("options", "command", base.command, head.command)
    yield from _differ("options", "victim", _victim(base), _victim(head))
    for workload in sorted(workloads):
        old_file, new_file = base.services.get(workload), head.services.get(workload)
        # Where the file was found says nothing.
        texts = [None if each is None else each.digest for each in (old_file, new_file)]
        yield from _differ("options", f"service file of {workload}", *texts)
    yield from _differ("options", "rate per s", base.rate_per_s, head.rate_per_s)
    yield from _differ("margin", "margin", base.margin, head.margin)
    yield from _differ("margin", "margins", base.margin_by_metric, head.margin_by_metric)


def _victim(plan: StoredPlan) -> str:
    return "none" if plan.victim is None else plan.victim.words


def _cells_missing(base: StoredPlan, head: StoredPlan) -> Iterator[Difference]:
    yield from _sets("workloads", base.workloads, head.workloads)
    for workload in base.workloads:
        if workload in head.workloads:
            old, new = _interleaved(base, workload), _interleaved(head, workload)
            yield from _sets("scenarios", old, new)
    yield from _sets("consumers", base.consumers, head.consumers)


def _interleaved(plan: StoredPlan, workload: str) -> list[str]:
    """The scenarios of a run but those that only a fresh boot, or only waiting, adds to it."""
    return [
        scenario.name
        for scenario in plan.of_workload(workload)
        if scenario.interleaved and not scenario.larger_backlog_of
    ]


def _sets(name: str, base: Iterable[str], head: Iterable[str]) -> Iterator[Difference]:
    old, new = list(dict.fromkeys(base)), list(dict.fromkeys(head))
    parts = [
        f"{', '.join(sorted(only))} only in {where}"
        for only, where in ((set(old) - set(new), "BASE"), (set(new) - set(old), "HEAD"))
        if only
    ]
    if parts:
        yield Difference(name, _short(f"{name}: {'; '.join(parts)}"))


def _scenarios(
    base: StoredPlan, head: StoredPlan, pairs: Sequence[CellPair]
) -> Iterator[Difference]:
    """Rules and limits of scenarios that bear the same name in both runs, the reference's too."""
    reference = head.reference
    names = [(pair.head.workload, pair.head.scenario) for pair in pairs if _same_name(pair)]
    if reference.scenario is not None:
        names += [(pair.head.workload, reference.of(pair.head).scenario) for pair in pairs]
    for workload, scenario in dict.fromkeys(names):
        old, new = base.scenario(workload, scenario), head.scenario(workload, scenario)
        if old is None or new is None:
            continue
        where = f"{workload} × {scenario}"
        if old.rules != new.rules:
            change = _first_change(old.rules, new.rules)
            yield Difference("rules", _short(f"rules of {where}: {change}"))
        limits = new.limits()
        for name, limit in sorted(old.limits().items()):
            yield from _differ("limits", f"{name} of {where}", limit, limits[name])


def _same_name(pair: CellPair) -> bool:
    return pair.base.scenario == pair.head.scenario


def _first_change(before: Sequence[str], after: Sequence[str]) -> str:
    """The first rule that only one of both has."""
    gone = next((rule for rule in before if rule not in after), None)
    come = next((rule for rule in after if rule not in before), None)
    if gone is None and come is None:
        return "their order"
    return f"{gone or 'none'} → {come or 'none'}"


def _differ(name: str, label: str, base: Any, head: Any) -> Iterator[Difference]:
    # What a plan leaves out and what it says to be empty are the same.
    if base != head and (base or head):
        yield Difference(name, f"{_short(label)} {_words(base)} → {_words(head)}")


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        value = [f"{key}={_words(inner)}" for key, inner in sorted(value.items())]
    if isinstance(value, list | tuple):
        value = " ".join(map(str, value))
    return _short("none" if value in (None, "") else str(value))


def _short(text: str) -> str:
    text = plain(" ".join(text.split()))
    return text if len(text) <= 2 * _LONGEST else f"{text[: 2 * _LONGEST - 1]}…"
