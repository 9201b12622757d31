"""Root's temporary files are never where another user can exchange what is in a folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.callers import ATTACKER, needs_root
from tests.support.loads import run_load
from workloads.running.temporary import is_open, pass_over_open_place

MINE = os.geteuid()


def test_a_folder_is_open_where_others_may_exchange_it_or_what_is_in_it(tmp_path: Path) -> None:
    inner = tmp_path / "above" / "inner"
    inner.mkdir(parents=True)
    assert not is_open(str(inner), MINE)
    if MINE:
        assert is_open(str(inner))
    inner.parent.chmod(0o777)
    assert is_open(str(inner), MINE)
    inner.parent.chmod(0o1777)
    assert not is_open(str(inner), MINE)
    inner.chmod(0o770)
    assert is_open(str(inner), MINE)


def test_one_that_is_not_there_is_left_to_fail(tmp_path: Path) -> None:
    assert not is_open(str(tmp_path / "gone"), MINE)


@needs_root
def test_root_passes_over_the_place_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    (theirs / "inner").mkdir(parents=True)
    ours.mkdir()
    (theirs / "link").symlink_to(ours)
    os.chown(theirs, ATTACKER, ATTACKER)
    for place, kept in (
        (theirs, None),
        (theirs / "inner", None),
        (ours, str(ours)),
        (theirs / "link", str(ours)),
    ):
        monkeypatch.setenv("TMPDIR", str(place))
        pass_over_open_place()
        assert os.environ.get("TMPDIR") == kept
    assert list(ours.iterdir()) == []


@needs_root
def test_so_does_the_command_line(tmp_path: Path) -> None:
    os.chown(tmp_path, ATTACKER, ATTACKER)
    script = (
        "import os, sys\nfrom harness.cli import main\n"
        "sys.argv = ['auditbench', '--version']\n"
        "try:\n    main()\nfinally:\n    print(os.environ.get('TMPDIR'))\n"
    )
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    said = subprocess.check_output([sys.executable, "-c", script], env=environment, text=True)
    assert said.splitlines()[-1] == "None"


@needs_root
def test_the_load_of_files_is_not_made_in_the_place_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert run_load("files", "--ops", 3)["details"]["directory"].startswith(str(tmp_path))
    os.chown(tmp_path, ATTACKER, ATTACKER)
    assert run_load("files", "--ops", 3)["details"]["directory"].startswith("/tmp/auditbench")
