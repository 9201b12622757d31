"""The runs of one plan on one machine over time: which belong together, and what each says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from harness.analysis.between_runs import CellPair
from harness.answers.compare.comparability import (
    DIFFERENCES,
    Difference,
    find_differences,
    require_no_search,
)
from harness.answers.history.cells import make_tracks
from harness.answers.history.count import (
    COUNTS_DIFFER_BY,
    LEAST_RUNS,
    count_notes,
    make_count_tracks,
)
from harness.answers.history.places import (
    HistoryOptions,
    Place,
    left_out_places,
    of_one_kind,
    place_of,
    whose,
)
from harness.answers.result import in_plan_order
from harness.answers.trust import is_reliable
from harness.counted import agreeing, counted
from harness.errors import UsageError
from harness.files.reading import is_file
from harness.model.caution import Caution
from harness.model.count import INSTRUCTIONS
from harness.model.history import MIN_RUNS, History, PastRun
from harness.model.label import label_of
from harness.model.run import Cell, Sample
from harness.store import SAMPLES, StoredRun, list_runs, load_run, no_run_under, short_names

OVER_TIME = frozenset({"kernel", "cpu", "boot", "pinning", "version", "margin", "emulator"})
"""Differences that runs of a history may have: a history is meant to follow them."""
_SETS = frozenset({"workloads", "scenarios", "consumers"})
_NAMED = 3


def read_history(results: Path, options: HistoryOptions) -> History:
    """The history that these options ask for.

    Raises UsageError where there is no such run, or it is a search; runs that are damaged only make
    a caution.
    """
    # Runs that were kept for others to read come first, so that none of them is the latest.
    folders = sorted(list_runs(results), key=lambda folder: is_file(folder / SAMPLES))
    places = [place_of(folder) for folder in folders]
    if not places:
        raise no_run_under(results)
    machine, plan = whose(places, options)
    here = [place for place in places if place.machine == machine]
    others = left_out_places(places, here, machine, plan)
    here, unlike_kind = of_one_kind(here, plan, options)
    runs, damaged = _load([place for place in here if place.plan in (plan, None)], plan)
    model = _model(runs, options)
    elsewhere = "" if options.plan else "name the plan of other runs with --plan; "
    require_no_search([model] if model else (), remedy=elsewhere)
    runs, unlike = _alike(runs, model, options.allowed, short_names(results))
    runs = runs[-options.last :] if options.last else runs
    is_counted = model is not None and model.plan.is_counted
    usual = () if model is None else (INSTRUCTIONS if is_counted else model.plan.primary,)
    metrics = options.metrics or usual
    make = make_count_tracks if is_counted else make_tracks
    tracks = make(runs, model, metrics, options.cells) if model else ()
    return History(
        machine=machine,
        plan=plan,
        metrics=metrics,
        runs=tuple(_past_runs(runs)),
        tracks=tuple(tracks),
        least_runs=LEAST_RUNS if is_counted else MIN_RUNS,
        cautions=(
            *others,
            *unlike_kind,
            *damaged,
            *unlike,
            *(c for run in runs for c in run.cautions),
        ),
    )


def _load(places: Iterable[Place], plan: str) -> tuple[list[StoredRun], list[Caution]]:
    """The runs in order of time, and a caution for each that cannot be read."""
    runs, damaged = [], []
    for place in places:
        try:
            runs.append(_light(load_run(place.folder, counted_too=True)))
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
        found = [
            d for d in _differences(run, model) if _matters(d, model) and d.name not in allowed
        ]
        if found:
            left_out.setdefault(tuple(_words(found)), []).append(run)
        else:
            kept.append(run)
    return kept, [_unlike(words, group, model, names) for words, group in left_out.items()]


def _matters(difference: Difference, model: StoredRun) -> bool:
    """Whether a run that differs so is none of this history."""
    if model.plan.is_counted:
        return difference.name in COUNTS_DIFFER_BY
    return difference.name not in OVER_TIME


def _notes(old: StoredRun, new: StoredRun) -> tuple[str, ...]:
    found = _differences(old, new)
    return count_notes(old, new, found) if new.plan.is_counted else tuple(_words(found))


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
            notes=() if old is None else _notes(old, run),
        )
        for old, run in zip(before, runs, strict=True)
    ]
