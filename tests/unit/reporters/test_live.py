"""The live view, looked at on a terminal of 80 by 24."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from harness.analysis.ratio import paired_ratio, unpaired_ratio
from harness.analysis.running import RunningRatios
from harness.model.run import Cell, Sample, Trial
from harness.reporters.live.forest import Scale
from harness.reporters.live.lines import BARS, left, sparkline
from harness.reporters.live.plain import PlainProgress
from harness.reporters.live.table import narrowing
from harness.verbs.shared.progress import LiveView, make_observer
from tests.support.runs import COSTS_NS, made_up_run
from tests.support.terminal import Terminal

REFERENCE = Cell("udp", "no-audit", "assemble")
CELLS = [Cell("udp", name, "assemble") for name in COSTS_NS]


class Clock:
    """Time that goes on only when it is told to."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    with Terminal() as made:
        yield made


@pytest.fixture
def console(terminal: Terminal) -> Iterator[Console]:
    with os.fdopen(os.dup(terminal.slave), "w", encoding="utf-8") as stream:
        yield Console(file=stream, width=80, height=24, highlight=False)


def samples(tmp_path: Path, blocks: int = 8) -> tuple[Sample, ...]:
    return made_up_run(tmp_path / "m" / "r", blocks=blocks).samples


def trial_of(sample: Sample) -> Trial:
    return Trial(sample.index, sample.cell, sample.block, sample.position, 1, sample.ops)


def watch(
    view: LiveView, terminal: Terminal, run: tuple[Sample, ...], clock: Clock, trials: int
) -> None:
    view.will_measure(CELLS, dict.fromkeys(CELLS, REFERENCE), "elapsed_ns_per_op")
    view.begin(trials)
    for sample in run:
        view.trial_begins(trial_of(sample))
        clock.now_s += 2
        view.pulse(100 + sample.index, 7)
        view.trial_ends(replace(sample, backlog_high=sample.index))
        terminal.take_in()  # a terminal that nobody reads from blocks


def test_what_is_on_the_screen(terminal: Terminal, console: Console, tmp_path: Path) -> None:
    run, clock = samples(tmp_path), Clock()
    view = LiveView(console, clock=clock)
    watch(view, terminal, run[:-1], clock, len(run))
    view.trial_begins(trial_of(run[-1]))
    terminal.take_in()
    shown = terminal.text().splitlines()
    assert shown[0] == ("block 8 of 8 · trial 54 of 54 · about 2 s left · Ctrl-C stops and keeps")
    assert shown[1] == f"now      udp × {run[-1].scenario}"
    assert shown[2].startswith(f"last     udp × {run[-2].scenario}  ")
    assert "52, 52 at most" in shown[3]
    assert BARS[-1] in shown[3]
    header = "elapsed time value ratio 95 % interval ± narrowing"
    assert " ".join(shown[5].split()) == header
    rows = {line.split()[0]: line.split() for line in shown[6 : shown.index("", 6)]}
    assert rows.keys() == COSTS_NS.keys() - {"no-audit"}
    assert rows["rules"][1:3] == ["15.0", "µs"]
    assert 2.48 < float(rows["rules"][3]) < 2.52
    assert terminal.screen.cursor.hidden
    view.end()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 30), (200, 50)])
