"""Completion in a shell: verbs, options, choices and names; each shell is asked itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest
from cyclopts import App

from harness.cli import app, run_command
from tests.support.patience import PATIENCE_S
from tests.support.programs import needs, program
from tests.support.terminal import Terminal
from tests.support.verbs import VERBS

SHELLS = ("bash", "zsh", "fish")


def script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert run_command(["completion", shell]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_has_every_verb_and_the_options_of_all(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = script(shell, capsys)
    words = {word for verb in VERBS for word in verb.split()}
    assert [word for word in words if word not in text] == []
    for option in ("quiet", "color", "scenario", "consumer-path", "until-ci"):
        assert option in text


def test_another_shell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["completion", "tcsh"]) == 2
    assert "`auditbench completion --help`" in capsys.readouterr().err


KINDS = [
    ("auditbench com", {"compare", "completion"}),
    ("auditbench rules l", {"lint"}),
    ("auditbench run --until", {"--until-ci"}),
    ("auditbench show --color al", {"always"}),
    ("auditbench run --consumer auditd-l", {"auditd-laurel"}),
]
"""Each kind of word that can be completed."""
LINES = [
    *KINDS,
    ("auditbench show --qui", {"--quiet"}),
    ("auditbench plot --kind dr", {"drift"}),
    ("auditbench list pl", {"plans"}),
    ("auditbench run over", {"overhead"}),
    ("auditbench run --fallback rep", {"replay"}),
    ("auditbench run --consumer asse", {"assemble"}),
    ("auditbench run --scenario disa", {"disabled"}),
    ("auditbench gate --workload she", {"shells"}),
    ("auditbench count --workload s", {"syscalls", "shells"}),
    ("auditbench count --workload osq", set()),
    ("auditbench run --victim u", {"udp"}),
]


@pytest.fixture
def asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A folder with the command, and with the scripts as each shell looks for them."""
    command = tmp_path / "bin" / "auditbench"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -P -m harness "$@"\n')
    command.chmod(0o755)
    for shell in SHELLS:
        name = {"zsh": "_auditbench"}.get(shell, "auditbench")
        (tmp_path / shell).mkdir()
        (tmp_path / shell / name).write_text(script(shell, capsys))
    return tmp_path


@pytest.mark.parametrize("verb", ["run", "gate", "ab"])
def test_every_workload_that_is_offered_can_be_measured(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """`list workloads` also has those that are no names of loads: command, service, replay."""
    assert run_command(["__complete", verb, "--workload", ""]) == 0
    offered = {line.split("\t")[0] for line in capsys.readouterr().out.splitlines()}
    assert {"udp", "shells", "nginx"} <= offered
    assert not offered & {"command", "service", "replay"}


def test_what_completes_an_option_names_something() -> None:
    """An error of one offers nothing, without a word."""
    asked = {
        (verb, argument.name): argument.parameter.completer
        for verb in VERBS
        for argument in command_of(verb).assemble_argument_collection()
        if argument.parameter.completer is not None
    }
    assert ("run", "--victim") in asked
    assert [which for which, completer in asked.items() if not completer(Mock())] == []


def command_of(verb: str) -> App:
    command = app
    for word in verb.split():
        command = command[word]
    return command


def environment(folder: Path) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name != "XDG_CONFIG_HOME"}
    return inherited | {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "HOME": str(folder),
        "TERM": "xterm",
    }


def answer(folder: Path, *words: str) -> str:
    done = subprocess.run(
        words,
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize(("typed", "offered"), LINES)
def test_bash_completes(typed: str, offered: set[str], asked: Path) -> None:
    words = " ".join(f"'{word}'" for word in typed.split())
    question = (
        f". bash/auditbench; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); "
        f"COMP_LINE='{typed}'; COMP_POINT=${{#COMP_LINE}}; _auditbench; "
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    shown = answer(asked, program("bash"), "--norc", "-c", question)
    assert offered <= {line.strip() for line in shown.splitlines()}


@pytest.mark.parametrize(("typed", "offered"), KINDS)
def test_fish_completes(typed: str, offered: set[str], asked: Path) -> None:
    question = f"source fish/auditbench; complete -C '{typed}'"
    shown = answer(asked, program("fish"), "--no-config", "-c", question)
    assert offered <= {line.split("\t")[0] for line in shown.splitlines()}


def test_fish_offers_verbs_and_no_files(asked: Path) -> None:
    question = "source fish/auditbench; complete -C 'auditbench '"
    shown = answer(asked, program("fish"), "--no-config", "-c", question)
    assert {line.split("\t")[0] for line in shown.splitlines()} == {v.split()[0] for v in VERBS}


@needs("zsh")
@pytest.mark.parametrize(("typed", "offered"), KINDS)
def test_zsh_completes(typed: str, offered: set[str], asked: Path) -> None:
    begin = (
        f"fpath=({asked}/zsh $fpath); autoload -Uz compinit; compinit -u -D; "
        "setopt no_beep auto_list; LISTMAX=0; PS1='Ready''> '\n"
    )
    with Terminal(columns=100, lines=40) as terminal:
        shell = subprocess.Popen(
            [str(program("zsh")), "-f", "-i"],
            cwd=asked,
            env=environment(asked),
            stdin=terminal.slave,
            stdout=terminal.slave,
            stderr=terminal.slave,
            start_new_session=True,
        )
        try:
            terminal.type(begin.encode())
            assert terminal.wait_for(lambda text: text.endswith("\nReady>"), PATIENCE_S), (
                terminal.text()
            )
            # One name is written out at once; of several, the second key shows the list.
            terminal.type(f"{typed}\t\t".encode())
            done = terminal.wait_for(
                lambda text: offered <= {*text.split("\nReady>")[-1].split()}, PATIENCE_S
            )
            assert done, terminal.text()
        finally:
            shell.kill()
            shell.wait()


@pytest.mark.parametrize(
    ("typed", "name", "summary"),
    [
        ("run over", "overhead", "What audit costs: off, on"),
        ("run --scenario disa", "disabled", "Switched off again"),
        ("run --workload she", "shells", "start a shell"),
        ("run --consumer auditd-l", "auditd-laurel", "Laurel as its plugin"),
    ],
)
def test_a_name_is_offered_with_what_it_is(
    typed: str, name: str, summary: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["__complete", *typed.split()]) == 0
    offered = dict(
        line.split("\t")[:2] for line in capsys.readouterr().out.splitlines() if "\t" in line
    )
    assert summary in offered[name]
    assert [
        words for words in offered.values() if not words[0].isalpha() or "(name=" in words
    ] == []
