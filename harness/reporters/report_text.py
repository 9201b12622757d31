"""One or several results as text for a mail, or as Markdown for a pull request."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence

from harness.model.compare import ChangeReport
from harness.model.result import Result
from harness.reporters.compare import compare_page
from harness.reporters.page import Line, Page
from harness.reporters.plain_console import PlainConsole
from harness.reporters.pull_request import pull_request_page
from harness.reporters.render.markdown import page_markdown
from harness.reporters.render.terminal import render_page
from harness.reporters.result import result_page

WIDTH = 80


def report_markdown(
    results: Sequence[Result], comparison: ChangeReport | None, refused: Sequence[str] = ()
) -> str:
    """The comparison, if there is one, and every result. `refused` says what was not compared."""
    compared = None if comparison is None else compare_page(comparison)
    return pages_markdown(report_pages(map(pull_request_page, results), compared, refused))


def pages_markdown(pages: Iterable[Page]) -> str:
    """Pages one after the other."""
    return "\n".join(map(page_markdown, pages))


def report_plain(
    results: Sequence[Result], comparison: ChangeReport | None, refused: Sequence[str] = ()
) -> str:
    """The same as on a terminal, without colour and 80 columns wide."""
    compared = None if comparison is None else compare_page(comparison)
    return pages_plain(report_pages(map(result_page, results), compared, refused))


def pages_plain(pages: Iterable[Page]) -> str:
    """The same of pages."""
    file = io.StringIO()
    console = PlainConsole(
        file=file, width=WIDTH, highlight=False, no_color=True, force_terminal=False
    )
    for place, page in enumerate(pages):
        if place:
            console.print()
        render_page(Page(page.title, (Line(page.title), *page.parts)), console)
    return file.getvalue()


def report_pages(
    runs: Iterable[Page], compared: Page | None, refused: Sequence[str] = ()
) -> Iterator[Page]:
    """The page of the comparison, if there is one, what was not compared, then those of runs."""
    notes = tuple(Line(f"Not compared: {words}") for words in refused)
    if compared is not None:
        yield Page(compared.title, (*compared.parts, *notes))
    elif notes:
        yield Page("auditbench compare", notes)
    yield from runs
