"""A history as a picture: for `auditbench history --to svg` and `plot --kind history`."""

from __future__ import annotations

from pathlib import Path

from harness.errors import UsageError
from harness.model.history import History


def history_picture(history: History, form: str, *, dark: bool, bare: bool = False) -> bytes:
    """A picture of it; UsageError where there is nothing to draw."""
    from harness.reporters.parts.origin import history_origin
    from harness.reporters.plots.caption import Caption
    from harness.reporters.plots.history import HISTORY
    from harness.reporters.plots.picture import FORMATS, picture_bytes

    if reason := HISTORY.unavailable(history):
        raise UsageError("there is nothing to draw", remedy=reason)
    known = next(known for known in FORMATS if known == form)
    caption = None if bare else Caption(HISTORY.title, history_origin(history))
    return picture_bytes(HISTORY.draw(history, dark=dark), known, caption, dark=dark)


def read_like(run: str, results: Path, *, workload: str | None, metric: str | None) -> History:
    """The history of the runs that are like this one; UsageError where there is none to draw."""
    from harness.answers.count_metrics import any_metric
    from harness.answers.history.history import read_history
    from harness.answers.history.places import HistoryOptions
    from harness.reporters.plots.history import HISTORY
    from harness.store import find_run

    folder = find_run(run, results).resolve()
    history = read_history(
        results,
        HistoryOptions(
            metrics=() if metric is None else (any_metric("--metric", metric),),
            cells=() if workload is None else (workload,),
            like=folder,
        ),
    )
    if reason := HISTORY.unavailable(history):
        raise UsageError(f"{run} has nothing to draw as history", remedy=reason)
    return history
