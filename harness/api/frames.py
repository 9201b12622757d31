"""The numbers of one run or of many as tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, get_args

from harness.api.one_run import Run
from harness.errors import UsageError, one_of
from harness.model.compare import ChangeReport
from harness.model.count_changes import CountReport
from harness.reporters.export.flat_rows import flat_row

if TYPE_CHECKING:
    import pandas

Rows = Iterable[Mapping[str, Any]]
Of = Literal[
    "trials",
    "latency",
    "timeline",
    "comparisons",
    "summaries",
    "ledgers",
    "losses",
    "noise_floor",
    "counts",
]
"""What a frame of runs has a row of."""


def frame(
    items: Run | ChangeReport | CountReport | Iterable[Any], *, of: Of | None = None
) -> pandas.DataFrame:
    """Runs, or what `comparisons`, `summaries`, `ledgers`, `losses` or `compare` give, as rows.

    Of a run or of many: one row per trial, or what `of` names. `run`, `label` and `kernel` come
    first, of counted runs the guest's; a metric that a run did not measure is NaN there. `latency`
    has a row per trial and bucket of the distribution, `timeline` one per trial and moment,
    `counts` one per kernel, cell and metric of counted runs. Else one row per item: fields of a
    cell, a comparison and a ledger's sum become columns of their own.

    Raises UsageError where pandas is not installed, for an unknown `of`, for one of what is no
    run, and for a damaged run.
    """
    from harness.reporters.export.frames import rows_frame, times

    items = [items] if isinstance(items, Run) else items
    if isinstance(items, ChangeReport):
        from harness.reporters.documents.compare import change_rows

        _refuse(of, "a comparison")
        return rows_frame(list(change_rows(items)))
    if isinstance(items, CountReport):
        from harness.reporters.documents.count_changes import count_change_rows

        _refuse(of, "a comparison")
        return rows_frame(list(count_change_rows(items)))
    found = list(items)
    if found and all(isinstance(item, Run) for item in found):
        kind = of or "trials"
        if kind not in get_args(Of):
            raise UsageError(f"no frame is of {kind!r}", remedy=one_of(kind, get_args(Of)))
        rows = [row for run in found for row in _of_run(run, kind)]
        return times(rows_frame(rows, _columns(kind)))
    if any(isinstance(item, Run) for item in found):
        raise UsageError("runs and other items make no one frame", remedy="make one of each")
    if found:
        _refuse(of, f"a {type(found[0]).__name__}")
    return rows_frame([flat_row(item) for item in found])


def _refuse(of: str | None, what: str) -> None:
    if of is not None:
        raise UsageError(f"of={of!r} is for runs, not for {what}", remedy="leave it out")


def _of_run(run: Run, kind: Of) -> Iterator[Mapping[str, Any]]:
    environment = run.stored.environment
    kernel = environment.facts.kernel.release
    of_trials = kind == "trials" and run.is_counted
    guests = [sample.kernel for sample in run.samples] if of_trials else []
    for place, row in enumerate(_rows(run, kind)):
        own = row.get("kernel") or (guests[place] if of_trials else kernel)
        begin = {"run": run.name, "label": environment.label, "kernel": own}
        yield {**begin, **row, "kernel": own}


def _rows(run: Run, kind: Of) -> Rows:
    """A counted run has no rows of times, and one that measures times none of counts."""
    of_both = ("trials", "latency", "timeline")
    return _ROWS[kind](run) if kind in of_both or run.is_counted == (kind == "counts") else ()


def _columns(kind: Of) -> tuple[str, ...]:
    """Those of a frame without rows, as far as they are known without one."""
    from harness.reporters.export.distribution_rows import LATENCY, TIMELINE

    own = {"latency": LATENCY, "timeline": TIMELINE}.get(kind, ("run",))
    return (own[0], "label", "kernel", *own[1:])


def _trials(run: Run) -> Rows:
    from harness.reporters.export.trial_rows import trial_rows

    return trial_rows(run.name, run.samples)


def _latency(run: Run) -> Rows:
    from harness.reporters.export.distribution_rows import latency_rows

    return latency_rows(run.name, run.samples)


def _timeline(run: Run) -> Rows:
    from harness.reporters.export.distribution_rows import timeline_rows

    return timeline_rows(run.name, run.samples)


_ROWS: Mapping[Of, Callable[[Run], Rows]] = {
    "trials": _trials,
    "latency": _latency,
    "timeline": _timeline,
    "comparisons": lambda run: map(flat_row, run.comparisons()),
    "summaries": lambda run: map(flat_row, run.summaries()),
    "ledgers": lambda run: map(flat_row, run.ledgers),
    "losses": lambda run: map(flat_row, run.losses),
    "counts": lambda run: map(flat_row, run.counts.cells),
    "noise_floor": lambda run: map(flat_row, run.noise_floor),
}
