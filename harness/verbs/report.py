"""`auditbench report`: stored runs as one page to show to others."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from harness.errors import EXIT_FINE, EXIT_UNTRUSTWORTHY, AuditbenchError, UsageError
from harness.verbs.shared.parameters import (
    RESULTS,
    Flag,
    JsonOfFiles,
    OutputFile,
    ResultsFolder,
    To,
)

if TYPE_CHECKING:
    from harness.answers.compare.compare import Side
    from harness.model.compare import ChangeReport
    from harness.model.count_changes import CountReport
    from harness.model.result import ReportView
    from harness.store import StoredRun
    from harness.verbs.shared.forms import Forms, Writer

Format = Literal["html", "md", "txt"]

FORMS: tuple[Format, ...] = ("html", "md", "txt")
SCHEMA = "auditbench.report/2"
AnyReport = TypeVar("AnyReport", "ChangeReport", "CountReport")


def report_verb(
    *runs: str,
    output: OutputFile = None,
    open: Flag = False,
    to: To = None,
    json: JsonOfFiles = False,
    results: ResultsFolder = RESULTS,
) -> int:
    """Write stored runs as one HTML file to share, or as text for a mail.

    Parameters
    ----------
    runs
        Runs: a folder, a name, `latest`, `latest~1` for the one before, `@LABEL`; `latest` if none
        is named. Several are also compared, each with the first.
    output
        Write to this file: Markdown or text if its name ends in .md or .txt, else html. Without
        it and --to, html goes to `report.html` in the folder of the first run.
    open
        Open the page in a browser.
    to
        Write the report as FORM=FILE, or print it as FORM; may be given several times. html: one
        file that needs no network. md, txt: for a pull request or a mail.
    """
    from harness.store.layout import REPORT
    from harness.verbs.shared.forms import Forms, print_content
    from harness.verbs.shared.naming import named_run
    from harness.verbs.shared.output import out, print_json

    forms = Forms(FORMS, to)
    if output is not None:
        forms.add_file(_form_of(output), output)
    folders = [named_run(run, results) for run in runs or ("latest",)]
    if not forms.asked():
        forms.add_file("html", folders[0] / REPORT)
    if open:
        _require_page(forms)
    if json:
        forms.require_files()
    stored = _load(folders)
    writers, fine = _writers(stored)
    written = forms.write_files(None, writers)
    if forms.printed:
        print_content(writers[forms.printed]())
    if json:
        names = [run.name for run in stored]
        print_json({"schema": SCHEMA, "runs": names, "written": written})
    elif not forms.printed:
        for file in written:
            words = f"{file['file']} ({file['bytes'] / 1000:,.0f} kB)"
            out().print(words, markup=False, soft_wrap=True)
    if open:
        _open(next(path for form, path in forms.files if form == "html"))
    return EXIT_FINE if fine else EXIT_UNTRUSTWORTHY


def _form_of(output: Path) -> Format:
    suffixes: dict[str, Format] = {".md": "md", ".txt": "txt"}
    return suffixes.get(output.suffix.lower(), "html")


def _require_page(forms: Forms) -> None:
    """UsageError if there is no page in a file to open."""
    if not any(form == "html" for form, _ in forms.files):
        raise UsageError(
            "--open needs a page in a file", remedy="add --to html=FILE, or leave it out"
        )


def _load(folders: list[Path]) -> list[StoredRun]:
    from harness.store import load_run

    unique = dict.fromkeys(path.resolve() for path in folders)
    return [load_run(folder, counted_too=True) for folder in unique]


def _writers(stored: list[StoredRun]) -> tuple[dict[str, Writer], bool]:
    """What makes each form of these runs, and whether all of them are trustworthy."""
    from harness.answers.compare.count import are_counted

    return _of_counts(stored) if are_counted(stored) else _of_times(stored)


def _of_times(stored: list[StoredRun]) -> tuple[dict[str, Writer], bool]:
    from harness.answers.compare.compare import CompareOptions, compare_runs
    from harness.answers.result import make_view

    views = [make_view(run) for run in stored]
    options = CompareOptions(force=True)
    reports, refused = _compared(stored, lambda base, head: compare_runs(base, [head], options))
    comparison = _together(reports)
    writers: dict[str, Writer] = {
        form: partial(_text, form, views, comparison, refused) for form in FORMS
    }
    return writers, all(view.result.trustworthy for view in views)


def _of_counts(stored: list[StoredRun]) -> tuple[dict[str, Writer], bool]:
    from harness.answers.compare.count import CountOptions, compare_counts
    from harness.answers.count import make_counted
    from harness.reporters.count import count_page
    from harness.reporters.counts.compare import count_changes_page
    from harness.reporters.html.count import CountView, count_report_html
    from harness.reporters.report_text import pages_markdown, pages_plain, report_pages

    views = [CountView(make_counted(run), run.plan, run.environment) for run in stored]
    options = CountOptions(force=True)
    reports, refused = _compared(stored, lambda base, head: compare_counts(base, [head], options))
    comparison = _together(reports)
    compared = None if comparison is None else count_changes_page(comparison)
    pages = list(report_pages((count_page(view.result) for view in views), compared, refused))
    writers: dict[str, Writer] = {
        "html": lambda: count_report_html(views, comparison, refused),
        "md": lambda: pages_markdown(pages),
        "txt": lambda: pages_plain(pages),
    }
    return writers, all(view.result.trustworthy for view in views)


def _compared(
    stored: list[StoredRun], compare: Callable[[Side, Side], AnyReport]
) -> tuple[list[AnyReport], list[str]]:
    """Every run against the first, and a sentence for each that has nothing in common with it.

    A report may compare unlike runs: their differences are among its warnings.
    """
    from harness.answers.compare.compare import Side

    base, *heads = (Side(run) for run in stored)
    reports, refused = [], []
    for head in heads:
        try:
            reports.append(compare(base, head))
        except AuditbenchError as error:
            refused.append(error.what)
    return reports, refused


def _together(reports: Sequence[AnyReport]) -> AnyReport | None:
    """The pairs of all reports in one; None without any."""
    if not reports:
        return None
    return replace(reports[0], pairs=tuple(pair for report in reports for pair in report.pairs))


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
    from harness.processes.as_caller import run_as_caller

    program = "import sys, webbrowser; sys.exit(not webbrowser.open(sys.argv[1]))"
    if run_as_caller([sys.executable, "-P", "-c", program, page.resolve().as_uri()]):
        raise UsageError("no browser could be started", remedy=f"open {page} in one")
