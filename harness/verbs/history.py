"""`auditbench history`: the runs of one plan on one machine over time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from harness.errors import EXIT_FINE, EXIT_UNTRUSTWORTHY, UsageError

if TYPE_CHECKING:
    from harness.histories import History

Flag = Annotated[bool, Parameter(negative="")]
Words = Annotated[list[str] | None, Parameter(negative="", consume_multiple=True)]


def history_verb(
    *,
    plan: str | None = None,
    machine: str | None = None,
    metric: Words = None,
    cell: Words = None,
    last: int | None = None,
    like: str | None = None,
    allow: Words = None,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    dark: Flag = False,
    results: Path = Path("results"),
    json: Flag = False,
    csv: Flag = False,
) -> int:
    """Show the runs of one plan on one machine over time, and where a cell's cost changed.

    Parameters
    ----------
    plan
        The plan whose runs are shown; that of the latest run if not given.
    machine
        The machine, by the name of its folder; that of the latest run if not given.
    metric
        Metrics to follow, by full or short name; if not given, the one that the run is about.
    cell
        Only these cells: a workload, a scenario, a consumer, or several of them as `udp/rules`.
    last
        Only the last N runs.
    like
        The run that the others must be like, by name; the latest if not given.
    allow
        Differences between the plans that do not matter, as for `auditbench compare`.
    output
        Draw the history into this file; its name ends in .svg, .png or .pdf.
    dark
        Draw it for a dark ground.
    results
        The folder that runs are stored in.
    json
        Print one JSON document instead of tables.
    csv
        Print rows as CSV instead of tables.
    """
    if json and csv:
        raise UsageError("--json and --csv contradict each other", remedy="give one of them")
    if last is not None and last < 1:
        raise UsageError(f"--last {last} shows nothing", remedy="give 1 or more")
    if output is not None:
        from harness.verbs.plot_history import require_picture

        require_picture(output)
    history = _read(results, plan, machine, metric, cell, last, like, allow)
    if output is not None:
        from harness.verbs.plot_history import write_picture

        write_picture(history, output, dark=dark)
    _print(history, json=json, csv=csv)
    return EXIT_FINE if history.tracks else EXIT_UNTRUSTWORTHY


def _read(
    results: Path,
    plan: str | None,
    machine: str | None,
    metric: list[str] | None,
    cell: list[str] | None,
    last: int | None,
    like: str | None,
    allow: list[str] | None,
) -> History:
    from harness.run.history import HistoryOptions, read_history
    from harness.run.likeness import parse_allowed
    from harness.run.quantities import compared_metric
    from harness.store import find_run

    names = [name for word in metric or () for name in word.split(",")]
    options = HistoryOptions(
        plan=plan,
        machine=machine,
        metrics=tuple(dict.fromkeys(compared_metric("--metric", name) for name in names)),
        cells=tuple(cell or ()),
        last=last,
        like=None if like is None else find_run(like, results),
        allowed=parse_allowed(allow or ()),
    )
    return read_history(results, options)


def _print(history: History, *, json: bool, csv: bool) -> None:
    from harness.reporters.history import render_history
    from harness.reporters.history_document import history_document, history_rows
    from harness.verbs.output import err, out, print_json

    if json:
        print_json(history_document(history))
    elif csv:
        from harness.reporters.csv_table import csv_text
        from harness.reporters.plain import plain

        out().file.write(csv_text(history_rows(history)))
        for caution in history.cautions:
            err().print(plain(caution.one_line()), markup=False, soft_wrap=True)
    else:
        render_history(history, out())
