"""One or several results as text for a mail, or as Markdown for a pull request."""

from __future__ import annotations

import io
from collections.abc import Sequence

from harness.model.compare import ChangeReport
from harness.model.result import Result
from harness.plain import plain
from harness.reporters.compare import compare_page
from harness.reporters.markdown import result_markdown
from harness.reporters.plain_console import PlainConsole
from harness.reporters.plainly import made_plain
from harness.reporters.render.markdown import escaped, page_markdown
from harness.reporters.render.terminal import render_page
from harness.reporters.terminal import render_result

WIDTH = 80


def report_markdown(
    results: Sequence[Result], comparison: ChangeReport | None, refused: Sequence[str] = ()
) -> str:
    """The comparison, if there is one, and every result. `refused` says what was not compared."""
    parts = [page_markdown(compare_page(comparison))] if comparison is not None else []
    parts += [f"Not compared: {escaped(words)}\n" for words in refused]
    parts += [result_markdown(result) for result in results]
    return "\n".join(parts)


def report_plain(
    results: Sequence[Result], comparison: ChangeReport | None, refused: Sequence[str] = ()
) -> str:
    """The same as on a terminal, without colour and 80 columns wide."""
    text = io.StringIO()
    console = PlainConsole(
        file=text, width=WIDTH, highlight=False, no_color=True, force_terminal=False
    )
    if comparison is not None:
        render_page(compare_page(comparison), console)
    for words in refused:
        console.print(f"Not compared: {plain(words)}", markup=False)
    for result in results:
        console.print(f"\n{plain(result.run)}", markup=False)
        render_result(made_plain(result), console)
    return text.getvalue()
