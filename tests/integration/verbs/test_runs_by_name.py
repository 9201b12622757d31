"""Labels, `list runs` and `remove` through the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli import run_command
from harness.errors import EXIT_FINE, EXIT_INTERRUPTED, EXIT_USAGE
from tests.support.command import assert_one_line, auditbench, auditbench_json
from tests.support.patience import PATIENCE_S
from tests.support.runs import COSTS_NS
from tests.support.stored.two_runs import write_run
from tests.support.terminal import Terminal

NAMES = (
    "2026-11-01T100000Z-overhead",
    "2026-11-02T100000Z-overhead",
    "2026-11-03T100000Z-overhead",
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with three runs, two of them labelled."""
    runs = tmp_path / "results" / "h-1"
    write_run(runs / NAMES[0], seed=1, environment={"label": "before"})
    write_run(runs / NAMES[1], seed=2, environment={"label": "after"}, costs={"rules": 1.1})
    write_run(runs / NAMES[2], seed=3, plan={"command": ["make", "all"]})
    return tmp_path


def test_labels_are_compared_and_it_is_said_which_runs_they_are(place: Path) -> None:
    done = auditbench("compare", "@before", "@after", cwd=place)
    assert done.returncode == 1, done.stderr
    assert done.stderr.splitlines() == [
        f"@before is h-1/{NAMES[0]}",
        f"@after is h-1/{NAMES[1]}",
    ]
    only = auditbench("compare", "@before:rules", "@after", cwd=place)
    assert only.returncode == 1, only.stderr


@pytest.mark.parametrize("words", [["show"], ["export", "--to", "csv"], ["report", "--to", "txt"]])
def test_a_label_names_a_run_everywhere(place: Path, words: list[str]) -> None:
    done = auditbench(words[0], "@after", *words[1:], cwd=place)
    assert done.returncode == EXIT_FINE, done.stderr
    assert f"@after is h-1/{NAMES[1]}" in done.stderr
    assert "@before is" not in done.stderr


def test_a_gate_takes_a_label_as_its_baseline(place: Path) -> None:
    done = auditbench(
        "gate", "--run", "@after", "--against", "@before", "--fail", "elapsed:5%", cwd=place
    )
    assert done.returncode == 1, done.stderr
    assert done.stderr.count("@after is") == done.stderr.count("@before is") == 1


@pytest.fixture
def alternating(tmp_path: Path) -> Path:
    """Runs of two plans in turn: the latest is like the one before the last."""
    for day, ops in enumerate((500, 1000, 500, 1000), start=1):
        write_run(
            tmp_path / "results/h-1" / f"2026-11-0{day}T100000Z-overhead",
            seed=day,
            plan={"ops": {"udp": ops}},
        )
    return tmp_path


def test_where_two_runs_are_unlike_the_last_one_that_is_like_is_named(alternating: Path) -> None:
    done = auditbench("compare", "latest~1", "latest", cwd=alternating)
    like = "the last run like h-1/2026-11-04T100000Z-overhead is latest~2;"
    assert_one_line(done, EXIT_USAGE, "operations of udp 500 → 1000", like, "--allow ops")
    assert auditbench("compare", "latest~2", "latest", cwd=alternating).returncode != EXIT_USAGE
    gate = ("gate", "--run", "latest", "--against", "latest~1", "--fail", "elapsed:5%")
    assert_one_line(auditbench(*gate, cwd=alternating), EXIT_USAGE, like)


def test_a_run_that_is_like_is_named_where_two_share_no_cell(alternating: Path) -> None:
    other = alternating / "results/h-1/2026-11-03T200000Z-other"
    write_run(other, seed=9, rename={name: f"other-{name}" for name in COSTS_NS})
    done = auditbench("compare", "latest~1", "latest", cwd=alternating)
    like = "; the last run like h-1/2026-11-04T100000Z-overhead is latest~3"
    assert_one_line(done, EXIT_USAGE, "have no cell in common", like)


def test_no_run_is_named_where_none_is_like(alternating: Path) -> None:
    done = auditbench("compare", "latest~1", "latest~2", cwd=alternating)
    assert_one_line(done, EXIT_USAGE, "are not alike")
    assert "the last run like" not in done.stderr


