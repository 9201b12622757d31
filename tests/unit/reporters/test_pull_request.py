"""Markdown of a result for a pull request: verdict, one table, notes; the rest folded, once."""

from __future__ import annotations

import re
from functools import cache

import pytest

from harness.answers.result import make_result
from harness.model.result import Result
from harness.reporters.answer import answer_parts
from harness.reporters.page import Fold, Grid, Line
from harness.reporters.pull_request import pull_request_page
from harness.reporters.report_text import report_markdown
from harness.reporters.result import result_page
from harness.store import load_run
from tests.support.command import ROOT

PLANS = ("overhead", "pressure", "consumers", "syscalls", "ab")


@cache
def reference(plan: str) -> Result:
    return make_result(load_run(next((ROOT / "results/reference").glob(f"{plan}-*"))))


@pytest.mark.parametrize("plan", PLANS)
def test_the_answer_comes_first_and_then_the_table_of_its_question(plan: str) -> None:
    result = reference(plan)
    parts = pull_request_page(result).parts
    assert parts[0] == Line(answer_parts(result).first, "answer")
    tables = [part for part in parts if isinstance(part, Grid)]
    names = {"pressure": {"ledger"}, "consumers": {"consumers-0", "consumers-1"}}
    assert {table.name for table in tables} == names.get(plan, {"comparisons"})
    assert [type(part) for part in parts].count(Fold) == 1
    assert isinstance(parts[-1], Fold)


@pytest.mark.parametrize("plan", PLANS)
def test_nothing_is_lost_and_no_table_stands_twice(plan: str) -> None:
    result = reference(plan)
    text = report_markdown([result], None)
    headings = re.findall(r"^### .*", text, re.M)
    assert len(headings) == len(set(headings))
    fold = pull_request_page(result).parts[-1]
    assert isinstance(fold, Fold)
    whole = {part.name for part in result_page(result).parts if isinstance(part, Grid)}
    shown = {
        part.name
        for part in (*pull_request_page(result).parts, *fold.parts)
        if isinstance(part, Grid)
    }
    assert shown == whole
    assert text.count("<details>") == text.count("</details>") > 1


def test_what_is_in_sight_is_short() -> None:
    seen = report_markdown([reference("overhead")], None).partition("<details>")[0]
    rows = [line for line in seen.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + 14
    assert "elapsed_ns_per_op" not in seen
