"""Stored runs against each other, and scenarios of one run: what `auditbench compare` says."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.analysis.against_reference import MetricView
from harness.analysis.between_runs import CellPair
from harness.analysis.between_runs_loss import losses_across
from harness.answers.compare.cells import (
    change_cautions,
    changes_across,
    changes_within,
)
from harness.answers.compare.comparability import (
    DIFFERENCES,
    Difference,
    find_differences,
    last_like_words,
    require_alike,
    require_no_search,
)
from harness.answers.compare.like import last_like
from harness.answers.compare.pooled import all_samples, boot_cautions, pooled
from harness.answers.lost import lost_changes
from harness.answers.result import in_plan_order, metric_views
from harness.answers.trust import is_trustworthy
from harness.answers.waiting import share_waited_in, waits
from harness.counted import counted
from harness.errors import UntrustworthyError, UsageError, one_of
from harness.model.compare import Change, ChangeReport, RunChanges, WaitChange
from harness.model.reference import Margins
from harness.model.run import Cell
from harness.model.stored.plan import StoredPlan
from harness.renamed import hint
from harness.store import StoredRun

DEFAULT_METRICS = ("elapsed_ns_per_op", "cpu_total_ns_per_op")
"""Compared by default, beside the primary metric."""
MIN_BLOCKS_TO_COMPARE = 2


@dataclass(frozen=True, slots=True)
class Side:
    """BASE or a HEAD: a run, and the one scenario that was chosen of it, or None for all.

    `boots` are the runs that `stored` is pooled from; empty for a single one.
    """

    stored: StoredRun
    scenario: str | None = None
    boots: tuple[StoredRun, ...] = ()

    @property
    def label(self) -> str:
        """The name shown to the reader: `<machine>/<run>`, with the scenario if one was chosen."""
        more = f" and {len(self.boots) - 1} more" if self.boots else ""
        name = f"{self.stored.name}{more}"
        return f"{name}:{self.scenario}" if self.scenario else name

    @property
    def runs(self) -> tuple[StoredRun, ...]:
        """The runs that were measured."""
        return self.boots or (self.stored,)


@dataclass(frozen=True, slots=True)
class CompareOptions:
    """How to compare. Empty `metrics` are the default ones; `margins` None is that of BASE's plan.

    `allowed` are the differences between the runs that do not matter, `force` is all of them. In
    `results` a run is looked for that could be compared instead of one that is unlike.
    """

    metrics: tuple[str, ...] = ()
    all_metrics: bool = False
    margin: float | None = None
    margin_by_metric: Mapping[str, float] = field(default_factory=dict)
    allowed: frozenset[str] = frozenset()
    force: bool = False
    results: Path | None = None


def compare_runs(base: Side, heads: Sequence[Side], options: CompareOptions) -> ChangeReport:
    """Every HEAD against BASE.

    Raises UsageError for a search, where runs are unlike and that is not allowed, where they have
    no cell or metric in common, and UntrustworthyError where there are too few blocks for any
    verdict.
    """
    require_no_search(run for side in (base, *heads) for run in side.runs)
    # Who names metrics is told most surely about the first.
    primary = options.metrics[0] if options.metrics else base.stored.plan.primary
    views = _views(options, primary)
    pairs = tuple(_compare_pair(base, head, views, primary, options) for head in heads)
    for pair in pairs:
        _require_blocks(pair)
    return ChangeReport(pairs, primary, base.stored.plan.operation)


def compare_boots(
    bases: Sequence[StoredRun], heads: Sequence[StoredRun], options: CompareOptions
) -> ChangeReport:
    """The runs of HEAD against those of BASE, each run one block: what boots differ by is in it.

    Raises what `compare_runs` and `pooled` raise, and UsageError for a run on both sides.
    """
    both = {run.folder.resolve() for run in bases} & {run.folder.resolve() for run in heads}
    if both:
        raise UsageError(
            f"{both.pop().name} is on both sides of --with", remedy="name it on one of them"
        )
    allowed = set(DIFFERENCES) if options.force else set()
    base, head = (Side(pooled(r, allowed), boots=tuple(r)) for r in (bases, heads))
    report = compare_runs(base, [head], options)
    pair = report.pairs[0]
    losses = []
    if not head.stored.plan.is_replay:
        cells = [CellPair(_base_cell(change), change.comparison.cell) for change in pair.changes]
        pairs = list(dict.fromkeys(cells))
        losses = losses_across(all_samples(bases), all_samples(heads), pairs)
    cautions = (*pair.cautions, *boot_cautions(bases), *boot_cautions(heads))
    boots = len(bases), len(heads)
    pair = replace(pair, losses=tuple(losses), cautions=cautions, boots=boots)
    return replace(report, pairs=(pair,))


def _base_cell(change: Change) -> Cell:
    cell = change.comparison.cell
    return Cell(cell.workload, change.base_scenario, change.base_consumer)


def _views(options: CompareOptions, primary: str) -> list[MetricView]:
    """The metrics to compare, in the order asked for or else in that of the catalog."""
    views = {view.name: view for view in metric_views()}
    if options.all_metrics:
        return list(views.values())
    names = options.metrics or (primary, *DEFAULT_METRICS)
    return [views[name] for name in dict.fromkeys(names)]


def _compare_pair(
    base: Side,
    head: Side,
    views: list[MetricView],
    primary: str,
    options: CompareOptions,
) -> RunChanges:
    base, head = _same_choice(base, head)
    within = _is_same_run(base, head)
    if within and base.scenario == head.scenario:
        raise UsageError(
            f"{head.label} would be compared with itself",
            remedy="name two runs, or two scenarios as in latest:no-rules latest:rules",
        )
    pairs = _common_cells(base, head, options)
    differences = [] if within else _differences(base, head, pairs, options)
    margins = _margins(base.stored.plan, options)
    runs = head.runs if within else (*base.runs, *head.runs)
    find = changes_within if within else changes_across
    found = find(base.stored, head.stored, pairs, views, margins, primary)
    changes, losses = lost_changes(*found)
    if not changes:
        raise UsageError(
            f"{base.label} and {head.label} have no value of "
            f"{', '.join(view.name for view in views)} in common",
            remedy="choose other metrics with --metric; `auditbench list metrics` names them",
        )
    return RunChanges(
        base=base.label,
        head=head.label,
        within=within,
        changes=tuple(changes),
        losses=tuple(losses),
        cautions=tuple(change_cautions(differences, runs, changes)),
        trustworthy=all(map(is_trustworthy, runs)),
        waits=tuple(_waits(base.stored, head.stored, pairs)),
    )


def _waits(base: StoredRun, head: StoredRun, pairs: Iterable[CellPair]) -> Iterator[WaitChange]:
    """The cells that waited for room in the backlog on either side."""
    for pair in pairs:
        shares = (
            share_waited_in(base.samples, base.plan, pair.base),
            share_waited_in(head.samples, head.plan, pair.head),
        )
        if any(map(waits, shares)):
            yield WaitChange(pair.head, *shares)


def _margins(plan: StoredPlan, options: CompareOptions) -> Margins:
    """Those asked for; else those of BASE's plan. A general one asked for goes before all of it."""
    if options.margin is not None:
        return Margins(options.margin, options.margin_by_metric)
    return Margins(plan.margin, {**plan.margin_by_metric, **options.margin_by_metric})


