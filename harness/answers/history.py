"""The runs of one plan on one machine over time: which belong together, and what each says."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from harness.analysis.between_runs import CellPair
from harness.answers.compare.comparability import DIFFERENCES, Difference, find_differences
from harness.answers.history_cells import make_tracks
from harness.answers.result import in_plan_order
from harness.answers.trust import is_reliable
from harness.counted import agreeing, counted
from harness.errors import UsageError
from harness.files.reading import is_file, read_text
from harness.model.caution import Caution
from harness.model.history import History, PastRun
from harness.model.label import label_of
from harness.model.run import Cell, Sample
from harness.model.stored.environment import MachineName, PlanName
from harness.store import (
    ENVIRONMENT,
    PLAN,
    SAMPLES,
    StoredRun,
    list_runs,
    load_run,
    no_run_under,
    short_names,
)

OVER_TIME = frozenset({"kernel", "cpu", "boot", "pinning", "version", "margin"})
"""Differences that runs of a history may have: a history is meant to follow them."""
_SETS = frozenset({"workloads", "scenarios", "consumers"})
_NAMED = 3


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
class _Place:
    """A run's folder, with the facts known without its samples; the plan None if damaged."""

    folder: Path
    plan: str | None
    machine: str
    is_kept: bool
    """Whether it was kept for others to read, and not just measured."""


def read_history(results: Path, options: HistoryOptions) -> History:
    """The history that these options ask for.

    Raises UsageError where there is no such run; runs that are damaged only make a caution.
    """
    # Runs that were kept for others to read come first, so that none of them is the latest.
    folders = sorted(list_runs(results), key=lambda folder: is_file(folder / SAMPLES))
    places = [_place(folder) for folder in folders]
    if not places:
        raise no_run_under(results)
    machine, plan = _whose(places, options)
    here = [place for place in places if place.machine == machine]
    others = _left_out_places(places, here, machine, plan)
    runs, damaged = _load([place for place in here if place.plan in (plan, None)], plan)
    model = _model(runs, options)
    runs, unlike = _alike(runs, model, options.allowed, short_names(results))
    runs = runs[-options.last :] if options.last else runs
    metrics = options.metrics or (model.plan.primary,) if model else ()
    tracks = make_tracks(runs, model, metrics, options.cells) if model else ()
    return History(
        machine=machine,
        plan=plan,
        metrics=metrics,
        runs=tuple(_past_runs(runs)),
        tracks=tuple(tracks),
        cautions=(*others, *damaged, *unlike, *(c for run in runs for c in run.cautions)),
    )


def _place(folder: Path) -> _Place:
    """Kept runs of several machines lie side by side: theirs is the one that they were made on."""
    is_kept = not is_file(folder / SAMPLES)
    machine = folder.resolve().parent.name
    if is_kept:
        machine = _machine_said(folder) or machine
    return _Place(folder.resolve(), _plan_name(folder), machine, is_kept)


def _machine_said(folder: Path) -> str | None:
    try:
        environment = json.loads(read_text(folder / ENVIRONMENT))
        return msgspec.convert(environment, MachineName).facts.machine
    except (OSError, ValueError, RecursionError):
        return None


def _plan_name(folder: Path) -> str | None:
    try:
        return msgspec.convert(tomllib.loads(read_text(folder / PLAN)), PlanName).name
    except (OSError, ValueError, RecursionError):
        return None


def _whose(places: Sequence[_Place], options: HistoryOptions) -> tuple[str, str]:
    """The machine and the plan: those asked for, or those of the latest run."""
    if options.like is not None:
        like = _place(options.like)
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


