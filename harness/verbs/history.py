"""`auditbench history`: the runs of one plan on one machine over time."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import EXIT_FINE, EXIT_UNTRUSTWORTHY, UsageError
from harness.verbs.shared.parameters import (
    RESULTS,
    Flag,
    Json,
    ResultsFolder,
    To,
    Words,
    split_names,
)

if TYPE_CHECKING:
    from harness.model.history import History
    from harness.verbs.shared.forms import Forms, Writer

PICTURES = ("svg", "png", "pdf")


def history_verb(
    *,
    plan: str | None = None,
    machine: str | None = None,
    metric: Words = (),
    cell: Words = (),
    last: int | None = None,
    like: str | None = None,
    allow: Words = (),
    dark: Flag = False,
    to: To = None,
    json: Json = False,
    results: ResultsFolder = RESULTS,
) -> int:
    """Show the runs of one plan on one machine over time, and where a cell's cost changed.

    Parameters
    ----------
    plan
        The plan whose runs are shown; that of the latest run if not given.
    machine
        The machine, by the name of its folder; that of the latest run if not given.
    metric
        Metrics to follow, by full or short name; the run's primary metric if not given.
    cell
        Only these cells: a workload, scenario or consumer (of counted runs a kernel), or several
        of them as in `udp/rules`.
    last
        Only the last N runs.
    like
        The run that the others must be like, by name; the latest if not given.
    allow
        Differences between the plans to accept, as for `auditbench compare`.
    dark
        Draw a picture for a dark background.
    to
        Write the history as FORM=FILE, or print it as FORM; may be given several times: json, csv,
        or a picture as svg, png, pdf.
    """
    from harness.verbs.shared.forms import Forms

    forms = Forms(("json", "csv", *PICTURES), to, json=json)
    if last is not None and last < 1:
        raise UsageError(f"--last {last} shows nothing", remedy="give 1 or more")
    history = _read(results, plan, machine, metric, cell, last, like, allow)
    _deliver(history, forms, dark=dark)
    return EXIT_FINE if history.tracks else EXIT_UNTRUSTWORTHY


def _read(
    results: Path,
    plan: str | None,
    machine: str | None,
    metric: Words,
    cell: Words,
    last: int | None,
    like: str | None,
    allow: Words,
) -> History:
    from harness.answers.compare.comparability import parse_allowed
    from harness.answers.count_metrics import any_metric
    from harness.answers.history.history import read_history
    from harness.answers.history.places import HistoryOptions
    from harness.verbs.shared.naming import named_run

    options = HistoryOptions(
        plan=plan,
        machine=machine,
        metrics=tuple(dict.fromkeys(any_metric("--metric", name) for name in split_names(metric))),
        cells=cell,
        last=last,
        like=None if like is None else named_run(like, results),
        allowed=parse_allowed(allow),
    )
    return read_history(results, options)


def _deliver(history: History, forms: Forms, *, dark: bool) -> None:
    from harness.plain import plain
    from harness.reporters.documents.history import history_document, history_rows
    from harness.reporters.history import history_page
    from harness.reporters.render.csv import csv_text
    from harness.reporters.render.terminal import render_page
    from harness.verbs.shared.output import err, out
    from harness.verbs.shared.plot_history import history_picture

    pictures: dict[str, Writer] = {
        form: partial(history_picture, history, form, dark=dark) for form in PICTURES
    }
    forms.deliver(
        lambda: render_page(history_page(history), out()),
        lambda: history_document(history),
        csv=lambda: csv_text(history_rows(history)),
        **pictures,
    )
    if forms.printed == "csv":
        for caution in history.cautions:
            err().print(plain(caution.one_line()), markup=False, soft_wrap=True)
