"""`auditbench plot`: a stored run as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from harness.errors import EXIT_FINE, UsageError

if TYPE_CHECKING:
    from harness.model import ReportView
    from harness.reporters.plots.base import Plot
    from harness.reporters.plots.picture import Format

Kind = Literal["forest", "cpu", "latency", "ledger", "timeline", "drift", "history"]

SCHEMA = "auditbench.plot/1"


def plot_verb(
    run: str = "latest",
    /,
    *,
    kind: Kind = "forest",
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    workload: str | None = None,
    metric: str | None = None,
    dark: Annotated[bool, Parameter(negative="")] = False,
    results: Path = Path("results"),
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Draw a stored run.

    Parameters
    ----------
    run
        A run's folder, its name, `latest`, or `latest~1` for the one before.
    kind
        forest: ratio to the reference. cpu: CPU per operation by who used it. latency: of single
        operations. ledger: where every event went. timeline: backlog, lost and unread bytes within
        a trial. drift: ratio against block order. history: the ratio
        from run to run, of the runs that are like this one.
    output
        Write the picture to this file; its name ends in .svg, .png or .pdf.
    workload
        Only this workload of the run.
    metric
        For forest and drift: the ratio of this metric, as `elapsed_ns_per_op`.
    dark
        For a dark ground.
    results
        The folder that runs are stored in.
    json
        Print the data behind the picture, and what one sees in words, as one JSON document.
    """
    from harness.files.output import require_writable
    from harness.reporters.plots.catalog import PLOTS
    from harness.run.result import make_view
    from harness.store import find_run, load_run
    from harness.verbs.output import err

    if output is None and not json:
        raise UsageError(
            "a picture needs a file", remedy="add -o FILE.svg, .png or .pdf, or --json"
        )
    if kind == "history":
        from harness.verbs.plot_history import plot_history

        plot_history(run, results, output, workload=workload, metric=metric, dark=dark, json=json)
        return EXIT_FINE
    form = None if output is None else _format_of(output)
    if output is not None:
        require_writable(output)
    stored = load_run(find_run(run, results))
    view, plot = make_view(stored), PLOTS[kind]
    _require_data(plot, view, workload, metric)
    if output is not None and form is not None:
        _write(plot, view, output, form, workload=workload, metric=metric, dark=dark)
    for caution in stored.cautions:
        err().print(caution.one_line(), markup=False, soft_wrap=True)
    if json:
        _print_document(plot, view, output, workload=workload, metric=metric)
    return EXIT_FINE


def _format_of(output: Path) -> Format:
    from harness.reporters.plots.picture import FORMATS

    suffix = output.suffix.removeprefix(".").lower()
    for form in FORMATS:
        if suffix == form:
            return form
    raise UsageError(
        f"{output} is not the name of a picture", remedy="end it in .svg, .png or .pdf"
    )


def _require_data(
    plot: Plot[Any], view: ReportView, workload: str | None, metric: str | None
) -> None:
    """UsageError where the run has nothing to draw, and what it has instead."""
    if metric is not None and not plot.takes_metric:
        raise UsageError(
            f"--metric has no meaning for {plot.name}",
            remedy="leave it out, or draw forest or drift",
        )
    _require_known("workload", workload, {sample.workload for sample in view.samples})
    _require_known("metric", metric, {c.metric for c in view.result.comparisons})
    if reason := plot.unavailable(view, workload, metric=metric):
        raise UsageError(f"{view.result.run} has nothing to draw as {plot.name}", remedy=reason)


def _require_known(what: str, name: str | None, known: set[str]) -> None:
    from harness.reporters.plain import plain

    if name is not None and name not in known:
        raise UsageError(
            f"{what} {name!r} is not in this run",
            remedy=f"it has {', '.join(map(plain, sorted(known))) or 'none'}",
        )


def _write(
    plot: Plot[Any], view: ReportView, output: Path, form: Format, *, dark: bool, **choice: Any
) -> None:
    from harness.files.output import write_bytes
    from harness.reporters.plots.picture import picture_bytes

    write_bytes(output, picture_bytes(plot.draw(view, dark=dark, **choice), form))


def _print_document(plot: Plot[Any], view: ReportView, output: Path | None, **choice: Any) -> None:
    from harness.verbs.output import print_json

    table = plot.table(view, **choice)
    print_json(
        {
            "schema": SCHEMA,
            "run": view.result.run,
            "kind": plot.name,
            "title": plot.title,
            "file": None if output is None else str(output),
            "text": plot.describe(view, **choice),
            "columns": list(table.header),
            "rows": [list(row) for row in table.rows],
        }
    )
