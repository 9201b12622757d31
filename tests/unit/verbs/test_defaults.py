"""Defaults of options from a file: where it is found, what it may say, and who is believed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.cli import GROUPS, app, run_command, with_defaults
from harness.errors import EXIT_USAGE, UsageError
from harness.files import owned
from harness.files.caller import Caller
from harness.run.request import Conduct, Load
from harness.verbs.shared.defaults import find_defaults, report_defaults
from harness.verbs.shared.terminal import Terminal, choose
from tests.support.command import ROOT

TABLES = """
results = "runs"
blocks = 8
[run]
fast = true
margin = ["3%", "p99=5%"]
consumer-path = { go-audit = "bin/go-audit" }
[gate]
fail = ["elapsed:5%"]
"""


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("AUDITBENCH_RESULTS", raising=False)
    yield
    app.config = None
    choose(Terminal())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder two below that of the file."""
    within = tmp_path / "a" / "b"
    within.mkdir(parents=True)
    monkeypatch.chdir(within)
    return tmp_path


def given(*words: str) -> dict[str, Any]:
    """What a verb is called with."""
    ours, _ = with_defaults(words)
    _, bound, _ = app.parse_args(ours, exit_on_error=False, print_error=False)
    return dict(bound.arguments)


def test_the_file_fills_in_what_was_not_typed(folder: Path) -> None:
    (folder / "auditbench.toml").write_text(TABLES)
    found = given("run", "pressure")
    assert found["load"] == Load(
        blocks=8,
        fast=True,
        margins=("3%", "p99=5%"),
        consumer_paths={"go-audit": folder / "bin/go-audit"},
    )
    assert found["conduct"].results == folder / "runs"
    assert given("show")["results"] == folder / "runs"
    assert given("gate")["fail"] == ("elapsed:5%",)
    assert given("gate")["load"] == Load(blocks=8)


@pytest.mark.parametrize("verb", ["run", "gate", "rules lint", "show"])
def test_the_example_of_the_page_is_understood(verb: str, folder: Path) -> None:
    page = (ROOT / "docs/command-line.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```toml\n(.*?)```", page, re.S)
    (folder / "auditbench.toml").write_text(text)
    found = given(*verb.split())
    assert verb != "gate" or found["fail"] == ("elapsed:50%", "lost:0")
    assert verb != "rules lint" or found == {"fail_on": "warning"}


def test_pyproject_will_do_and_the_nearest_file_is_taken(folder: Path) -> None:
    (folder / "pyproject.toml").write_text("[tool.auditbench.run]\nblocks = 3\n")
    assert given("run")["load"].blocks == 3
    (folder / "a/pyproject.toml").write_text("[project]\nname = 'auditbench'\n[tool.other]\n")
    assert given("run")["load"].blocks == 3
    (folder / "a/auditbench.toml").write_text("blocks = 4\n")
    assert given("run")["load"].blocks == 4


def test_the_command_line_beats_the_environment_and_that_the_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "auditbench.toml").write_text(TABLES)
    monkeypatch.setenv("AUDITBENCH_RESULTS", "/of/environment")
    assert given("show")["results"] == Path("/of/environment")
    assert given("show", "--results", "/typed")["results"] == Path("/typed")
    assert given("run", "--blocks", "3")["load"].blocks == 3
    assert given("run", "--rigorous")["load"].fast is False
    monkeypatch.delenv("AUDITBENCH_RESULTS")
    assert given("show")["results"] == folder / "runs"
    assert given("show", "--config", "none") == {}


def test_the_file_may_say_how_to_speak(folder: Path) -> None:
    (folder / "auditbench.toml").write_text('color = "never"\nverbose = true\n')
    assert with_defaults(["show"])[1] == Terminal(color="never", verbose=True)
    assert with_defaults(["-q", "show"])[1] == Terminal(color="never", quiet=True)