def _left_out_places(
    places: Sequence[_Place], here: Sequence[_Place], machine: str, plan: str
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


def _load(places: Iterable[_Place], plan: str) -> tuple[list[StoredRun], list[Caution]]:
    """The runs in order of time, and a caution for each that cannot be read."""
    runs, damaged = [], []
    for place in places:
        try:
            runs.append(_light(load_run(place.folder)))
        except UsageError as error:
            damaged.append(Caution("damaged", f"left out: {error.one_line()}"))
    return sorted(runs, key=lambda run: (started_at(run), run.name)), damaged


def _light(run: StoredRun) -> StoredRun:
    """Without the documents behind the numbers: a history may hold hundreds of runs."""
    samples = tuple(
        replace(
            sample,
            workload_document={},
            consumer_document=None,
            status_before=None,
            status_after=None,
            machine={},
        )
        for sample in run.samples
    )
    return replace(run, samples=samples)


def started_at(run: StoredRun) -> str:
    """When a run began, UTC, ISO 8601; from its folder's name or samples where it does not say."""
    if said := run.environment.started_at:
        return said
    try:
        stamp = datetime.strptime(run.folder.name[:18], "%Y-%m-%dT%H%M%SZ")
        return stamp.replace(tzinfo=UTC).isoformat(timespec="seconds")
    except ValueError:
        return run.samples[0].started_at if run.samples else ""


def _model(runs: Sequence[StoredRun], options: HistoryOptions) -> StoredRun | None:
    """The run that the others must be like; None where none is left."""
    if options.like is not None:
        wanted = options.like.resolve()
        for run in runs:
            if run.folder == wanted:
                return run
        raise UsageError(
            f"--like {options.like} is not a run of this machine and plan",
            remedy="name one that is, or leave --machine and --plan out",
        )
    return runs[-1] if runs else None


def _alike(
    runs: Sequence[StoredRun],
    model: StoredRun | None,
    allowed: frozenset[str],
    names: Mapping[Path, str],
) -> tuple[list[StoredRun], list[Caution]]:
    """The runs like the model, and a caution for each kind of those that are not."""
    if model is None:
        return [], []
    kept: list[StoredRun] = []
    left_out: dict[tuple[str, ...], list[StoredRun]] = {}
    for run in runs:
        found = [d for d in _differences(run, model) if d.name not in OVER_TIME | allowed]
        if found:
            left_out.setdefault(tuple(_words(found)), []).append(run)
        else:
            kept.append(run)
    return kept, [_unlike(words, group, model, names) for words, group in left_out.items()]


def _differences(old: StoredRun, new: StoredRun) -> list[Difference]:
    cells = _cells(old.samples)
    pairs = [CellPair(cell, cell) for cell in _cells(in_plan_order(new)) if cell in cells]
    return find_differences(old, new, pairs, chosen=False)


def _cells(samples: Iterable[Sample]) -> list[Cell]:
    return list(dict.fromkeys(sample.cell for sample in samples))


def _words(differences: Iterable[Difference]) -> list[str]:
    """Each difference in words; those of sets would name BASE and HEAD, which a history lacks."""
    return list(
        dict.fromkeys(
            DIFFERENCES[difference.name] if difference.name in _SETS else difference.words
            for difference in differences
        )
    )


def _unlike(
    words: Sequence[str],
    group: Sequence[StoredRun],
    model: StoredRun,
    names: Mapping[Path, str],
) -> Caution:
    more = f" and {len(words) - _NAMED} more" if len(words) > _NAMED else ""
    theirs = agreeing(len(group), "its plan differs", "their plans differ")
    what = (
        f"{counted(len(group), 'run')} left out because {theirs} from that of {model.folder.name}: "
        f"{'; '.join(words[:_NAMED])}{more}"
    )
    name = names.get(group[-1].folder, group[-1].folder.name)
    return Caution("unlike", what, f"--like {name} shows {agreeing(len(group), 'it', 'them')}")


def _past_runs(runs: Sequence[StoredRun]) -> list[PastRun]:
    before: Sequence[StoredRun | None] = [None, *runs][: len(runs)]
    return [
        PastRun(
            name=run.folder.name,
            started_at=started_at(run),
            label=label_of(run.environment),
            complete=run.plan.is_whole(len(run.samples)),
            trustworthy=is_reliable(run),
            notes=() if old is None else tuple(_words(_differences(old, run))),
        )
        for old, run in zip(before, runs, strict=True)
    ]
