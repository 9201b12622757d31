"""`auditbench report`: stored runs as one page to show to others."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from harness.errors import EXIT_FINE, EXIT_UNTRUSTWORTHY, AuditbenchError, UsageError

if TYPE_CHECKING:
    from harness.changes import ChangeReport
    from harness.model import ReportView
    from harness.store import StoredRun

Flag = Annotated[bool, Parameter(negative="")]
Format = Literal["html", "md", "txt"]

SCHEMA = "auditbench.report/1"


def report_verb(
    *runs: str,
    format: Format | None = None,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    open: Flag = False,
    json: Flag = False,
    results: Path = Path("results"),
) -> int:
    """Write stored runs as one HTML file to show to others, or as text for a mail.

    Parameters
    ----------
    runs
        Runs: a folder, a name, `latest`, or `latest~1` for the one before; `latest` if none is
        named. Several are also compared, each with the first.
    format
        html: one file that needs no network. md, txt: for a pull request or a mail. If not given,
        what the name of the output file says, else html.
    output
        Write to this file. If not given, html goes to `report.html` in the folder of the first run,
        md and txt to standard output.
    open
        Open the page in a browser.
    json
        Say in one JSON document what was written.
    results
        The folder that runs are stored in.
    """
    from harness.files.output import require_writable, write_text
    from harness.store import find_run
    from harness.verbs.output import out, print_json

    format = format or _format_of(output)
    _require_sense(format, output, open=open, json=json)
    folders = [find_run(run, results) for run in runs or ("latest",)]
    if output is None and format == "html":
        output = folders[0] / "report.html"
    if output is not None:
        require_writable(output)
    stored, views = _load(folders)
    text = _text(format, views, *_compared(stored))
    if output is None:
        out().file.write(text)
    else:
        size = write_text(output, text)
        if json:
            names = [run.name for run in stored]
            document = {"schema": SCHEMA, "runs": names, "format": format, "file": str(output)}
            print_json({**document, "bytes": size})
        else:
            words = f"{output} ({size / 1000:,.0f} kB)"
            out().print(words, markup=False, soft_wrap=True)
        if open:
            _open(output)
    fine = all(view.result.trustworthy for view in views)
    return EXIT_FINE if fine else EXIT_UNTRUSTWORTHY


def _format_of(output: Path | None) -> Format:
    suffixes: dict[str, Format] = {".md": "md", ".txt": "txt"}
    return "html" if output is None else suffixes.get(output.suffix.lower(), "html")


def _require_sense(format: Format, output: Path | None, *, open: bool, json: bool) -> None:
    """UsageError where the options contradict each other."""
    if open and format != "html":
        raise UsageError(f"--open does not go with --format {format}", remedy="leave one out")
    if json and output is None and format != "html":
        raise UsageError("--json tells what was written to a file", remedy="add -o FILE")


def _load(folders: list[Path]) -> tuple[list[StoredRun], list[ReportView]]:
    from harness.model import ReportView
    from harness.run.result import in_plan_order, make_result
    from harness.store import load_run

    stored = [load_run(folder) for folder in dict.fromkeys(path.resolve() for path in folders)]
    views = [ReportView(make_result(run), tuple(in_plan_order(run))) for run in stored]
    return stored, views


def _compared(stored: list[StoredRun]) -> tuple[ChangeReport | None, list[str]]:
    """Every run against the first, and in words which have nothing in common with it.

    Unlike runs are what a report is for: what differs is among its warnings.
    """
    from harness.run.across import CompareOptions, Side, compare_runs

    base, *heads = (Side(run) for run in stored)
    reports, refused = [], []
    for head in heads:
        try:
            reports.append(compare_runs(base, [head], CompareOptions(force=True)))
        except AuditbenchError as error:
            refused.append(error.what)
    if not reports:
        return None, refused
    return replace(reports[0], pairs=tuple(p for report in reports for p in report.pairs)), refused


def _text(
    format: Format, views: list[ReportView], comparison: ChangeReport | None, refused: list[str]
) -> str:
    if format == "html":
        from harness.reporters.html.page import report_html
        from harness.reporters.plots.catalog import PLOTS

        return report_html(views, PLOTS, comparison, refused)
    from harness.reporters.report_text import report_markdown, report_plain

    results = [view.result for view in views]
    if format == "md":
        return report_markdown(results, comparison, refused)
    return report_plain(results, comparison, refused)


def _open(page: Path) -> None:
    from harness.files.caller import run_as_caller

    program = "import sys, webbrowser; sys.exit(not webbrowser.open(sys.argv[1]))"
    if run_as_caller([sys.executable, "-P", "-c", program, page.resolve().as_uri()]):
        raise UsageError("no browser was found", remedy=f"open {page} in one")
