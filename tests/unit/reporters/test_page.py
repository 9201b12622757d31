"""A page is laid out once: which medium shows which column, and what each does with a box."""

from __future__ import annotations

import csv
import io
import re
from importlib.resources import files

import pytest
from rich.console import Console

from harness.model.caution import Caution
from harness.reporters.page import (
    INTERVAL,
    TERMINAL,
    WIDE,
    Box,
    Column,
    Fold,
    Grid,
    Heading,
    Line,
    Page,
    Part,
    Picture,
    columns,
    interval_boxes,
    number,
    text,
    verdict,
)
from harness.reporters.render.csv import grid_csv
from harness.reporters.render.markdown import page_markdown
from harness.reporters.render.terminal import render_page
from harness.reporters.words import (
    CHANGE_OF_LEVEL,
    DOUBTFUL,
    FINDINGS,
    OUTCOMES,
    STOPPED,
    VERDICTS,
    Look,
)

HOSTILE = "=a|b\nc <img src=x> @team [bold]x[/] \x1b[31m"


def grid_of(*boxes: Box) -> Grid:
    names = columns(*(f"c{place}" for place in range(len(boxes))), left=1)
    return Grid("table", "a table", names, (boxes,))


def test_a_medium_shows_its_own_columns_only() -> None:
    media = (Column("a"), Column("b", media=frozenset(("html", "csv"))), Column("c", left=True))
    grid = Grid("table", "", media, ((text("1"), text("2"), text("3")),))
    assert [column.name for column in grid.on("terminal").columns] == ["a", "c"]
    assert grid.on("terminal").rows == ((text("1"), text("3")),)
    assert grid.on("html") == grid


def test_rows_are_as_wide_as_the_columns() -> None:
    with pytest.raises(AssertionError, match="table"):
        Grid("table", "", columns("a", "b", left=1), ((text("1"),),))


def test_csv_has_the_values_in_full_and_no_formula() -> None:
    grid = grid_of(text(HOSTILE), number("1.2 ms", -1234567.8), number("", None))
    (header, row) = csv.reader(grid_csv(grid).splitlines())
    assert header == ["c0", "c1", "c2"]
    assert row == ["'=a|b\\x0ac <img src=x> @team [bold]x[/] \\x1b[31m", "-1234567.8", ""]


def test_a_verdict_has_its_mark_only_where_it_is_shown() -> None:
    box = verdict(VERDICTS["worse"], " (so far)")
    assert (box.marked, box.raw) == ("▲ worse", "worse (so far)")
    assert verdict(VERDICTS["reference"]).marked == "reference"


def page_of(*parts: Part) -> Page:
    return Page("a title", parts)


def printed(*parts: Part, terminal: bool = False) -> str:
    file = io.StringIO()
    colours = "standard" if terminal else None
    console = Console(
        file=file, width=80, highlight=False, force_terminal=terminal, color_system=colours
    )
    render_page(page_of(*parts), console)
    return file.getvalue()


def test_a_terminal_begins_with_the_first_part_and_shows_no_title() -> None:
    shown = printed(
        Line("Worse.", "answer"),
        Heading("one against other"),
        Caution("noise", "it is loud", "be quiet"),
        grid_of(text("rules"), number("1.5", 1.5)),
        Line("how to read it", "note"),
    )
    assert shown.splitlines() == [
        "Worse.",
        "",
        "one against other",
        "! it is loud: be quiet",
        "",
        "a table",
        "c0      c1",
        "──────────",
        "rules  1.5",
        "how to read it",
    ]
    assert printed(Heading("one"), Line("two")) == "one\ntwo\n"


def test_markdown_has_title_headings_cautions_and_tables() -> None:
    page = page_of(
        Line("Worse.", "answer"),
        Heading("one against other"),
        Caution("noise", "it is loud", "be quiet"),
        grid_of(text("rules"), number("1.5", 1.5)),
        Line("how to read it", "note"),
    )
    assert page_markdown(page) == (
        "## a title\n\n**Worse.**\n\n### one against other\n\n- ⚠ it is loud: be quiet\n\n"
        "a table\n\n| c0 | c1 |\n| :-- | --: |\n| rules | 1.5 |\n\nhow to read it\n"
    )


