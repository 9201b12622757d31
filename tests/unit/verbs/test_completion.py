"""Completion in a shell: verbs, options, choices and names; bash is asked itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli import run_command
from tests.support.patience import PATIENCE_S
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


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("auditbench com", {"compare", "completion"}),
        ("auditbench rules l", {"lint"}),
        ("auditbench run --until", {"--until-ci"}),
        ("auditbench show --qui", {"--quiet"}),
        ("auditbench show --color al", {"always"}),
        ("auditbench plot --kind dr", {"drift"}),
        ("auditbench list pl", {"plans"}),
        ("auditbench run over", {"overhead"}),
        ("auditbench run --fallback rep", {"replay"}),
        ("auditbench run --consumer asse", {"assemble"}),
        ("auditbench run --scenario disa", {"disabled"}),
        ("auditbench gate --workload she", {"shells"}),
    ],
)
def test_bash_completes(
    typed: str, offered: set[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "auditbench"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -P -m harness "$@"\n')
    program.chmod(0o755)
    (tmp_path / "completion.bash").write_text(script("bash", capsys))
    words = " ".join(f"'{word}'" for word in typed.split())
    asked = (
        f". ./completion.bash; COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); "
        f"COMP_LINE='{typed}'; COMP_POINT=${{#COMP_LINE}}; _auditbench; "
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", asked],
        cwd=tmp_path,
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert offered <= {line.strip() for line in done.stdout.splitlines()}, done.stderr
