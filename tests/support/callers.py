"""Being root on behalf of a user without rights, and being that user: for tests that are root."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.patience import PATIENCE_S

ATTACKER = 65534
"""The user who called sudo, and whose programs try to get more out of it."""

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for being called by sudo")

PROGRAM = [sys.executable, "-P", "-m", "harness"]


def sudo_environment(user: int = ATTACKER, command: str = "") -> dict[str, str]:
    """The environment as sudo makes it for a command that the user calls."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("SUDO_")}
    named = {"SUDO_COMMAND": command} if command else {}
    return {**ours, "SUDO_UID": str(user), "SUDO_GID": str(user), **named}


def sudo_auditbench(
    *words: object, cwd: Path, timeout_s: float = PATIENCE_S, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run one command line as `sudo auditbench …` does, called by the attacker."""
    return subprocess.run(
        [*PROGRAM, *map(str, words)],
        cwd=cwd,
        env=sudo_environment() | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def as_attacker(do: Callable[[], object]) -> None:
    """Do something in a child that is the attacker and nobody else."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setgroups([])
            os.setresgid(ATTACKER, ATTACKER, ATTACKER)
            os.setresuid(ATTACKER, ATTACKER, ATTACKER)
            do()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0, "the attacker could not even do that"


def owner_of(path: Path) -> int:
    """Who owns what stands at a path, a link itself included."""
    return path.lstat().st_uid


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder of the attacker's, in one of root's that everybody may look into."""
    ground = Path(tempfile.mkdtemp(prefix="callers-"))
    ground.chmod(0o755)
    place = ground / "home"
    place.mkdir()
    os.chown(place, ATTACKER, ATTACKER)
    yield place
    shutil.rmtree(ground)


@pytest.fixture
def by_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    """This very process was called through sudo."""
    monkeypatch.delenv("SUDO_COMMAND", raising=False)
    monkeypatch.setenv("SUDO_UID", str(ATTACKER))
    monkeypatch.setenv("SUDO_GID", str(ATTACKER))


@pytest.fixture
def by_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """This very process was called by root, without sudo."""
    for name in ("SUDO_UID", "SUDO_GID", "SUDO_COMMAND"):
        monkeypatch.delenv(name, raising=False)
