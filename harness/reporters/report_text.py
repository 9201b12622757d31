"""One or several results as text for a mail, or as Markdown for a pull request."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence

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
    return pages_markdown(_pages(results, comparison, refused, pull_request_page))


def pages_markdown(pages: Iterable[Page]) -> str:
    """Pages one after the other."""
    return "\n".join(map(page_markdown, pages))


def report_plain(
    results: Sequence[Result], comparison: ChangeReport | None, refused: Sequence[str] = ()
) -> str:
    """The same as on a terminal, without colour and 80 columns wide."""
    return pages_plain(_pages(results, comparison, refused, result_page))


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


def _pages(
    results: Sequence[Result],
    comparison: ChangeReport | None,
    refused: Sequence[str],
    page_of: Callable[[Result], Page],
) -> Iterator[Page]:
    notes = tuple(Line(f"Not compared: {words}") for words in refused)
    if comparison is not None:
        page = compare_page(comparison)
        yield Page(page.title, (*page.parts, *notes))
    elif notes:
        yield Page("auditbench compare", notes)
    yield from map(page_of, results)
