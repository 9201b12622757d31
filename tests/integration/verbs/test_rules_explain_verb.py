"""`auditbench rules explain` as a user calls it: events, a command, forms, exit codes."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness.cli import run_command
from tests.support.callers import ATTACKER, home, needs_root, sudo_environment
from tests.support.patience import PATIENCE_S
from tests.support.programs import needs
from tests.support.records.explained_events import NAME, call_line, cwd_line, path_line
from tests.support.schemas import schema
from tests.support.waiting import wait_until

__all__ = ["home"]

RULES = """\
-D
-a never,exit -F arch=b64 -S openat -F exe=/usr/bin/dash -F a2=1
-w /etc/shadow -p wa -k shadow
-w /etc/passwd -p wa -k identity
-a always,exit -F arch=b64 -S execve -k exec
-a always,exit -F arch=b64 -S mkdir -F dir=@ -k made
"""
EVENT = "\n".join(
    (call_line(key="identity", items=1, a2=1), cwd_line(), path_line(0, "/etc/passwd"))
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "my.rules").write_text(RULES.replace("@", str(tmp_path)))
    (tmp_path / "event.log").write_text(EVENT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def explain(*words: object, feed: str = "", **options: Any) -> subprocess.CompletedProcess[str]:
    """Run it as a process of its own, fed with an event."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "harness", "rules", "explain", *map(str, words)],
        **{"input": feed, "capture_output": True, "text": True} | options,
        timeout=PATIENCE_S,
        check=False,
    )


def document(output: str) -> dict[str, Any]:
    """The document, which follows its schema."""
    found: dict[str, Any] = json.loads(output)
    jsonschema.validate(found, schema("explain"))
    return found


def test_the_first_line_is_the_answer(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["rules", "explain", "my.rules", "--event", "event.log"]) == 0
    first, key, *rest = capsys.readouterr().out.splitlines()
    assert first == (
        f"event {NAME} was written by line 4 of my.rules (-w /etc/passwd -p wa -k identity)"
    )
    assert key == "Its key is identity."
    shown = [" ".join(line.split()) for line in rest]
    assert "my.rules:2 cannot be told exe=/usr/bin/dash; it did not exclude the event" in shown
    assert "my.rules:3 did not match path=/etc/shadow" in shown


def test_events_come_from_standard_input(folder: Path) -> None:
    done = explain("my.rules", feed=EVENT)
    assert (done.returncode, done.stderr) == (0, "")
    assert "line 4 of my.rules" in done.stdout