def test_what_has_nothing_to_show_leaves_no_trace() -> None:
    nothing = (Picture("plot"), Grid("t", "none", columns("a", left=1), ()))
    assert printed(*nothing, Heading("one"), *nothing, Line("two")) == "one\ntwo\n"
    assert page_markdown(page_of(*nothing, Line("two"))) == "## a title\n\ntwo\n"


def test_a_fold_is_opened_where_there_is_something_to_open() -> None:
    fold = Fold("more <of it>", (grid_of(text("rules"), number("1.5", 1.5)), Line("and words")))
    assert printed(Line("one"), fold) == "one\n"
    assert page_markdown(page_of(fold)) == (
        "## a title\n\n<details><summary>more \\<of it\\></summary>\n\n"
        "a table\n\n| c0 | c1 |\n| :-- | --: |\n| rules | 1.5 |\n\nand words\n\n</details>\n"
    )
    empty = Fold("more", (Grid("t", "none", columns("a", left=1), ()),))
    assert page_markdown(page_of(empty, Line("two"))) == "## a title\n\ntwo\n"


def test_a_line_and_a_table_are_where_their_media_are() -> None:
    wide = Grid("t", "a table", (Column("a", media=WIDE),), ((text("1"),),))
    parts = (Line("in one line", media=TERMINAL), wide)
    assert printed(*parts) == "in one line\n"
    assert page_markdown(page_of(*parts)) == "## a title\n\na table\n\n| a |\n| --: |\n| 1 |\n"


def test_a_wide_column_and_a_note_are_not_on_a_terminal() -> None:
    shown = (Column("name", left=True), *INTERVAL, Column("beside", media=WIDE), Column("verdict"))
    boxes = (text("a"), *interval_boxes(0.9, 1.1), text("more"), verdict(VERDICTS["equal"], " (!)"))
    grid = Grid("table", "", shown, (boxes,))
    assert re.split(r"\s{2,}", printed(grid).splitlines()[0]) == [
        "name",
        "95 % interval",
        "verdict",
    ]
    assert "(!)" not in printed(grid)
    assert "| a | 0.900 to 1.100 | more | = equal (\\!) |" in page_markdown(page_of(grid))
    assert grid_csv(grid) == "name,from,to,beside,verdict\na,0.9,1.1,more,equal (!)\n"


def test_names_are_escaped_by_the_renderer_wherever_they_stand() -> None:
    hostile = (
        Line(HOSTILE, "answer"),
        Line(HOSTILE),
        Heading(HOSTILE),
        Caution("c", HOSTILE, HOSTILE),
        Grid(
            "t",
            HOSTILE,
            columns(HOSTILE, left=1),
            ((text(HOSTILE),), (verdict(VERDICTS["worse"], HOSTILE),)),
        ),
    )
    shown = printed(*hostile)
    assert "\x1b" not in shown
    # Not taken for markup of rich.
    assert shown.count("[bold]x[/]") == 8
    markdown = page_markdown(Page(HOSTILE, hostile))
    assert "\x1b" not in markdown
    assert "@team" not in markdown
    assert not re.search(r"(?<!\\)[<\[]", markdown)
    rows = [line for line in markdown.splitlines() if line.startswith("|")]
    assert [len(re.findall(r"(?<!\\)\|", row)) for row in rows] == [2, 2, 2, 2]


def test_a_terminal_has_80_columns_and_nothing_is_cut_off() -> None:
    name = "rules+" * 20
    grid = grid_of(text(name), *(number(f"{place}0.1 µs", 1) for place in range(7)))
    shown = printed(grid, Line("words " * 30))
    assert max(map(len, shown.splitlines())) <= 80
    assert name in "".join(shown.splitlines())
    assert all(f"c{place + 1} {place}0.1 µs" in " ".join(shown.split()) for place in range(7))


def test_a_value_set_to_the_left_keeps_its_heading_in_a_paragraph() -> None:
    heads = (Column("call", left=True), Column("64-bit", left=True, is_value=True))
    shown = printed(
        Grid("t", "", heads, ((text("open"), text("x" * 90)), (text("stat"), text("none"))))
    )
    assert [line for line in shown.splitlines() if "none" in line] == ["  64-bit none"]
    names = Grid("t", "", heads[:1], ((text("y" * 90),), (text("z"),)))
    assert printed(names).splitlines()[-1] == "z"


