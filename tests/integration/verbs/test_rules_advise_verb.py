"""`auditbench rules advise` from the command line: a log in, proposals and a new file out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from harness.cli import run_command
from tests.support.patience import PATIENCE_S
from tests.support.schemas import schema

RULES = """\
-D
-a always,exit -F arch=b64 -S connect -k net
-a always,exit -F arch=b64 -S mount -k mounts
"""
EVENT = (
    "type=SYSCALL msg=audit({at}.000:{at}): arch=c000003e syscall=42 success=yes exit=0 a0=3 "
    "items=0 ppid=1 pid=2 auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 "
    'tty=(none) ses=1 comm="x" exe="{exe}" key="net"\n'
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Rules, and a log in which one program makes nine of ten events."""
    (tmp_path / "my.rules").write_text(RULES)
    programs = ["/usr/bin/noisy"] * 18 + ["/usr/bin/a", "/usr/bin/b"]
    lines = [EVENT.format(at=1000 + at, exe=exe) for at, exe in enumerate(programs)]
    (tmp_path / "audit.log").write_text("".join(lines))
    (tmp_path / "no.log").write_text("nothing\n")
    (tmp_path / "empty.rules").write_text("-D\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_new_file_excludes_the_program_that_fills_the_log(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["rules", "advise", "my.rules", "--log", "audit.log", "--write", "new.rules", "--json"]
    assert run_command(words) == 0
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, schema("advise"))
    (proposal,) = document["proposals"]
    assert (proposal["alone"]["events"], document["log"]["events"]) == (18, 20)
    assert proposal["blind"] == [
        {
            "key": "net",
            "program": "/usr/bin/noisy",
            "user": "1000",
            "events": 18,
            "rules": ["my.rules:2"],
        }
    ]
    written = (folder / "new.rules").read_text().splitlines()
    assert written[3] == "-a never,exit -F arch=b64 -S connect -F exe=/usr/bin/noisy"
    assert [line for line in written if line[0] != "#" and "noisy" not in line] == (
        RULES.splitlines()
    )
    assert (folder / "my.rules").read_text() == RULES


def test_only_the_proposals_that_are_taken_are_written(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "two.rules").write_text(RULES + RULES.splitlines()[2].replace("mount", "umount2", 1))
    words = ["rules", "advise", "two.rules", "--log", "audit.log", "--write", "new.rules"]
    assert run_command([*words, "--take", "1"]) == 0
    written = (folder / "new.rules").read_text()
    assert "exe=/usr/bin/noisy" in written
    assert "mount,umount2" not in written
    assert run_command([*words, "--take", "2", "1"]) == 0
    written = (folder / "new.rules").read_text()
    assert "exe=/usr/bin/noisy" in written
    assert "mount,umount2" in written
    assert "all together" in capsys.readouterr().out


def test_a_log_comes_from_standard_input(folder: Path) -> None:
    with (folder / "audit.log").open("rb") as log:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "harness", "rules", "advise", "my.rules", "--log=-"],
            stdin=log,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("1 proposal; ")


def test_without_an_emulator_nothing_is_counted(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(folder))
    assert run_command(["rules", "advise", "my.rules", "--log", "audit.log", "--count"]) == 2
    assert "apt-get install" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["my.rules"], "no log is named"),
        (["my.rules", "--log", "no.log"], "no.log"),
        (["missing.rules", "--log", "audit.log"], "missing.rules"),
        (["empty.rules", "--log", "audit.log"], "empty.rules has no rule that can be loaded"),
        (["my.rules", "--log", "audit.log", "--write", "./my.rules"], "is the file that is read"),
        (["my.rules", "--log", "audit.log", "--write", "no/new.rules"], "no/new.rules"),
        (["my.rules", "--log", "audit.log", "--to", "csv"], "csv"),
        (["my.rules", "--log", "audit.log", "--kernel", "6.1"], "--kernel is for counting"),
        (
            ["my.rules", "--log", "audit.log", "--timed", "--kernel", "6.1"],
            "--kernel is for counting",
        ),
        (
            ["my.rules", "--log", "audit.log", "--count", "--timed"],
            "--count and --timed contradict each other",
        ),
        (["my.rules", "--log", "audit.log", "--blocks", "2"], "--blocks is about a run on"),
        (["my.rules", "--log", "audit.log", "--count", "--borrow"], "--borrow is about a run on"),
        (
            ["my.rules", "--log", "audit.log", "--timed", "--blocks", "0"],
            "--blocks 0 is too few",
        ),
        (
            ["my.rules", "--log", "audit.log", "--timed", "--blocks", "1"],
            "--blocks 1 is too few for an interval",
        ),
        (["my.rules", "--log", "audit.log", "--take", "1"], "--take chooses what is written"),
        (
            ["my.rules", "--log", "audit.log", "--write", "new.rules", "--take", "2"],
            "there is no proposal 2 among 1",
        ),
    ],
)
def test_a_mistake_is_one_line_and_2(
    words: list[str], expected: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["rules", "advise", *words]) == 2
    said = capsys.readouterr().err.splitlines()
    lines = [line for line in said if line.startswith("auditbench: ")]
    assert len(lines) == 1
    assert expected in lines[0]
    assert (folder / "my.rules").read_text() == RULES