def test_each_event_has_its_answer(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = call_line(key="unheard").replace(":456", ":457")
    (folder / "event.log").write_text(f"{EVENT}\n{other}\nrubbish\n")
    assert run_command(["rules", "explain", "my.rules", "--event", "event.log", "--json"]) == 0
    found = document(capsys.readouterr().out)
    assert [each["verdict"] for each in found["events"]] == ["rule", "none"]
    assert found["events"][1]["sentence"].endswith("by none of these rules: no rule has its key")
    assert found["cautions"] == [
        "1 line is no audit record and left out: give all lines of the event"
    ]


def test_a_blank_line_ends_the_table_of_each_event(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "event.log").write_text(f"{EVENT}\n{EVENT.replace(':456', ':457')}\n")
    assert run_command(["rules", "explain", "my.rules", "--event", "event.log"]) == 0
    first, second = capsys.readouterr().out.split("\n\n")
    for lines in (first, second):
        assert lines.startswith("event ")
        assert lines.splitlines()[1] == "Its key is identity."


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        (call_line(key="shadow", items=1, a2=1), "contradiction"),
        (path_line(0, "/etc/passwd"), "unknown"),
    ],
)
def test_what_is_not_explained_ends_with_3(
    line: str, verdict: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "event.log").write_text(f"{line}\n{path_line(0, '/etc/passwd')}\n")
    assert run_command(["rules", "explain", "my.rules", "--event", "event.log", "--json"]) == 3
    found = document(capsys.readouterr().out)
    assert ([each["verdict"] for each in found["events"]], found["explained"]) == ([verdict], False)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("none.rules", "--event", "event.log"), "none.rules"),
        (("my.rules", "--event", "none.log"), "none.log"),
        (("my.rules", "--event", "my.rules"), "they look like rules"),
        (("my.rules", "--event", "my.rules"), "name a log, such as /var/log/audit/audit.log"),
        (("my.rules", "--event", "huge.log"), "the kernel writes at most 8,970"),
        (("no.rules", "--event", "event.log"), "no.rules has no rule that can be loaded"),
        (("my.rules", "--event", "."), "regular file"),
        (("my.rules", "--event", "event.log", "--", "true"), "--event"),
        (("my.rules", "--elsewhere", "--", "true"), "--elsewhere"),
        (("my.rules", "--", "no-such-command"), "no-such-command"),
        (("my.rules", "--", ""), "''"),
    ],
)
def test_mistakes_are_one_line_and_2(
    words: tuple[str, ...], said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "no.rules").write_text("-D\n")
    # Its key would lie behind what is read of a record.
    huge = f'type=SYSCALL msg=audit(1700000000.100:1): comm="{"a" * 20_000}" key="id"'
    (folder / "huge.log").write_text(f"{huge}\n")
    assert run_command(["rules", "explain", *words]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


def test_what_auditd_before_2_5_wrote_of_itself_is_an_event(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = "type=DAEMON_CONFIG msg=audit(1490239800.477:34) config changed, auid=0 res=success"
    (folder / "old.log").write_text(f"{line}\n")
    assert run_command(["rules", "explain", "my.rules", "--event", "old.log", "--json"]) == 0
    (event,) = document(capsys.readouterr().out)["events"]
    assert event["event"] == "1490239800.477:34"


def test_without_an_event_it_says_how_to_give_one(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal())
    assert run_command(["rules", "explain", "my.rules"]) == 2
    assert "--event FILE" in capsys.readouterr().err


def test_a_bad_line_of_the_rules_is_said_and_left_out(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (folder / "my.rules").open("a") as file:
        file.write("-a always,exit -S opne\n")
    assert run_command(["rules", "explain", "my.rules", "--event", "event.log", "--json"]) == 0
    assert "my.rules:7" in document(capsys.readouterr().out)["cautions"][0]


def test_what_others_chose_is_fit_for_a_terminal_and_a_page(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "event.log").write_text(call_line().replace("key=(null)", "key=1B5B33316D3C623E"))
    words = ["rules", "explain", "my.rules", "--event", "event.log"]
    run_command(words)
    run_command([*words, "--to", "md"])
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "Its key is \\x1b[31m<b>." in shown
    assert "\\<b\\>" in shown or "&lt;b&gt;" in shown


@needs("strace")
def test_the_calls_of_a_command_are_counted_by_rule(folder: Path) -> None:
    done = explain("my.rules", "--json", "--", "sh", "-c", "echo said; mkdir made; exit 7")
    assert done.returncode == 0, done.stderr
    assert "said" in done.stderr
    found = document(done.stdout)["command"]
    counts = {
        rule["line"]: {each["syscall"]: each["count"] for each in rule["calls"]}
        for rule in found["rules"]
    }
    assert counts == {5: {"execve": 2}, 6: {"mkdir": 1}}
    assert (found["exit_status"], found["recorded"], found["open"]) == (7, 3, [])
    assert found["calls"] == 3 + sum(each["count"] for each in found["none"])
    assert (folder / "made").is_dir()


@needs("strace")
def test_exclusions_and_open_conditions_of_a_command_are_said(folder: Path) -> None:
    (folder / "more.rules").write_text(
        "-a never,exit -F arch=b64 -S execve -F a0=0\n"
        "-a always,exit -F arch=b64 -S openat,close -F subj_type=x -k label\n"
        "-a never,exit -F arch=b64 -S close\n"
        "-a always,exit -F arch=b64 -S execve -k exec\n"
        "-a never,exclude -F msgtype=SYSCALL -F uid=4242\n"
    )
    done = explain("more.rules", "--", "cat", "/dev/null")
    assert done.returncode == 3, done.stderr
    assert "it cannot be told" in done.stdout
    assert "more.rules:2 or more.rules:3" in done.stdout
    assert "subj_type=x" in done.stdout


@needs("strace")
def test_a_command_that_a_signal_ends_has_its_status(folder: Path) -> None:
    done = explain("my.rules", "--json", "--", "sh", "-c", "kill -9 $$")
    found = document(done.stdout)["command"]
    assert found["exit_status"] == -9


@needs_root
@needs("strace")
def test_under_sudo_the_command_runs_as_the_caller(folder: Path, home: Path) -> None:
    (home / "my.rules").write_text(RULES)
    done = explain(
        "my.rules", "--json", "--", "sh", "-c", "id -u; echo mine > made; id -G",
        cwd=home, env=sudo_environment(),
    )  # fmt: skip
    assert done.returncode in (0, 3), done.stderr
    assert done.stderr.splitlines()[0] == str(ATTACKER)
    assert "0" not in done.stderr.split()
    assert (home / "made").stat().st_uid == ATTACKER


@needs("strace")
def test_interrupted_it_ends_the_command(folder: Path) -> None:
    words = ["sh", "-c", "echo $$ > pid.new; mv pid.new pid; exec sleep 3600"]
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "harness", "rules", "explain", "my.rules", "--", *words],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        wait_until((folder / "pid").exists, "the command has begun")
        command = Path("/proc") / (folder / "pid").read_text().strip()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, "stopped" in errors) == (5, True)
    wait_until(lambda: not command.exists(), "the command is gone")
