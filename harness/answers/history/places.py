"""Which stored runs a history is of: those of one plan on one machine, with one instrument."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from harness.counted import counted
from harness.errors import UsageError
from harness.files.reading import is_file, read_text
from harness.model.caution import Caution
from harness.model.stored.environment import MachineName, PlanName
from harness.store import ENVIRONMENT, PLAN, SAMPLES


@dataclass(frozen=True, slots=True)
class HistoryOptions:
    """Which runs, and what of them. None and empty are: those of the latest run, and all."""

    plan: str | None = None
    machine: str | None = None
    metrics: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    last: int | None = None
    like: Path | None = None
    """The run whose plan the others must be like; the latest if not given."""
    allowed: frozenset[str] = frozenset()
    """Differences between plans that do not matter, by the names of `auditbench compare`."""


@dataclass(frozen=True, slots=True)
class Place:
    """A run's folder, with the facts known without its samples; the plan None if damaged."""

    folder: Path
    plan: str | None
    counted: bool
    machine: str
    is_kept: bool
    """Whether it was kept for others to read, and not just measured."""


def place_of(folder: Path) -> Place:
    """Kept runs of several machines lie side by side: theirs is the one that they were made on."""
    is_kept = not is_file(folder / SAMPLES)
    machine = folder.resolve().parent.name
    if is_kept:
        machine = _machine_said(folder) or machine
    plan = _plan(folder)
    is_counted = plan is not None and plan.instrument == "counted"
    return Place(folder.resolve(), plan.name if plan else None, is_counted, machine, is_kept)


def _machine_said(folder: Path) -> str | None:
    try:
        environment = json.loads(read_text(folder / ENVIRONMENT))
        return msgspec.convert(environment, MachineName).facts.machine
    except (OSError, ValueError, RecursionError):
        return None


def _plan(folder: Path) -> PlanName | None:
    try:
        return msgspec.convert(tomllib.loads(read_text(folder / PLAN)), PlanName)
    except (OSError, ValueError, RecursionError):
        return None


def whose(places: Sequence[Place], options: HistoryOptions) -> tuple[str, str]:
    """The machine and the plan: those asked for, or those of the latest run."""
    if options.like is not None:
        like = place_of(options.like)
        return options.machine or like.machine, options.plan or like.plan or ""
    found = [place for place in places if options.machine in (None, place.machine)]
    if not found:
        machines = ", ".join(dict.fromkeys(place.machine for place in places))
        raise UsageError(f"no run of machine {options.machine!r}", remedy=f"there is {machines}")
    named = [place for place in found if place.plan is not None]
    chosen = [place for place in named if options.plan in (None, place.plan)]
    if not chosen and options.plan is not None:
        plans = ", ".join(dict.fromkeys(place.plan or "" for place in named)) or "none"
        raise UsageError(f"no run of plan {options.plan!r}", remedy=f"there are runs of {plans}")
    last = chosen[-1] if chosen else found[-1]
    return last.machine, last.plan or ""


def left_out_places(
    places: Sequence[Place], here: Sequence[Place], machine: str, plan: str
) -> list[Caution]:
    """One line for the other machines, and one for the other plans of this one.

    Kept runs of other machines are not mentioned to users who ask for their own.
    """
    found = []
    kept_too = any(place.is_kept for place in here)
    others = [
        place.machine
        for place in places
        if place.machine != machine and (kept_too or not place.is_kept)
    ]
    if others:
        names = ", ".join(dict.fromkeys(others))
        what = f"{counted(len(others), 'run')} of other machines ({names}) not shown"
        found.append(Caution("other-machines", what, "name one with --machine"))
    plans = [place.plan for place in here if place.plan not in (plan, None)]
    if plans:
        names = ", ".join(dict.fromkeys(name for name in plans if name))
        what = f"{counted(len(plans), 'run')} of other plans ({names}) not shown"
        found.append(Caution("other-plans", what, "name one with --plan"))
    return found


def of_one_kind(
    places: Sequence[Place], plan: str, options: HistoryOptions
) -> tuple[list[Place], list[Caution]]:
    """The places whose runs count as the latest of the plan does, or measure times as it does."""
    of_plan = [place for place in places if place.plan == plan]
    model = place_of(options.like) if options.like is not None else of_plan[-1] if of_plan else None
    wanted = model is not None and model.counted
    others = [place for place in of_plan if place.counted != wanted]
    kept = [place for place in places if place not in others]
    if not others:
        return kept, []
    what = "measure times" if wanted else "count instructions"
    return kept, [
        Caution(
            "other-instrument",
            f"{counted(len(others), 'run')} of this plan not shown: they {what}",
            f"--like {others[-1].folder.name} shows them",
        )
    ]
