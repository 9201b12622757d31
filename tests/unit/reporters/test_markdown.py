"""Markdown says what the result says, and no name can break out of its cell."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.answers.result import make_result
from harness.model.caution import Caution
from harness.model.result import Comparison, LossComparison, Result
from harness.model.run import Cell
from harness.reporters.render.markdown import escaped, page_markdown
from harness.reporters.result import result_page
from tests.support.runs import COSTS_NS, made_up_run

LINKED_BY_LOOKS = re.compile(
    r"\w://|\bwww\.|@\w|[#!$%&~^]\w|\bGH-\d|\b[0-9a-f]{7,}\b|(?<!\\)[<\[]", re.IGNORECASE
)
"""What GitHub or GitLab would make a link of, after Markdown or by it."""
HOSTILE = "a|b\nc <img src=x> @team [x](y) `z` \x1b[31m"


def made_up_result(tmp_path: Path) -> Result:
    return make_result(made_up_run(tmp_path / "machine" / "run"))


def result_markdown(result: Result) -> str:
    return page_markdown(result_page(result))


def cells_of(line: str) -> list[str]:
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]


def test_every_cell_has_its_row_with_verdict(tmp_path: Path) -> None:
    result = made_up_result(tmp_path)
    shown = result_markdown(result)
    table = shown[shown.index("| scenario | per operation |") :].partition("\n\n")[0]
    _, _, *first = map(cells_of, table.splitlines())
    assert [row[0] for row in first] == list(COSTS_NS)
    rules = next(row for row in first if row[0] == "rules")
    comparison = next(
        c for c in result.comparisons if (c.cell.scenario, c.metric) == ("rules", result.primary)
    )
    assert rules[2] == f"{comparison.ratio:.3f}"
    assert rules[4] == "▲ worse"


def test_every_table_is_rectangular(tmp_path: Path) -> None:
    widths = set()
    for line in [*result_markdown(made_up_result(tmp_path)).splitlines(), ""]:
        if line.startswith("|"):
            widths.add(len(cells_of(line)))
        else:
            assert len(widths) <= 1
            widths.clear()


def test_hostile_names_stay_in_their_cell(tmp_path: Path) -> None:
    cell = Cell(HOSTILE, HOSTILE, HOSTILE)
    comparison = Comparison(
        cell, "elapsed_ns_per_op", "ns", 5.0, 5.0, 1.0, 0.9, 1.1, 5, "inconclusive", 0.02, 0.2
    )
    result = replace(made_up_result(tmp_path), run=HOSTILE, comparisons=(comparison,), ledgers=())
    shown = result_markdown(result).replace("<details><summary>", "")
    shown = shown.replace("</summary>", "").replace("</details>", "")
    rows = [line for line in shown.splitlines() if line.startswith("|")]
    assert [len(cells_of(row)) for row in rows[:3]] == [8] * 3
    assert "\x1b" not in shown
    assert not re.search(r"(?<!\\)<", shown)
    assert "@team" not in shown
    assert cells_of(rows[2])[-2] == "20 %"


@pytest.mark.parametrize(
    "linked",
    ["https://evil.example", "HTTP://evil.example", "ftp://evil.example", "git+ssh://h/x",
     "www.evil.example", "WWW.evil.example", "a@evil.example", "mailto:a@evil.example",
     "<https://evil.example>", "@team", "@org/team", "#123", "owner/repo#123", "GH-123", "gh-7",
     "!42", "$42", "%42", "&42", "~bug", "^alert", "deadbeef", "DEADBEEF", "1234567",
     "user@deadbeefdeadbeef", "0123456789abcdef0123456789abcdef01234567",
     "[x](https://evil.example)", "![x](//evil.example)", "a.deadbeef0.b"],
)  # fmt: skip
def test_nothing_that_is_linked_by_its_looks_is_left(linked: str) -> None:
    for text in (linked, f"a {linked} b", f"({linked})", f"x,{linked}."):
        shown = escaped(text)
        assert not LINKED_BY_LOOKS.search(shown), shown
        # Who reads it sees the same.
        assert re.sub(r"\\(?=[^\w\s])", "", shown).replace("\u2060", "") == text


@given(st.text(alphabet="htps:/w.@#!$GH-0123abcdef ~%&^x", max_size=60))
def test_no_text_has_what_is_linked_by_its_looks(text: str) -> None:
    assert not LINKED_BY_LOOKS.search(escaped(text))


def test_plain_names_stay_plain() -> None:
    assert escaped("elapsed_ns_per_op") == "elapsed_ns_per_op"


def test_cautions_losses_and_an_early_end_are_told(tmp_path: Path) -> None:
    loss = LossComparison(Cell("udp", "rules", "assemble"), 6, 0, 0.0, 0.0, 0.459, 0.0)
    result = made_up_result(tmp_path)
    shown = result_markdown(
        replace(
            result,
            cautions=(Caution("noise", "it is loud", "be quiet"),),
            losses=(loss,),
            complete=False,
        )
    )
    assert "- ⚠ it is loud: be quiet" in shown
    assert "| 0 | 6 | 0 % to 45.9 % | 0 % |" in shown
    assert "stopped early" in shown
