"""What every verb has: how much it says, in which colours, and where runs are looked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.cli import run_command, split, verb_of
from harness.errors import EXIT_ERROR
from harness.verbs.shared.output import err, out
from harness.verbs.shared.progress import can_draw, make_observer
from harness.verbs.shared.terminal import Terminal, choose
from tests.support.stored.altered_runs import altered_run

ESCAPE = "\x1b["
RUN_HEADLINE = "against the reference"


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("NO_COLOR", "FORCE_COLOR", "AUDITBENCH_RESULTS", "TERM"):
        monkeypatch.delenv(name, raising=False)
    yield
    choose(Terminal())


@pytest.mark.parametrize(
    "words",
    [
        ["-q", "--color", "never", "show", "latest", "--json"],
        ["show", "-q", "latest", "--json", "--color=never"],
        ["show", "latest", "--json", "--color", "never", "--quiet"],
    ],
)
def test_options_of_all_verbs_may_stand_before_and_behind_the_verb(words: list[str]) -> None:
    ours, terminal = split(words)
    assert ours == ["show", "latest", "--json"]
    assert terminal == Terminal(quiet=True, color="never")
    assert verb_of(words) == "show"


def test_a_verb_of_two_words_is_found_behind_options() -> None:
    assert verb_of(["--color", "always", "rules", "lint", "x"]) == "rules lint"
    assert verb_of(["frob", "show"]) == ""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    altered_run(folder / "machine" / "20261101T000000Z-overhead")
    return folder


def shown(results: Path, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert run_command(["show", "--results", str(results), *words]) == 0
    return capsys.readouterr().out


def test_colour_only_where_it_is_wanted(
    results: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ESCAPE not in shown(results, capsys)
    assert ESCAPE in shown(results, capsys, "--color", "always")
    monkeypatch.setenv("NO_COLOR", "1")
    assert ESCAPE in shown(results, capsys, "--color", "always")
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert ESCAPE not in shown(results, capsys, "--color", "never")


@pytest.mark.parametrize("words", [["--help"], ["run", "-h"]])
def test_help_has_colour_only_where_it_is_wanted(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command([*words, "--color", "always"]) == 0
    assert ESCAPE in capsys.readouterr().out
    assert run_command([*words, "--color", "never"]) == 0
    assert ESCAPE not in capsys.readouterr().out


def test_quiet_prints_the_result_and_no_notes(capsys: pytest.CaptureFixture[str]) -> None:
    choose(Terminal(quiet=True))
    err().print("a note")
    out().print("the result")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("the result\n", "")
    observer = make_observer(err())
    observer.begin(3)
    assert capsys.readouterr().err == ""


def test_errors_are_told_in_spite_of_quiet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["-q", "show", "--results", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("auditbench: no run under ")


def test_without_colour_nothing_is_drawn_over() -> None:
    console = err()
    choose(Terminal(color="never"))
    assert not can_draw(console)


def test_verbose_prints_the_traceback_of_an_error_of_this_program(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("unexpected")

    monkeypatch.setattr("harness.store.find_run", fails)
    assert run_command(["show"]) == EXIT_ERROR
    assert "Traceback" not in capsys.readouterr().err
    assert run_command(["show", "-v"]) == EXIT_ERROR
    assert "Traceback" in capsys.readouterr().err


def test_the_environment_names_the_folder_of_runs(
    results: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AUDITBENCH_RESULTS", str(results))
    assert run_command(["show"]) == 0
    assert RUN_HEADLINE in capsys.readouterr().out
    assert run_command(["show", "--results", str(tmp_path)]) == 2
    assert f"no run under {tmp_path}" in capsys.readouterr().err.replace("\n", "")


def test_an_empty_name_of_the_folder_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AUDITBENCH_RESULTS", "")
    assert run_command(["show"]) == 2
    assert "no run under results" in capsys.readouterr().err
