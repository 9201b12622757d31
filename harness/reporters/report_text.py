"""One or several results as text for a mail, or as Markdown for a pull request."""

from __future__ import annotations

import io
from collections.abc import Sequence

from rich.console import Console

from harness.changes import ChangeReport
from harness.model import Result
from harness.reporters.changes import render_changes
from harness.reporters.changes_markdown import changes_markdown
from harness.reporters.markdown import escaped, result_markdown
from harness.reporters.plain import plain
from harness.reporters.plainly import made_plain
from harness.reporters.terminal import render_result

WIDTH = 80


def report_markdown(results: Sequence[Result], comparison: ChangeReport | str | None) -> str:
    """The comparison, if there is one, and every result; in words why there is none."""
    parts = [result_markdown(result) for result in results]
    if isinstance(comparison, ChangeReport):
        parts.insert(0, changes_markdown(comparison))
    elif comparison:
        parts.insert(0, f"These runs cannot be compared: {escaped(comparison)}\n")
    return "\n".join(parts)


def report_plain(results: Sequence[Result], comparison: ChangeReport | str | None) -> str:
    """The same as on a terminal, without colour and 80 columns wide."""
    text = io.StringIO()
    console = Console(file=text, width=WIDTH, highlight=False, no_color=True, force_terminal=False)
    if isinstance(comparison, ChangeReport):
        render_changes(made_plain(comparison), console)
    elif comparison:
        console.print(f"These runs cannot be compared: {plain(comparison)}", markup=False)
    for result in results:
        console.print(f"\n{plain(result.run)}", markup=False)
        render_result(made_plain(result), console)
    return text.getvalue()
