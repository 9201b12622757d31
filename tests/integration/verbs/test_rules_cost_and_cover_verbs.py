"""`auditbench rules cost` and `rules cover` where no guest is started: how mistakes end."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli import run_command
from harness.verbs.shared.rule_source import parsed_rules, refused_lines

RULES = "-a always,exit -F arch=b64 -S mount -k mounts\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with rule files, and no emulator on this machine."""
    for name, content in {"my": RULES, "empty": "-D\n", "other": RULES}.items():
        (tmp_path / f"{name}.rules").write_text(content)
    (tmp_path / "no.log").write_text("nothing\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["cover"], "0 rule files are given"),
        (["cover", "my.rules", "other.rules", "empty.rules"], "3 rule files are given"),
        (["cover", "missing.rules"], "missing.rules"),
        (["cover", "my.rules"], "apt-get install"),
        (["cover", "empty.rules"], "empty.rules has no rule that can be loaded"),
        (["cover", "my.rules", "empty.rules"], "apt-get install"),
        (["cover", "my.rules", "--to", "csv"], "csv"),
        (["cost", "missing.rules"], "missing.rules"),
        (["cost", "my.rules"], "apt-get install"),
        (["cost", "empty.rules"], "empty.rules has no rule that can be loaded"),
        (["cost", "my.rules", "--log", "no.log"], "no.log"),
        (["cost", "my.rules", "--log", "missing.log"], "missing.log"),
        (["cost", "my.rules", "--listen", "soon"], "--listen soon is not a time"),
        (["cost", "my.rules", "--listen", "600s"], "apt-get install"),
        (["cost", "my.rules", "--listen", "9s", "--log", "a.log"], "contradict each other"),
        (["cost", "my.rules", "--listen", "9s", "--timed"], "--listen is for counted bills"),
        (["cost", "my.rules", "--borrow"], "--borrow is about a run on this host"),
        (["cost", "my.rules", "--timed", "--blocks", "0"], "--blocks 0 is too few"),
        (["cost", "my.rules", "--timed", "--blocks", "1"], "--blocks 1 is too few for an interval"),
    ],
)
def test_a_mistake_is_one_line_and_2(
    words: list[str], expected: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["rules", *words]) == 2
    lines = [
        line for line in capsys.readouterr().err.splitlines() if line.startswith("auditbench: ")
    ]
    assert len(lines) == 1
    assert expected in lines[0]


def test_a_line_that_names_an_account_which_is_not_here_is_said_to_be_left_out(
    folder: Path,
) -> None:
    (folder / "accounts.rules").write_text(f"{RULES}-a always,exit -S mount -F uid=no-such-user\n")
    parsed = parsed_rules(folder / "accounts.rules")
    assert len(parsed.rules) == 1
    (said,) = refused_lines(parsed)
    assert said.what.startswith("1 line is refused and left out, the first is ")
    assert said.what.endswith("accounts.rules:2")