def test_a_terminal_is_filled_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: int, height: int
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    file, size = io.StringIO(), {"width": width, "height": height, "force_terminal": True}
    console = Console(file=file, highlight=False, color_system="standard", **size)
    view, clock = LiveView(console, clock=Clock()), Clock()
    run = samples(tmp_path, blocks=30)
    view.is_for("overhead: what audit costs \x1b[31m", 0.02)
    view.will_measure(CELLS, dict.fromkeys(CELLS, REFERENCE), "elapsed_ns_per_op")
    view.begin(len(run))
    for sample in run[:-1]:
        view.trial_begins(trial_of(sample))
        clock.now_s += 2
        view.trial_ends(sample)
    file.truncate(file.seek(0))
    view.trial_begins(trial_of(run[-1]))
    drawn = file.getvalue()
    shown = Text.from_ansi(drawn[drawn.index("overhead") :]).plain.splitlines()
    assert shown[0] == r"overhead: what audit costs \x1b[31m"
    assert height - 3 <= len(shown) < height
    assert width - 25 <= max(map(cell_len, shown)) <= width
    assert ("so far" in drawn, "●" in drawn) == (width > 80, width > 80)
    assert "last trials" in drawn
    # The colours of the verdicts, beside their marks.
    assert re.search(r"\x1b\[31m\s*▲", drawn)
    assert re.search(r"\x1b\[36m\s*=", drawn)
    view.end()


def test_an_interval_is_drawn_with_its_reference() -> None:
    scale = Scale((0.5, 2.0), 21)
    assert scale.drawn(1.0, 0.5, 2.0) == "──────────●──────────"
    assert scale.drawn(2.0, 1.4, 2.0) == "          │    ─────●"
    assert scale.drawn(None, None, None).strip() == "│"
    assert scale.place(0.001) == scale.place(-1) == 0
    assert Scale((), 9).place(1) == 4


def test_the_interval_is_that_of_the_analysis(tmp_path: Path) -> None:
    run = samples(tmp_path)
    ratios = RunningRatios(CELLS, dict.fromkeys(CELLS, REFERENCE), "elapsed_ns_per_op")
    for sample in run:
        ratios.take(sample)
        ratios.take(replace(sample, valid=False, metrics={"elapsed_ns_per_op": 1.0}))
    values = {
        cell: [
            s.metrics["elapsed_ns_per_op"]
            for s in sorted(run, key=lambda s: s.block)
            if s.cell == cell and not s.warm_up
        ]
        for cell in CELLS
    }
    known = ratios.of(CELLS[-1])
    assert known.ratio == paired_ratio(values[CELLS[-1]], values[REFERENCE])
    assert len(known.widths) == 7
    assert known.widths[-1] < known.widths[0]
    assert REFERENCE not in ratios.compared()


def test_a_state_measured_apart_has_no_pairs(tmp_path: Path) -> None:
    first = Cell("udp", "never-enabled", "none")
    references = {first: Cell("udp", "no-audit", "none"), REFERENCE: REFERENCE}
    ratios = RunningRatios([first, REFERENCE], references, "elapsed_ns_per_op")
    own = [s for s in samples(tmp_path) if s.cell == REFERENCE]
    for sample in own:
        apart = replace(sample, scenario="never-enabled", consumer="none", interleaved=False)
        ratios.take(apart)
    assert ratios.of(first).ratio is None
    for sample in own:
        ratios.take(sample)
    values = [s.metrics["elapsed_ns_per_op"] for s in own if not s.warm_up]
    assert ratios.of(first).ratio == unpaired_ratio(values, values)


def test_during_a_load_it_draws_twice_a_second_at_most(
    terminal: Terminal, console: Console, tmp_path: Path
) -> None:
    run, clock = samples(tmp_path, blocks=1), Clock()
    view = LiveView(console, clock=clock)
    view.will_measure(CELLS, dict.fromkeys(CELLS, REFERENCE), "elapsed_ns_per_op")
    view.begin(12)
    view.trial_begins(trial_of(run[0]))
    terminal.take_in()
    drawn = []
    for _ in range(40):
        clock.now_s += 0.25
        before = len(terminal.raw)
        view.pulse(3, 0)
        terminal.take_in()
        drawn.append(len(terminal.raw) > before)
    assert sum(drawn) == 20
    before = len(terminal.raw)
    view.trial_ends(run[0])
    terminal.take_in()
    assert len(terminal.raw) == before
    view.end()


