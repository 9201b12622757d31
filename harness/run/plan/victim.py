"""The innocent load of a plan: which one, how fast, and the scenario in which it is alone."""

from __future__ import annotations

from dataclasses import replace

from harness.errors import UsageError, one_of
from harness.model.run import Scenario
from harness.model.stored.victim import ALONE, Victim
from harness.run.plan.file import PlanFile, VictimKnobs
from harness.run.request import Request
from harness.run.trials.worker_words import WorkerWords
from workloads.catalog import WORKLOADS

MOST_RATE_PER_S = 1_000_000
MOST_OPS = 10**12
"""Of the noisy load, which is stopped when the victim has done its operations."""
OF_FIXED_SIZE = "n"
"""An option of loads that do not repeat an operation until they are stopped."""
VICTIMS = tuple(
    name for name, info in WORKLOADS.items() if info.paced and info.session and name != "command"
)


def victim_of(request: Request, file: PlanFile, workloads: tuple[str, ...]) -> Victim | None:
    """The victim of a request or of its plan; UsageError for one that cannot be."""
    asked, knobs = request.victim, file.victim
    name = asked.workload or (knobs.workload if knobs is not None else None)
    if name is None:
        if asked.rate_per_s is not None:
            raise UsageError(
                "--victim-rate has no victim", remedy="name one: --victim udp, for example"
            )
        return None
    if file.kind == "replay" or request.instrument != "timed":
        raise UsageError(
            "a victim is measured beside a load on this host's kernel",
            remedy="leave --victim out, or name a plan that is no replay and counts nothing",
        )
    if name not in VICTIMS:
        raise UsageError(
            f"{name!r} is no workload that can be started at a rate, as a victim is",
            remedy=one_of(name, VICTIMS),
        )
    for noisy in workloads:
        # The client of a service ends by itself.
        if noisy not in WORKLOADS or OF_FIXED_SIZE in WORKLOADS[noisy].options:
            raise UsageError(
                f"{noisy} is of a fixed size, and a noisy load goes on until its victim is done",
                remedy="choose another --workload",
            )
    given = knobs or VictimKnobs(name)
    rate = given.rate_per_s if asked.rate_per_s is None else asked.rate_per_s
    if not 0 < rate <= MOST_RATE_PER_S:
        raise UsageError(
            f"--victim-rate {rate:g} is no rate",
            remedy=f"give operations per second, above 0 and up to {MOST_RATE_PER_S:,}",
        )
    return Victim(name, int(rate) if rate == int(rate) else rate)


def ops_of_victim(victim: Victim, request: Request, file: PlanFile) -> int:
    """The victim's operations in a trial."""
    if request.load.ops is not None:
        return request.load.ops
    knobs = file.victim or VictimKnobs(victim.workload)
    return max(round(victim.rate_per_s * knobs.seconds), 1)


def with_alone(scenarios: tuple[Scenario, ...], reference: str | None) -> tuple[Scenario, ...]:
    """The scenarios, with the one before them in which the victim is alone.

    Its audit state is that of the reference, so that only the noisy load makes the difference.
    """
    found = next((each for each in scenarios if each.name == reference), None)
    if found is None:
        raise UsageError(
            "a victim is compared with itself beside the load without audit, and the plan has no "
            "reference scenario",
            remedy='give the plan one: reference = "no-audit"',
        )
    if any(each.name == ALONE for each in scenarios):
        raise UsageError(
            f"a scenario of the plan is called {ALONE}, as the one of the victim by itself",
            remedy="rename it",
        )
    alone = replace(
        found,
        name=ALONE,
        summary="the victim by itself, without the noisy load and without audit",
        alone=True,
        limited_by_plan=True,
    )
    return (alone, *scenarios)


def victim_words(victim: Victim, ops: int, auid: str) -> WorkerWords:
    """The command line of the victim."""
    return WorkerWords(
        workload=victim.workload, ops=ops, auid=auid, rate_per_s=float(victim.rate_per_s)
    )
