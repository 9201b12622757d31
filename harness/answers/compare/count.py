"""Counted runs against each other, kernels, and scenarios of one run: what `compare` says of them.

A count is no estimate: cells are held against each other as they are, without their reference.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from harness.analysis.between_runs import CellPair
from harness.analysis.count import floor_of_both, judge_counts
from harness.answers.compare.comparability import (
    OF_COUNTS,
    Difference,
    find_differences,
    require_alike,
)
from harness.answers.compare.compare import Side
from harness.answers.count import make_counted
from harness.answers.count_metrics import costs, counted_metric
from harness.errors import UntrustworthyError, UsageError, one_of
from harness.model.caution import Caution
from harness.model.count import COUNT_MARGIN, INSTRUCTIONS, CountedCell, CountedResult, CountKey
from harness.model.count_changes import CountChange, CountPair, CountReport
from harness.model.reference import Margins
from harness.model.run import Cell
from harness.model.stored.environment import StoredGuest
from harness.store import StoredRun

Matched = Sequence[tuple[CountedCell, CountedCell]]
"""Cells of BASE, each with that of HEAD that is held against it."""


@dataclass(frozen=True, slots=True)
class CountOptions:
    """How to compare counts. `metrics` as people write them; without, all that are costs.

    `margin` None is that of counts. `allowed` are the differences between the runs that do not
    matter, `force` is all of them.
    """

    metrics: tuple[str, ...] = ()
    margin: float | None = None
    margin_by_metric: Mapping[str, float] = field(default_factory=dict)
    allowed: frozenset[str] = frozenset()
    force: bool = False


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A run's result, and the cells of it that were chosen; by a scenario, a kernel, or all."""

    label: str
    stored: StoredRun
    result: CountedResult
    cells: tuple[CountedCell, ...]
    scenario: str | None

    @property
    def kernels(self) -> tuple[str, ...]:
        """The kernels of these cells."""
        return tuple(dict.fromkeys(cell.kernel for cell in self.cells))

    @property
    def is_whole(self) -> bool:
        """Whether nothing was chosen."""
        return len(self.cells) == len(self.result.cells)


def are_counted(runs: Sequence[StoredRun]) -> bool:
    """Whether all runs count instructions; UsageError where only some do."""
    counted = [run.name for run in runs if run.plan.is_counted]
    timed = [run.name for run in runs if not run.plan.is_counted]
    if counted and timed:
        raise UsageError(
            f"{counted[0]} counts instructions in a guest and {timed[0]} does not: "
            "counts and times have nothing in common",
            remedy="compare runs of one kind; `auditbench list runs` says which is which",
        )
    return bool(counted)


def compare_counts(base: Side, heads: Sequence[Side], options: CountOptions) -> CountReport:
    """Every HEAD against BASE, all of them counted runs.

    A side's `scenario` may also be the name of a kernel of its run, or the beginning of one.
    Raises UsageError where runs are unlike and that is not allowed, or have no cell in common.
    """
    sides = (base, *heads)
    metrics = dict.fromkeys(m for side in sides for m in _metrics(side.stored))
    margins = Margins(options.margin or COUNT_MARGIN, options.margin_by_metric)
    names = [name for name in options.metrics if name != "all"]
    wanted = {counted_metric("--metric", name, metrics): None for name in names}
    wanted = wanted or (metrics if options.metrics else costs(metrics))
    chosen = [_choose(side, wanted) for side in sides]
    pairs = tuple(_pair(chosen[0], head, margins, options) for head in chosen[1:])
    return CountReport(pairs, INSTRUCTIONS if INSTRUCTIONS in wanted else next(iter(wanted), ""))


def _metrics(stored: StoredRun) -> Iterator[str]:
    return (metric for sample in stored.samples for metric in sample.metrics)


def _choose(side: Side, metrics: Collection[str]) -> _Chosen:
    result = make_counted(side.stored)
    cells = tuple(cell for cell in result.cells if cell.metric in metrics)
    word = side.scenario
    if word is None:
        return _Chosen(side.label, side.stored, result, cells, None)
    scenarios = dict.fromkeys(cell.scenario for cell in cells)
    if word in scenarios:
        own = tuple(cell for cell in cells if cell.scenario == word)
        return _Chosen(side.label, side.stored, result, own, word)
    kernels = dict.fromkeys(cell.kernel for cell in cells)
    kernel = find_kernel_name(word, kernels)
    if kernel is None:
        _require_counted(word, side.stored)
        raise UsageError(
            f"{side.stored.name} has no scenario and no kernel {word!r}",
            remedy=one_of(word, (*scenarios, *kernels)),
        )
    own = tuple(cell for cell in cells if cell.kernel == kernel)
    return _Chosen(f"{side.stored.name}:{kernel}", side.stored, result, own, None)


def _require_counted(scenario: str, stored: StoredRun) -> None:
    """UntrustworthyError where a scenario was to be counted and could not be."""
    reasons = [s.invalid_reason for s in stored.samples if s.scenario == scenario and not s.valid]
    if reasons:
        raise UntrustworthyError(f"{scenario} was not counted in {stored.name}: {reasons[0]}")


def find_kernel_name(word: str, kernels: Iterable[str]) -> str | None:
    """The kernel of this name, or the only one that begins with it: `6.1` is no `6.12`."""
    names = list(kernels)
    if word in names:
        return word
    found = [n for n in names if n.startswith(word) and not n[len(word) :][:1].isalnum()]
    return found[0] if word and len(found) == 1 else None


