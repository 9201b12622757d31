"""Surroundings that nobody works in on purpose: sizes that are none, no folder, endless paths."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.command import ROOT, assert_one_line, auditbench, in_a_shell
from tests.support.runs import made_up_run

LONG = "x" * 4000
GATE = "gate --run run --fail rules/elapsed:900%"


@pytest.mark.parametrize(
    ("variable", "size"), [("COLUMNS", "²"), ("LINES", "-1"), ("COLUMNS", "9" * 30)]
)
def test_a_size_that_is_none_is_passed_over(variable: str, size: str, tmp_path: Path) -> None:
    made_up_run(tmp_path / "run")
    named = {variable: size, "PYTHONPATH": str(ROOT)}
    done = in_a_shell(f"{{python}} -m harness {GATE}", tmp_path, **named)
    assert done.returncode == 0, done.stderr
    assert "passes" in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("show", LONG),
        ("history", "--results", "x/" * 3000),
        ("run", "--dry-run", "--results", LONG),
    ],
    ids=lambda words: " ".join(words)[:30],
)
def test_a_path_longer_than_any_is_a_mistake(words: tuple[str, ...], tmp_path: Path) -> None:
    made_up_run(tmp_path / "results" / "machine" / "run")
    done = auditbench(*words, cwd=tmp_path)
    assert_one_line(done, 2, "is longer than a path may be: give a shorter one")
    assert len(done.stderr) < 200


@pytest.mark.parametrize("words", ["run --dry-run", "rules explain ../a.rules -- true"])
def test_a_working_folder_that_was_removed(words: str, tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    (tmp_path / "a.rules").write_text("-w /etc/hosts -p wa\n")
    words = words.replace("..", str(tmp_path))
    done: subprocess.CompletedProcess[str] = in_a_shell(
        f"cd gone && rmdir ../gone && {{python}} -m harness {words}",
        tmp_path,
        PYTHONPATH=str(ROOT),
    )
    assert_one_line(done, 2, "the working folder was removed")