def test_a_history_names_the_runs_it_leaves_out_in_short(alternating: Path) -> None:
    done = auditbench("history", cwd=alternating)
    assert "--like latest~1 shows them" in " ".join(done.stdout.split())
    shown = auditbench_json("history", "--like", "latest~1", cwd=alternating)
    assert [run["name"][8:10] for run in shown["runs"]] == ["01", "03"]


def test_a_bad_label_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    done = auditbench("run", "replay", "--label", "a\x1b[31m b", cwd=tmp_path)
    assert_one_line(done, EXIT_USAGE, "cannot name a run", "letters, digits")
    assert "\x1b" not in done.stderr
    assert not (tmp_path / "results").exists()


def test_runs_are_listed_newest_first(place: Path) -> None:
    done = auditbench("list", "runs", cwd=place)
    assert done.returncode == EXIT_FINE, done.stderr
    rows = [line.split() for line in done.stdout.splitlines() if line.startswith("latest")]
    assert [row[0] for row in rows] == ["latest", "latest~1", "latest~2"]
    assert "@after" in rows[1]
    assert "@before" in rows[2]
    assert "-- make all" in done.stdout
    assert "▲ worse" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_the_list_is_a_document_too(place: Path) -> None:
    runs = auditbench_json("list", "runs", cwd=place)["runs"]
    assert [run["label"] for run in runs] == ["", "after", "before"]
    assert runs[0]["command"] == ["make", "all"]
    assert runs[2]["name"] == f"h-1/{NAMES[0]}"
    assert sum(runs[2]["verdicts"].values()) == 4
    assert runs[2]["verdicts"]["worse"] >= 1


def test_a_damaged_run_is_listed_as_such(place: Path) -> None:
    (place / "results/h-1" / NAMES[1] / "plan.toml").write_text("= {")
    done = auditbench("list", "runs", cwd=place)
    assert done.returncode == EXIT_FINE, done.stderr
    assert [line.split()[-1] for line in done.stdout.splitlines() if "latest~1" in line] == [
        "damaged"
    ]


def test_the_last_runs_only(place: Path) -> None:
    done = auditbench("list", "runs", "--last", "1", cwd=place)
    assert "latest~1" not in done.stdout
    assert "2 runs are not shown" in done.stdout
    assert_one_line(auditbench("list", "runs", "--last", "0", cwd=place), EXIT_USAGE, "--last 0")
    assert_one_line(auditbench("list", "plans", "--last", "1", cwd=place), EXIT_USAGE, "plans")


def test_removing_needs_a_terminal_or_yes(place: Path) -> None:
    refused = auditbench("remove", "@before", cwd=place)
    assert_one_line(refused, EXIT_USAGE, "--yes")
    assert (place / "results/h-1" / NAMES[0]).is_dir()
    done = auditbench("remove", "latest", "latest~1", "--yes", cwd=place)
    assert done.returncode == EXIT_FINE, done.stderr
    assert [path.name for path in (place / "results/h-1").iterdir()] == [NAMES[0]]


@pytest.mark.parametrize(("answer", "code"), [(b"y\n", EXIT_FINE), (b"\n", EXIT_INTERRUPTED)])
def test_a_terminal_is_asked(place: Path, answer: bytes, code: int) -> None:
    with Terminal() as terminal:
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "harness", "remove", "@before"],
            cwd=place,
            stdin=terminal.slave,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        assert child.stderr is not None
        os.write(terminal.master, answer)
        _, said = child.communicate(timeout=PATIENCE_S)
    assert child.returncode == code
    assert b"Remove 1 run?" in said
    assert (place / "results/h-1" / NAMES[0]).exists() is (code != EXIT_FINE)


def test_what_is_removed_is_a_document_too(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = place / "results"
    (folder / "h-1" / NAMES[2] / "notes").write_text("")
    words = ["remove", "latest", "--yes", "--json", "--results", str(folder)]
    assert run_command(words) == EXIT_FINE
    removed = json.loads(capsys.readouterr().out)["removed"]
    assert removed == [{"folder": str(folder / "h-1" / NAMES[2]), "left": ["notes"]}]
