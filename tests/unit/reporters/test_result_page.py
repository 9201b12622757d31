"""A result is laid out once: the same answer, tables and numbers on every medium."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from html import unescape

import pytest
from rich.console import Console

from harness.answers.result import make_result
from harness.model.caution import Caution
from harness.model.result import ReportView, Result
from harness.reporters.answer import answer, answer_parts
from harness.reporters.html.page import report_html
from harness.reporters.page import Fold, Grid, Line, Page, Part
from harness.reporters.render.markdown import escaped, page_markdown
from harness.reporters.render.terminal import render_page
from harness.reporters.report_text import report_plain
from harness.reporters.result import STOPPED, details_page, result_page
from tests.support.runs import made_up_run


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    made = make_result(made_up_run(tmp_path_factory.mktemp("runs") / "h-1" / "run"))
    return replace(made, cautions=(Caution("noise", "it is loud", "be quiet"),), complete=False)


def printed(page: Page) -> str:
    file = io.StringIO()
    render_page(page, Console(file=file, width=80, highlight=False))
    return file.getvalue()


def grids(parts: Iterable[Part]) -> Iterator[Grid]:
    for part in parts:
        if isinstance(part, Grid):
            yield part
        elif isinstance(part, Fold):
            yield from grids(part.parts)


def joined(text: str) -> str:
    return " ".join(text.split())


def test_the_answer_comes_first_on_every_medium_then_the_cautions(result: Result) -> None:
    page = result_page(result)
    words = answer(result)
    assert words
    parts = answer_parts(result)
    assert f"{parts.first} {parts.rest}" == words
    assert page.parts[:2] == (Line(parts.first, "answer"), Line(parts.rest))
    terminal = joined(printed(page))
    assert terminal.startswith(f"{words} {STOPPED} ! it is loud: be quiet udp (")
    _, first, rest, second, third, *_ = page_markdown(page).split("\n\n")
    assert (first, rest) == (f"**{escaped(parts.first)}**", escaped(parts.rest))
    assert second == escaped(STOPPED)
    assert third == "- ⚠ it is loud: be quiet"
    _, _, after_name = joined(report_plain([result], None)).partition(f"{result.run} ")
    assert after_name.startswith(words)


def test_each_table_is_on_every_medium_with_the_same_cells(result: Result) -> None:
    """A table that a medium leaves out says so by the media of its columns."""
    page = result_page(result)
    terminal, markdown = printed(page), page_markdown(page)
    html = unescape(report_html([ReportView(result, ())], {}))
    shown = {grid.name: grid for grid in grids(page.parts) if grid.rows}
    assert shown.keys() >= {"comparisons", "cpu-by-process", "ledger", "loss", "metrics", "noise"}
    for part in page.parts:
        for row in part.on("terminal").rows if isinstance(part, Grid) else ():
            assert re.search(r"\s+".join(re.escape(box.marked) for box in row), terminal)
    for grid in shown.values():
        for row in grid.on("markdown").rows:
            if row:
                cells = (escaped(f"{box.marked}{box.note}") for box in row)
                assert f"| {' | '.join(cells)} |" in markdown
        assert f"<caption><span>{grid.caption}</span></caption>" in html
        for box in (box for row in grid.on("html").rows for box in row if box.number):
            assert f'data-v="{box.raw}">{box.text}</td>' in html


def test_details_has_the_tables_of_the_folded_part(result: Result) -> None:
    (folded,) = (grid for grid in grids(result_page(result).parts) if grid.name == "metrics")
    found = [grid for grid in grids(details_page(result).parts) if grid.rows]
    captions = [grid.caption for grid in found]
    metrics = dict.fromkeys(comparison.metric for comparison in result.comparisons)
    assert captions == [metric for metric in metrics if metric in captions]
    assert len(captions) > 2
    assert {grid.columns for grid in found} == {folded.columns}
    assert {row for grid in found for row in grid.rows} < set(folded.rows)


def test_a_state_measured_apart_is_marked_on_every_medium(result: Result) -> None:
    apart = replace(
        result,
        comparisons=tuple(
            replace(c, interleaved=c.cell.scenario != "disabled") for c in result.comparisons
        ),
    )
    said = "measured before the blocks, not interleaved: disabled"
    for page in (result_page(apart), details_page(apart)):
        assert said in printed(page)
    assert "(not interleaved)" in page_markdown(result_page(apart))
    assert "interleaved" not in printed(result_page(result))