def _same_choice(base: Side, head: Side) -> tuple[Side, Side]:
    """A scenario that is named on one side only is meant on the other, too."""
    return (
        replace(base, scenario=base.scenario or head.scenario),
        replace(head, scenario=head.scenario or base.scenario),
    )


def _is_same_run(base: Side, head: Side) -> bool:
    return base.stored.folder.resolve() == head.stored.folder.resolve()


def _differences(
    base: Side, head: Side, pairs: list[CellPair], options: CompareOptions
) -> list[Difference]:
    """What differs and was allowed to; UsageError for what was not."""
    chosen = head.scenario is not None
    found = find_differences(base.stored, head.stored, pairs, chosen=chosen)
    if options.margin is not None:
        found = [difference for difference in found if difference.name != "margin"]
    if not options.force:
        require_alike(
            base.label, head.label, found, options.allowed, lambda: _like(base, head, options)
        )
    return found


def _like(base: Side, head: Side, options: CompareOptions) -> str | None:
    """The last run like HEAD, before it and not BASE; None if there is none."""
    if options.results is None:
        return None
    others = frozenset({base.stored.folder.resolve()})
    return last_like(head.stored, options.results, allowed=options.allowed, others=others)


def _common_cells(base: Side, head: Side, options: CompareOptions) -> list[CellPair]:
    """Which cell of HEAD is compared with which of BASE, in HEAD's order."""
    old, new = _cells(base), _cells(head)
    pairs = [
        CellPair(match, cell)
        for cell in new
        if (match := _match(cell, old, new, base.scenario or cell.scenario)) is not None
    ]
    if not pairs:
        has = f"the former has {_names(old)}, the latter {_names(new)}"
        like = last_like_words(head.label, _like(base, head, options), before="; ")
        words = f"{base.label} and {head.label} have no cell in common"
        raise UsageError(words, remedy=has + like)
    # The references show the drift of the machine, whatever was chosen.
    references = _reference_pairs(base, head, {pair.head.workload for pair in pairs})
    return list(dict.fromkeys([*references, *pairs]))


