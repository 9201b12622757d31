"""The one file to download: where it unpacks, and what it says where it cannot."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.callers import ATTACKER, needs_root
from tests.support.command import assert_one_line

MAKE = Path(__file__).parents[2] / "packaging/one_file.sh"
SAYS = 'echo "$0|$PEX_ROOT|$SCIE_BASE|$*"'
Make = Callable[..., Path]


@pytest.fixture
def for_root(tmp_path: Path) -> Path:
    return tmp_path / "var/cache/auditbench"


@pytest.fixture
def make(tmp_path: Path, for_root: Path) -> Make:
    """Make one file of a stand-in for what pex makes: it says where it is, and with which words."""

    def made(kind: str, python: str = sys.executable) -> Path:
        payload, output = tmp_path / "payload", tmp_path / "auditbench"
        if kind == "scie":
            payload.write_text(f"#!/bin/sh\n{SAYS}\n")
        else:
            code = (
                "import os, sys; print(sys.argv[0], os.environ['PEX_ROOT'], *sys.argv[1:], sep='|')"
            )
            with zipfile.ZipFile(payload, "w") as packed:
                packed.writestr("__main__.py", code)
        command = ["/bin/sh", str(MAKE), kind, str(payload), str(output), python]
        subprocess.run(command, env=os.environ | {"FOR_ROOT": str(for_root)}, check=True)
        return output

    return made


def start(
    program: Path, *words: str, user: int | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(program), *words],
        env={"PATH": os.environ["PATH"], **environment},
        user=user,
        capture_output=True,
        text=True,
        check=False,
    )


@needs_root
@pytest.mark.parametrize("kind", ["pex", "scie"])
def test_for_root_it_unpacks_to_a_closed_folder_of_roots(
    make: Make, for_root: Path, tmp_path: Path, kind: str
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    theirs = {"HOME": str(home), "PEX_ROOT": str(home / "p"), "SCIE_BASE": str(home / "s")}
    done = start(make(kind), "list", "two words", SUDO_UID=str(ATTACKER), **theirs)
    assert done.returncode == 0, done.stderr
    assert str(for_root) in done.stdout
    assert done.stdout.strip().endswith("two words")
    assert (for_root.stat().st_uid, for_root.stat().st_mode & 0o777) == (0, 0o700)
    assert list(home.iterdir()) == []


@needs_root
def test_the_folder_above_stays_open(make: Make, for_root: Path) -> None:
    assert start(make("scie")).returncode == 0
    assert for_root.parent.stat().st_mode & 0o777 == 0o755


@needs_root
@pytest.mark.parametrize("how", ["link", "owner", "mode"])
def test_a_folder_of_somebody_elses_is_refused(
    make: Make, for_root: Path, tmp_path: Path, how: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for_root.parent.mkdir(parents=True)
    if how == "link":
        for_root.symlink_to(elsewhere)
    else:
        for_root.mkdir(mode=0o700)
        if how == "owner":
            os.chown(for_root, ATTACKER, ATTACKER)
        else:
            for_root.chmod(0o777)
    done = start(make("scie"))
    assert_one_line(done, 4, "is not a folder that only root may enter")
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("kind", ["pex", "scie"])
def test_for_others_it_unpacks_to_their_cache(make: Make, tmp_path: Path, kind: str) -> None:
    user = ATTACKER if os.geteuid() == 0 else None
    cache = tmp_path / "cache"
    cache.mkdir()
    cache.chmod(0o777)
    for folder in (tmp_path, *tmp_path.parents[:3]):
        if folder.stat().st_uid == os.geteuid() and folder != Path(tempfile.gettempdir()):
            folder.chmod(0o755)
    done = start(make(kind, "python3"), user=user, XDG_CACHE_HOME=str(cache))
    assert done.returncode == 0, done.stderr
    assert str(cache / "auditbench") in done.stdout


def test_what_is_unpacked_is_used_again(make: Make, tmp_path: Path, for_root: Path) -> None:
    program = make("scie")
    places = {start(program, XDG_CACHE_HOME=str(tmp_path)).stdout.split("|")[0] for _ in range(2)}
    assert len(places) == 1


def test_a_file_that_came_short_is_not_run(make: Make, tmp_path: Path) -> None:
    program = make("scie")
    program.write_bytes(program.read_bytes()[:-3])
    done = start(program, XDG_CACHE_HOME=str(tmp_path))
    assert_one_line(done, 4, "cannot be unpacked")


def test_a_python_that_is_missing_is_named(make: Make, tmp_path: Path) -> None:
    done = start(make("pex", "python3.99"), XDG_CACHE_HOME=str(tmp_path))
    assert_one_line(done, 4, "python3.99 is not installed")