def _pair(base: _Chosen, head: _Chosen, margins: Margins, options: CountOptions) -> CountPair:
    old, new = _same_choice(base, head)
    if old.label == new.label and old.stored.folder.resolve() == new.stored.folder.resolve():
        raise UsageError(
            f"{new.label} would be compared with itself",
            remedy="name two runs, or two scenarios or kernels as in latest:no-rules :rules",
        )
    matched = _matched(old, new)
    if not matched:
        raise _nothing_in_common(old, new)
    within = old.stored.folder.resolve() == new.stored.folder.resolve()
    found = [] if within else _differences(old, new, matched)
    if not options.force:
        require_alike(old.label, new.label, found, options.allowed)
    runs = dict.fromkeys((old.result.run, new.result.run))
    results = {each.result.run: each for each in (old, new)}
    return CountPair(
        base=old.label,
        head=new.label,
        changes=tuple(_change(before, after, margins) for before, after in matched),
        cautions=(
            *(Caution("unlike", f"compared although they differ: {d.words}") for d in found),
            *(c for run in runs for c in _cautions(results[run])),
            *_alone(old, new, matched),
        ),
        trustworthy=all(each.result.trustworthy or not each.is_whole for each in (old, new)),
        guests=_guests(old, new),
    )


def _same_choice(base: _Chosen, head: _Chosen) -> tuple[_Chosen, _Chosen]:
    """A scenario that is named on one side only is meant on the other, too."""
    return _narrowed(base, head.scenario), _narrowed(head, base.scenario)


def _narrowed(side: _Chosen, scenario: str | None) -> _Chosen:
    if side.scenario is not None or scenario is None:
        return side
    own = tuple(cell for cell in side.cells if cell.scenario == scenario)
    return _Chosen(f"{side.label}:{scenario}", side.stored, side.result, own, scenario)


def _one_kernel_each(base: _Chosen, head: _Chosen) -> bool:
    return len(base.kernels) == len(head.kernels) == 1


def _matched(base: _Chosen, head: _Chosen) -> list[tuple[CountedCell, CountedCell]]:
    """Which cell of HEAD is held against which of BASE, in HEAD's order."""
    only = base.kernels[0] if _one_kernel_each(base, head) else None
    by_key = {cell.key: cell for cell in base.cells}
    keys = (
        CountKey(only or c.kernel, c.workload, base.scenario or c.scenario, c.metric)
        for c in head.cells
    )
    pairs = zip(keys, head.cells, strict=True)
    return [(by_key[key], cell) for key, cell in pairs if key in by_key]


def _nothing_in_common(base: _Chosen, head: _Chosen) -> UsageError:
    old, new = ", ".join(base.kernels), ", ".join(head.kernels)
    if base.cells and head.cells and not set(base.kernels) & set(head.kernels) and old != new:
        return UsageError(
            f"{base.label} and {head.label} have no kernel in common: {old}; {new}",
            remedy="name one of each, as in RUN:KERNEL",
        )
    cells = (", ".join(dict.fromkeys(f"{c.workload} × {c.scenario}" for c in side.cells)) or "none"
             for side in (base, head))  # fmt: skip
    return UsageError(
        f"{base.label} and {head.label} have no cell in common",
        remedy="the former has {}, the latter {}".format(*cells),
    )


def _change(base: CountedCell, head: CountedCell, margins: Margins) -> CountChange:
    floor = floor_of_both(base.floor, head.floor)
    margin = margins.of(head.metric)
    return CountChange(
        kernel=head.kernel,
        workload=head.workload,
        scenario=head.scenario,
        metric=head.metric,
        base_kernel=base.kernel,
        base_scenario=base.scenario,
        base=base.estimate,
        head=head.estimate,
        margin=margin,
        floor=floor,
        verdict=judge_counts(base.estimate, head.estimate, margin=margin, floor=floor),
    )


def _cautions(side: _Chosen) -> Iterator[Caution]:
    yield from side.result.cautions
    if not side.result.complete:
        yield Caution("stopped", f"{side.result.run} was stopped before its end")


def _differences(base: _Chosen, head: _Chosen, matched: Matched) -> list[Difference]:
    """What differs between two runs, as far as it bears on these cells."""
    cells = (tuple(Cell(c.workload, c.scenario, "") for c in pair) for pair in matched)
    pairs = list(dict.fromkeys(CellPair(old, new) for old, new in cells))
    found = find_differences(base.stored, head.stored, pairs, chosen=True)
    return [difference for difference in found if difference.name in OF_COUNTS]


def _alone(base: _Chosen, head: _Chosen, matched: Matched) -> Iterator[Caution]:
    """A caution for the cells that only one of the two has."""
    for place, (where, side) in enumerate((("BASE", base), ("HEAD", head))):
        used = {pair[place] for pair in matched}
        names = dict.fromkeys(_name(cell, side) for cell in side.cells if cell not in used)
        if names:
            yield Caution("not-compared", f"only in {where}: {', '.join(names)}")


def _name(cell: CountedCell, side: _Chosen) -> str:
    kernel = f" under {cell.kernel}" if len(side.kernels) > 1 else ""
    return f"{cell.workload} × {cell.scenario}{kernel}"


def _guests(base: _Chosen, head: _Chosen) -> tuple[StoredGuest, StoredGuest] | None:
    """Both kernels, where each side has one and they are not the same image."""
    if not _one_kernel_each(base, head):
        return None
    old, new = _guest(base), _guest(head)
    return None if (old.name, old.sha256) == (new.name, new.sha256) else (old, new)


def _guest(side: _Chosen) -> StoredGuest:
    name = side.kernels[0]
    unknown = StoredGuest(name=name, kernel=name)
    return next((guest for guest in side.result.guests if guest.name == name), unknown)