def test_cells_that_do_not_fit_are_counted(
    terminal: Terminal, console: Console, tmp_path: Path
) -> None:
    many = [REFERENCE, *(Cell("udp", f"b{number}", "assemble") for number in range(40))]
    view = LiveView(console)
    view.will_measure(many, dict.fromkeys(many, REFERENCE), "elapsed_ns_per_op")
    view.begin(82)
    terminal.take_in()
    shown = terminal.text().splitlines()
    assert shown[0].startswith("warm-up")
    assert shown[-1] == "… and 24 more cells"
    assert len(shown) <= 24
    view.end()


def test_a_failed_trial_is_told_and_counted(
    terminal: Terminal, console: Console, tmp_path: Path
) -> None:
    run, clock = samples(tmp_path, blocks=1), Clock()
    view = LiveView(console, clock=clock)
    failed = replace(run[0], valid=False, invalid_reason="it \x1b[31mdied", metrics={})
    watch(view, terminal, (failed, *run[1:3]), clock, 12)
    view.trial_begins(trial_of(run[3]))
    terminal.take_in()
    shown = terminal.text()
    assert "1 failed · about 18 s left" in shown
    assert "failed: it \\x1b[31mdied" in shown.splitlines()[0]
    assert b"\x1b[31mdied" not in terminal.raw
    view.end()


@pytest.mark.parametrize("whole", [True, False])
def test_the_terminal_is_given_back(
    terminal: Terminal, console: Console, tmp_path: Path, whole: bool
) -> None:
    run, clock = samples(tmp_path, blocks=2), Clock()
    view = LiveView(console, clock=clock)
    watch(view, terminal, run if whole else run[:14], clock, len(run))
    view.end()
    console.print("the result")
    terminal.take_in()
    assert not terminal.screen.cursor.hidden
    shown = terminal.text().splitlines()
    assert shown[-1] == "the result"
    # What was measured stays in sight where the run was stopped; else the result says it.
    assert any("now      stopped" in line for line in shown) != whole


@pytest.mark.parametrize("name", ["NO_COLOR", "TERM", "--no-live"])
def test_plain_lines_where_they_are_wanted(
    console: Console, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    assert isinstance(make_observer(console), LiveView)
    if name.isupper():
        monkeypatch.setenv(name, "dumb")
    assert isinstance(make_observer(console, no_live=name == "--no-live"), PlainProgress)


def test_plain_lines_where_there_is_no_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # a colour is wanted, not a file full of cursor moves
    with (tmp_path / "log").open("w") as stream:
        assert isinstance(make_observer(Console(file=stream)), PlainProgress)


def test_sparklines() -> None:
    assert sparkline([0, 1, None, 7]) == "▁▂ █"
    assert sparkline([0, 0]) == "▁▁"
    assert sparkline([]) == ""
    assert narrowing([5.0, 1.0, 0.07, 0.005, 0.0]) == "██▄▁▁"


@pytest.mark.parametrize(
    ("seconds", "words"), [(-1, "0 s"), (59.4, "59 s"), (130, "2 min 10 s"), (4800, "1 h 20 min")]
)
def test_time_left(seconds: float, words: str) -> None:
    assert left(seconds) == words


def test_a_cell_that_is_added_keeps_what_is_known_of_the_others(tmp_path: Path) -> None:
    run = samples(tmp_path)
    ratios = RunningRatios(CELLS, dict.fromkeys(CELLS, REFERENCE), "elapsed_ns_per_op")
    for sample in run:
        ratios.take(sample)
    known = ratios.of(CELLS[-1])
    added = Cell("udp", "rules+backlog-8192", "assemble")
    cells = [*CELLS, added]
    ratios.set_cells(cells, dict.fromkeys(cells, REFERENCE))
    assert ratios.of(CELLS[-1]) == known
    assert ratios.of(added).ratio is None
    for sample in run:
        if sample.scenario == "rules":
            ratios.take(replace(sample, scenario=added.scenario))
    assert ratios.of(added).ratio is not None