def test_columns_that_lack_least_are_not_folded_for_one_that_lacks_much() -> None:
    names = columns("call", "answer", left=2)
    rows = ((text("a b " * 25), text("by none")), (text("open"), text("by none")))
    assert "open  " in (said := printed(Grid("t", "", names, rows)))
    assert said.count("by none") == 2


def test_a_row_is_a_paragraph_where_a_word_would_be_broken() -> None:
    name, other = "rules+excluded" * 5, "shells × rules"
    names = columns("cell", "measured", "interval", "verdict", left=1)
    rows = tuple(
        (text(cell), number("957 µs", 1.0), text("900 µs to 1.00 ms"), verdict(VERDICTS["worse"]))
        for cell in (name, other)
    )
    assert printed(Grid("t", "a table", names, rows)).replace(" \n", "\n").split("\n") == [
        "a table",
        name,
        "  measured 957 µs, interval 900 µs to 1.00 ms, verdict ▲ worse",
        other,
        "  measured 957 µs, interval 900 µs to 1.00 ms, verdict ▲ worse",
        "",
    ]


def test_a_number_stays_with_its_unit_while_a_name_can_be_broken_at_a_space() -> None:
    names = columns("limit", "cell", "measured", "95 % interval", "outcome", left=2)
    row = (
        text("elapsed:5%"),
        text("shells × rules × multicast-discard"),
        number("957 µs", 1.0),
        text("900 µs to 1.00 ms"),
        verdict(OUTCOMES["inconclusive"]),
    )
    shown = printed(Grid("t", "", names, (row,))).splitlines()[2:]
    assert [" ".join(line.split()) for line in shown] == [
        "elapsed:5% shells × rules × 957 µs 900 µs to 1.00 ms ? inconclusive",
        "multicast-discard",
    ]


def test_a_table_moves_together_before_a_name_is_folded() -> None:
    name = "n" * 44
    loose = printed(grid_of(*map(text, (name, *["0123456"] * 4))))
    assert f"{name}  0123456  0123456" in loose
    tight = printed(grid_of(*map(text, (name + "n", *["0123456"] * 4))))
    assert f"{name}n 0123456 0123456" in tight


def test_a_column_may_give_way_to_the_others_on_a_terminal() -> None:
    names = (Column("a", left=True), Column("label", left=True, shortened=True), Column("c"))
    grid = Grid("table", "", names, ((text("two words"), text("label " * 20), text("n" * 30)),))
    (row,) = printed(grid).splitlines()[2:]
    assert row.startswith("two words label label")
    assert row.endswith("… " + "n" * 30)
    assert len(row) == 80
    assert page_markdown(page_of(grid)).count("label") == 21


def test_a_column_of_which_only_a_stump_would_be_left_is_left_out() -> None:
    names = (Column("a", left=True), Column("rule", left=True, shortened=True), Column("c"))
    for letters, head in ((65, ["a", "rule", "c"]), (70, ["a", "c"])):
        cells = (text("n" * letters), text("-a always,exit -S execve"), text("7"))
        lines = printed(Grid("table", "", names, (cells,))).splitlines()
        assert lines[0].split() == head
        assert max(map(len, lines)) <= 80
        assert ("…" in lines[2]) is ("rule" in head)
    unnamed = (text(""), text("any rule at all"), text("7"))
    assert "rule" in printed(Grid("table", "", names, (cells, unnamed))).splitlines()[0]
    short = (text("n" * 70), text("-D"), text("7"))
    assert "-D" in printed(Grid("table", "", names, (short,)))


def test_colours_only_where_they_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = (Line("Worse.", "answer"), grid_of(text("rules"), verdict(VERDICTS["worse"])))
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[31m▲ worse" in printed(*parts, terminal=True)
    assert "\x1b" not in printed(*parts)
    monkeypatch.setenv("NO_COLOR", "1")
    shown = printed(*parts, terminal=True)
    assert "▲ worse" in shown
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]", shown)


@pytest.mark.parametrize(
    "look",
    [
        *VERDICTS.values(),
        *OUTCOMES.values(),
        *FINDINGS.values(),
        STOPPED,
        DOUBTFUL,
        CHANGE_OF_LEVEL,
    ],
)
def test_the_style_sheet_has_a_colour_for_every_verdict(look: Look) -> None:
    style = (files("harness.reporters.html") / "report.css.j2").read_text(encoding="utf-8")
    assert re.search(rf"td\.v-{look.word.replace(' ', '-')}\b[^{{]*{{ color: var", style)