def _cells(side: Side) -> list[Cell]:
    """The cells with a value that counts, of the chosen scenario only; UsageError without any."""
    cells = _measured_cells(side.stored)
    chosen = [cell for cell in cells if side.scenario in (None, cell.scenario)]
    if side.scenario is not None and not chosen:
        raise UsageError(
            f"{side.stored.name} has no scenario {side.scenario!r}",
            remedy=hint(side.scenario)
            or one_of(side.scenario or "", dict.fromkeys(cell.scenario for cell in cells)),
        )
    return chosen


def _measured_cells(stored: StoredRun) -> list[Cell]:
    used = (s.cell for s in in_plan_order(stored) if s.valid and not s.warm_up)
    return list(dict.fromkeys(used))


def _match(cell: Cell, old: list[Cell], new: list[Cell], scenario: str) -> Cell | None:
    """The same workload and consumer; or the only consumer, where a scenario has its own."""
    candidates = [o for o in old if (o.workload, o.scenario) == (cell.workload, scenario)]
    same = [candidate for candidate in candidates if candidate.consumer == cell.consumer]
    if same:
        return same[0]
    rivals = [n for n in new if (n.workload, n.scenario) == (cell.workload, cell.scenario)]
    return candidates[0] if len(candidates) == len(rivals) == 1 else None


def _reference_pairs(base: Side, head: Side, workloads: Collection[str]) -> list[CellPair]:
    if _is_same_run(base, head):
        return []
    old = set(_measured_cells(base.stored))
    before, after = base.stored.plan.reference, head.stored.plan.reference
    if before.scenario is None:
        return []
    found = []
    for cell in _measured_cells(head.stored):
        same = replace(cell, scenario=before.of(cell).scenario)
        if cell.workload in workloads and cell.scenario in after.scenarios and same in old:
            found.append(CellPair(same, cell))
    return found


def _names(cells: Iterable[Cell]) -> str:
    names = [f"{cell.workload} × {cell.scenario} × {cell.consumer}" for cell in cells]
    if not names:
        return "none with a trial that counts"
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _require_blocks(pair: RunChanges) -> None:
    compared = [change.comparison for change in pair.changes if not change.is_reference]
    if any(comparison.ci_low is not None for comparison in compared):
        return
    blocks = max((comparison.blocks for comparison in compared), default=0)
    if not compared or blocks >= MIN_BLOCKS_TO_COMPARE:
        return
    raise UntrustworthyError(
        f"{counted(blocks, 'block is', 'blocks are')} too few for any verdict on "
        f"{pair.head} against {pair.base}",
        remedy="measure again with --blocks 5 or more",
    )
