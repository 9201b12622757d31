"""The page of a history: where a level changed comes first, every medium says the same."""

from __future__ import annotations

import csv
from dataclasses import replace

import pytest

from harness.model.caution import Caution
from harness.model.history import History, PastRun, Point, Step, Track
from harness.model.run import Cell
from harness.reporters.history import history_page
from harness.reporters.page import Grid
from harness.reporters.render.csv import grid_csv
from harness.reporters.render.markdown import page_markdown
from tests.support.reports.pages import in_html, on_a_terminal, require_same_everywhere

LABEL = "rules of May, with the exclusions of the backup and of everything else that runs at night"


def made_history() -> History:
    """Six runs; the level of one cell changed with the last, which was stopped."""
    runs = tuple(
        PastRun(f"run-{n}", f"2026-01-0{n}T12:00:00+00:00", LABEL, n != 6, n != 2, ())
        for n in range(1, 7)
    )
    runs = (*runs[:3], replace(runs[3], notes=("kernel 6.1 → 6.2",)), *runs[4:])
    point = Point(2.5, 2.25, 2.75, 6000.0, 8, verdict="equal")
    step = replace(point, verdict="worse", step=Step(2.5, 3.0))
    cell = Cell("udp", "rules", "assemble")
    changed = Track(cell, "elapsed_ns_per_op", "ns", True, (None, *[point] * 4, step), 6)
    bare = replace(point, level=6000.0, ci_low=None, ci_high=None)
    absolute = Track(replace(cell, scenario="other"), "elapsed_ns_per_op", "ns", False,
                     (bare,) * 6, 0)  # fmt: skip
    cautions = (Caution("unlike", "1 run left out", "--like shows it"),)
    return History("h-1", "overhead", ("elapsed",), runs, (changed, absolute), cautions)


def grids(history: History) -> list[Grid]:
    return [part for part in history_page(history).parts if isinstance(part, Grid)]


def test_every_medium_says_the_same_and_the_change_first() -> None:
    words = require_same_everywhere(history_page(made_history()))
    assert words[:3] == [
        "◆ 2026-01-06 12:00 udp × rules × assemble: elapsed time +20.0 % (2.500 to 3.000).",
        "overhead on h-1: 6 runs",
        "1 run left out",
    ]
    assert words[-2:] == [
        "2026-01-04 12:00 kernel 6.1 → 6.2",
        "Fewer than 6 runs, too few for change detection: udp × other × assemble.",
    ]


def test_a_run_that_is_stopped_and_changes_the_level_is_marked_as_both() -> None:
    shown = on_a_terminal(history_page(made_history()))
    row = next(line for line in shown.splitlines() if line.startswith("2026-01-06"))
    assert row.endswith("▲ worse  ◆ +20.0 % stopped")
    assert '<td class="v-change-of-level"' in in_html(history_page(made_history()))


def test_only_a_terminal_cuts_labels_short_and_nothing_else() -> None:
    page = history_page(made_history())
    rows = [line for line in on_a_terminal(page).splitlines() if line.startswith("2026-01-0")]
    table = [line for line in rows if "–" in line or "2.500" in line]
    assert len(table) == 6
    assert all("…" in line for line in table)
    assert all("2.250 to 2.750" in line for line in table[1:])
    assert page_markdown(page).count(LABEL) == 12


def test_the_words_of_the_default_label_are_not_cut() -> None:
    label = "0.1.dev746+g5e5ab782f, Linux 6.1.0-41-cloud-amd64"
    history = made_history()
    runs = tuple(replace(run, label=label) for run in history.runs)
    shown = on_a_terminal(history_page(replace(history, runs=runs)))
    assert "…" not in shown
    assert all(shown.count(word) == 12 for word in label.split())


def test_columns_that_would_be_empty_are_left_out() -> None:
    history = made_history()
    whole = replace(history, runs=tuple(replace(run, complete=True) for run in history.runs))
    changed, absolute = grids(whole)
    assert [column.name for column in changed.on("terminal").columns] == [
        "run (UTC)", "label", "ratio", "95 % interval", "verdict", "change"
    ]  # fmt: skip
    assert [column.name for column in absolute.on("terminal").columns] == [
        "run (UTC)", "label", "per op", "verdict"
    ]  # fmt: skip


def test_values_stand_in_full_beside_what_is_shown() -> None:
    header, *rows = csv.reader(grid_csv(grids(made_history())[0]).splitlines())
    assert header == [
        "run (UTC)", "label", "ratio", "from", "to", "verdict", "change", "state"
    ]  # fmt: skip
    assert rows[0][2:] == ["", "", "", "", "", ""]
    assert rows[1][2:] == ["2.5", "2.25", "2.75", "doubtful", "", ""]
    assert rows[5][2:] == ["2.5", "2.25", "2.75", "worse", "1.2", "stopped"]


@pytest.mark.parametrize(
    ("runs", "answer"),
    [(0, "Nothing to show: no run could be read."),
     (6, "Nothing to show: no run measured such a cell.")],
)  # fmt: skip
def test_where_there_is_nothing_to_show_the_answer_says_so(runs: int, answer: str) -> None:
    history = made_history()
    empty = replace(history, runs=history.runs[:runs], tracks=())
    assert require_same_everywhere(history_page(empty))[0] == answer
