"""A history as a picture: for `auditbench history -o` and `auditbench plot --kind history`."""

from __future__ import annotations

from pathlib import Path

from harness.errors import UsageError
from harness.histories import History
from harness.reporters.plain import plain


def require_picture(output: Path) -> None:
    """UsageError where the file's name is not that of a picture, or it cannot be written."""
    from harness.files.output import require_writable
    from harness.reporters.plots.picture import FORMATS

    if output.suffix.removeprefix(".").lower() not in FORMATS:
        raise UsageError(
            f"{output} is not the name of a picture", remedy="end it in .svg, .png or .pdf"
        )
    require_writable(output)


def write_picture(history: History, output: Path, *, dark: bool) -> None:
    """Draw it; UsageError where there is nothing to draw."""
    from harness.reporters.plots.history import HISTORY

    if reason := HISTORY.unavailable(history):
        raise UsageError("there is nothing to draw", remedy=reason)
    _write(history, output, dark=dark)


def plot_history(
    run: str,
    results: Path,
    output: Path | None,
    *,
    workload: str | None,
    metric: str | None,
    dark: bool,
    json: bool,
) -> None:
    """The history of the runs that are like this one, into a file, as a document, or both."""
    from harness.reporters.plots.history import HISTORY
    from harness.run.history import HistoryOptions, read_history
    from harness.run.quantities import compared_metric
    from harness.store import find_run
    from harness.verbs.output import err

    if output is not None:
        require_picture(output)
    folder = find_run(run, results).resolve()
    history = read_history(
        results,
        HistoryOptions(
            metrics=() if metric is None else (compared_metric("--metric", metric),),
            cells=() if workload is None else (workload,),
            like=folder,
        ),
    )
    if reason := HISTORY.unavailable(history):
        raise UsageError(f"{run} has nothing to draw as history", remedy=reason)
    if output is not None:
        _write(history, output, dark=dark)
    for caution in history.cautions:
        err().print(plain(caution.one_line()), markup=False, soft_wrap=True)
    if json:
        _print_document(f"{folder.parent.name}/{folder.name}", history, output)


def _print_document(run: str, history: History, output: Path | None) -> None:
    from harness.reporters.plots.history import HISTORY
    from harness.verbs.output import print_json

    table = HISTORY.table(history)
    print_json(
        {
            "schema": "auditbench.plot/1",
            "run": run,
            "kind": HISTORY.name,
            "title": HISTORY.title,
            "file": None if output is None else str(output),
            "text": HISTORY.describe(history),
            "columns": list(table.header),
            "rows": [list(row) for row in table.rows],
        }
    )


def _write(history: History, output: Path, *, dark: bool) -> None:
    from harness.files.output import write_bytes
    from harness.reporters.plots.history import HISTORY
    from harness.reporters.plots.picture import FORMATS, picture_bytes

    suffix = output.suffix.removeprefix(".").lower()
    form = next(form for form in FORMATS if form == suffix)
    write_bytes(output, picture_bytes(HISTORY.draw(history, dark=dark), form))
