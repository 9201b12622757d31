"""Names are explained where they stand: once, in words of the plan, by what tells them apart."""

from __future__ import annotations

import io
from functools import cache

import pytest
from rich.console import Console

from harness.answers.result import make_result
from harness.consumers.catalog import CONSUMERS
from harness.model.result import Result
from harness.reporters.page import Legend, Line, Page
from harness.reporters.parts.meanings import Meanings
from harness.reporters.render.markdown import page_markdown
from harness.reporters.render.terminal import render_page
from harness.reporters.result import result_page
from harness.store import load_run
from tests.support.command import ROOT


@cache
def reference(plan: str) -> Result:
    return make_result(load_run(next((ROOT / "results/reference").glob(f"{plan}-*"))))


def entries(result: Result) -> dict[str, str]:
    return dict(Meanings(result).of(comparison.cell for comparison in result.comparisons).entries)


@pytest.mark.parametrize("plan", ["overhead", "consumers", "pressure", "syscalls"])
def test_every_name_of_a_result_has_a_meaning_of_its_own(plan: str) -> None:
    result = reference(plan)
    found = entries(result)
    names = {comparison.cell.scenario for comparison in result.comparisons}
    consumers = {comparison.cell.consumer for comparison in result.comparisons}
    assert found.keys() == (names | consumers if len(consumers) > 1 else names)
    assert all(found.values())
    assert len(set(found.values())) == len(found)


def test_cells_of_one_summary_are_told_apart_by_their_limits() -> None:
    found = entries(reference("pressure"))
    assert found["backlog-64-no-wait"] == "backlog_limit 64, backlog_wait_time 0"
    assert found["buffer-enobufs"].endswith("enobufs")


def test_a_consumer_has_the_words_of_the_catalog_where_there_are_several() -> None:
    assert entries(reference("consumers"))["store"] == CONSUMERS["store"].summary
    assert "assemble" not in entries(reference("overhead"))


def test_a_name_is_explained_once() -> None:
    result = reference("overhead")
    cells = [comparison.cell for comparison in result.comparisons]
    meanings = Meanings(result)
    assert meanings.of(cells).entries
    assert meanings.of(cells).entries == ()
    text = page_markdown(result_page(result))
    assert text.count("no-audit-aa: no-audit a second time") == 1


def test_the_names_stand_below_the_first_table_that_has_them() -> None:
    parts = result_page(reference("overhead")).parts
    kinds = [type(part).__name__ for part in parts]
    assert kinds.index("Legend") == kinds.index("Grid") + 2
    assert isinstance(parts[kinds.index("Grid") + 1], Line)


def test_a_legend_in_text() -> None:
    page = Page("a title", (Line("one"), Legend((("rules\x1b[31m", "all *execs*"),))))
    file = io.StringIO()
    render_page(page, Console(file=file, width=80))
    assert file.getvalue() == "one\nrules\\x1b[31m: all *execs*\n"
    assert page_markdown(page).endswith("one\n\n- rules\\\\x1b\\[31m: all \\*execs\\*\n")
    assert page_markdown(Page("t", (Line("one"), Legend(())))) == "## t\n\none\n"