def test_a_stored_run_is_judged_as_it_is(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "auditbench.toml").write_text(f"label = 'nightly'\ncpus = 'none'\n{TABLES}")
    assert run_command(["gate", "--run", "latest"]) == EXIT_USAGE
    assert "no run under" in capsys.readouterr().err
    found = given("gate", "--run", "latest")
    assert found["conduct"] == replace(Conduct(results=folder / "runs"), argv=found["conduct"].argv)
    assert given("gate")["conduct"].label == "nightly"


def test_a_run_stores_the_defaults_as_if_they_were_typed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "auditbench.toml").write_text("[run]\nblocks = 3\nfast = true\n")
    choose(Terminal(verbose=True))
    found = given("run")
    found["conduct"] = Conduct(argv=("auditbench", "run", "--", "true"))
    verb, _, _ = app.parse_args(["run"], exit_on_error=False, print_error=False)
    (defaults,) = app.config
    report_defaults(defaults, verb, found, ["true"])
    assert found["conduct"].argv == ("auditbench", "run", "--blocks=3", "--fast", "--", "true")
    said = capsys.readouterr().err
    assert f"defaults from {folder / 'auditbench.toml'}: --blocks=3 --fast" in said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("blokcs = 3", "'blokcs' in the file is no option: did you mean blocks?"),
        ("[runn]\nblocks = 3", "is no verb: did you mean run? `auditbench --help` lists them"),
        ("[rules.lnt]\nelsewhere = true", "'rules lnt' in the file is no verb"),
        ("[blocks]\nrun = 3", "'blocks' in the file is no verb"),
        ("[run]\nlabl = 'x'", "'labl' in [run] is no option: did you mean label?"),
        ("[run]\nconfig = 'x'", "'config' in [run] is no option"),
        (
            "[run]\nblocks = 'many'",
            "blocks 'many' in {file} is not a whole number. `auditbench run",
        ),
        ("[run]\nfast = 3", "Invalid value for [fast] from {file}"),
        ("[run]\nblocks = [3, 4]", "blocks '[3, 4]' in {file} is not a whole number"),
        ("[run]\nlabel = 2020-01-01", "label is neither text nor a number"),
        ("[run", "{file} is not TOML: Expected ']'"),
        ("a = " + "[" * 5000, "{file} is not TOML"),
        ('results = "a\\u0000b"', "holds a null character"),
        ('[run]\nto = ["json=a\\u0000b"]', "holds a null character"),
        ('[run]\n"a\\u0000b" = 1', "holds a null character"),
    ],
)
def test_a_mistake_in_the_file_is_one_line(
    folder: Path, text: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = folder / "auditbench.toml"
    file.write_text(text)
    assert run_command(["run", "nothing"]) == EXIT_USAGE
    said = capsys.readouterr().err
    assert words.format(file=file) in said
    assert len(said.splitlines()) == 1


def test_a_named_file_that_is_not_there_is_told_without_an_error_number(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["run", "--config", "absent.toml"]) == EXIT_USAGE
    said = capsys.readouterr().err
    assert "--config absent.toml cannot be read (No such file or directory): name" in said


def test_bytes_that_are_no_text_are_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "auditbench.toml").write_bytes(b"results = '\xff'\n")
    assert run_command(["show"]) == EXIT_USAGE
    assert "is not TOML" in capsys.readouterr().err


def test_an_option_of_another_verb_may_stand_at_the_top(folder: Path) -> None:
    (folder / "auditbench.toml").write_text("fail-on = 'warning'\nblocks = 3\n")
    assert given("show") == {}


@pytest.mark.parametrize("words", [["restore", "--json"], ["completion", "bash"]])
def test_what_gives_the_host_back_reads_no_file(words: list[str], folder: Path) -> None:
    (folder / "auditbench.toml").write_text("[")
    assert with_defaults(words)[0] == words


@pytest.mark.parametrize("words", [["--help"], ["help", "run"], ["run", "-h"], ["--version"]])
def test_help_is_there_in_spite_of_a_bad_file(
    words: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "auditbench.toml").write_text("[")
    assert run_command(words) == 0
    assert capsys.readouterr().err == ""


def test_verbs_without_defaults_are_verbs() -> None:
    assert {"restore", "completion"} <= {verb for verbs in GROUPS.values() for verb in verbs}


