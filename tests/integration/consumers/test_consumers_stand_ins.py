"""The stand-ins for consumers refuse what their programs would: an adapter cannot err unseen."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.consumers.catalog import CONSUMERS
from tests.support.stand_ins import make_stand_in


def answer(program: Path, *words: str) -> tuple[int, str]:
    done = subprocess.run([program, *words], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("module", "words", "reason"),
    [
        ("go_audit", ("-conf", "x"), "flag provided but not defined: -conf"),
        ("go_audit", (), "A config file must be provided"),
        ("osqueryd", ("--audit_allow=true",), "unknown command line flag 'audit_allow'"),
        ("auditbeat", ("-e", "--strict"), "unknown flag: --strict"),
    ],
)
def test_wrong_words_are_refused(
    module: str, words: tuple[str, ...], reason: str, tmp_path: Path
) -> None:
    code, said = answer(make_stand_in(tmp_path, module), *words)
    assert code != 0
    assert reason in said


@pytest.mark.parametrize(
    ("name", "module", "version"),
    [
        ("go-audit", "go_audit", "Version: 1.2.0 (a stand-in)"),
        ("osqueryd-persist", "osqueryd", "osqueryd version 5.0.0-stand-in"),
        ("auditbeat", "auditbeat", "auditbeat version 8.0.0 (a stand-in), libbeat 8.0.0"),
    ],
)
def test_an_adapter_finds_it_and_its_version(
    name: str, module: str, version: str, tmp_path: Path
) -> None:
    program = make_stand_in(tmp_path, module)
    found = CONSUMERS[name].find(program)
    assert found is not None
    assert (found.path, found.version) == (program, version)