def as_user(monkeypatch: pytest.MonkeyPatch, uid: int) -> None:
    monkeypatch.setattr(owned.os, "geteuid", lambda: uid)


@pytest.mark.parametrize(
    ("mode", "uid", "owner", "doubt"),
    [
        (0o644, 0, 0, ""),
        (0o664, 0, 0, "others may write to it"),
        (0o646, 0, 0, "others may write to it"),
        (0o664, 1000, 1000, ""),
        (0o646, 1000, 1000, "others may write to it"),
        (0o644, 1000, 0, ""),
        (0o644, 0, 1000, "it belongs to user 1000"),
        (0o644, 1001, 1000, "it belongs to user 1000"),
    ],
)
def test_a_file_that_others_may_decide_on_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, mode: int, uid: int, owner: int, doubt: str
) -> None:
    file = folder / "auditbench.toml"
    file.write_text("blocks = 3\n")
    monkeypatch.setattr(owned, "caller", lambda: None)
    as_user(monkeypatch, uid)
    real = os.fstat

    def owned_by(descriptor: int) -> os.stat_result:
        values = list(real(descriptor))
        values[0], values[4] = (values[0] & ~0o777) | mode, owner
        return os.stat_result(values)

    monkeypatch.setattr(owned.os, "fstat", owned_by)
    read = owned.read_owned(file)
    assert read is not None
    assert read == (b"blocks = 3\n", doubt)
    if doubt:
        with pytest.raises(UsageError, match=f"is not read: {doubt}: make it yours"):
            find_defaults(None)
        assert find_defaults("none") is None
        named = find_defaults(str(file))
        assert named is not None
        assert named.table == {"blocks": 3}


def test_the_file_of_the_user_who_called_sudo_is_believed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "auditbench.toml").write_text("blocks = 3\n")
    os.chown(folder / "auditbench.toml", os.geteuid(), os.getegid())
    as_user(monkeypatch, 0)
    for uid, doubt in ((1000, ""), (1001, "it belongs to user 1000")):
        asked = Caller(uid, uid, (uid,), "user", "/")
        monkeypatch.setattr(owned, "caller", lambda asked=asked: asked)
        about = os.stat_result((0o100644, 1, 1, 1, 1000, 1000, 0, 0, 0, 0))
        assert owned._doubt(about) == doubt


def test_another_users_pyproject_without_our_table_is_no_matter(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owned, "_doubt", lambda _: "it belongs to user 1000")
    (folder / "pyproject.toml").write_text("[project]\nname = 'auditbench'\n")
    assert find_defaults(None) is None


def test_a_folder_that_is_gone_has_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert run_command(["list", "plans"]) == 0
    assert "overhead" in capsys.readouterr().out


@pytest.mark.parametrize("is_seen", [True, False])
def test_a_folder_that_may_not_be_searched_is_passed_over(
    folder: Path, monkeypatch: pytest.MonkeyPatch, is_seen: bool
) -> None:
    def denied(path: Path) -> int:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(owned, "open_to_read", denied)
    monkeypatch.setattr(owned, "exists", lambda _: is_seen)
    if is_seen:
        with pytest.raises(UsageError, match=r"cannot be read \(Permission denied"):
            find_defaults(None)
    else:
        assert find_defaults(None) is None


def test_what_is_no_file_is_refused_and_never_waited_for(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(folder / "auditbench.toml")
    assert run_command(["show"]) == EXIT_USAGE
    assert "cannot be read (it is not a regular file)" in capsys.readouterr().err


def test_a_file_that_is_named_must_be_there_and_be_ours(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["show", "--config", "nowhere.toml"]) == EXIT_USAGE
    assert "--config nowhere.toml cannot be read" in capsys.readouterr().err
    (folder / "pyproject.toml").write_text("[tool.other]\n")
    assert run_command(["show", "--config", str(folder / "pyproject.toml")]) == EXIT_USAGE
    assert "has no [tool.auditbench]" in capsys.readouterr().err
