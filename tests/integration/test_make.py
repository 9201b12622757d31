"""`make install`, `make uninstall` and the end of `make bench`: what they leave and what they say.

`make` itself is run on a stand-in for the environment, so that nothing is built or measured.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli import app
from tests.support.callers import ATTACKER, home, needs_root
from tests.support.command import ROOT, assert_one_line

__all__ = ["home"]

LINK, NEXT = ROOT / "requirements/link_command.py", ROOT / "requirements/next.sh"
needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")


@pytest.fixture
def command(tmp_path: Path) -> Path:
    """A program that the link leads to."""
    path = tmp_path / "checkout/.venv/bin/auditbench"
    path.parent.mkdir(parents=True)
    path.write_text("#!/bin/sh\necho it runs\n")
    path.chmod(0o755)
    return path


def link(verb: str, command: Path, prefix: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, LINK, verb, command, prefix],
        env=os.environ | more,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_command_is_installed_and_removed(command: Path, tmp_path: Path) -> None:
    prefix = tmp_path / "prefix"
    done = link("install", command, prefix)
    assert (done.returncode, done.stderr) == (0, "")
    here = prefix / "bin/auditbench"
    assert str(here) in done.stdout
    assert f'export PATH="{prefix}/bin:$PATH"' in done.stdout
    path = f"{prefix / 'bin'}:{os.environ['PATH']}"
    started = subprocess.run(
        ["/bin/sh", "-c", "auditbench"], env={"PATH": path}, capture_output=True, check=True
    )
    assert started.stdout == b"it runs\n"
    assert link("install", command, prefix, PATH=path).stdout.count("\n") == 1
    assert link("uninstall", command, prefix).returncode == 0
    assert not here.is_symlink()
    again = link("uninstall", command, prefix)
    assert (again.returncode, again.stderr) == (0, "")
    assert "nothing to remove" in again.stdout


@pytest.mark.parametrize("kind", ["file", "link", "folder"])
@pytest.mark.parametrize("verb", ["install", "uninstall"])
def test_what_has_the_name_already_is_left_alone(
    verb: str, kind: str, command: Path, tmp_path: Path
) -> None:
    here, victim = tmp_path / "prefix/bin/auditbench", tmp_path / "victim"
    here.parent.mkdir(parents=True)
    victim.write_text("untouched")
    match kind:
        case "file":
            here.write_text("mine")
        case "link":
            here.symlink_to(victim)
        case _:
            here.mkdir()
    done = link(verb, command, tmp_path / "prefix")
    assert_one_line(done, 2)
    assert "PREFIX=" in done.stderr
    assert victim.read_text() == "untouched"
    assert {"file": here.is_file, "link": here.is_symlink}.get(kind, here.is_dir)()
    assert kind != "folder" or list(here.iterdir()) == []


def test_a_place_that_cannot_be_used_is_told_in_one_line(command: Path, tmp_path: Path) -> None:
    (tmp_path / "prefix").write_text("a file")
    done = link("install", command, tmp_path / "prefix")
    assert_one_line(done, 2)


@needs_root
@pytest.mark.parametrize("place", ["link", "folder", "below"])
def test_root_makes_nothing_in_the_reach_of_others(
    place: str, command: Path, home: Path, tmp_path: Path
) -> None:
    """Also through sudo, which names the caller, and with a link to where root may write."""
    target = tmp_path / "etc"
    target.mkdir()
    prefix = home / "prefix"
    match place:
        case "link":
            # In a folder of root's, which others cannot change any more.
            prefix = home.parent / "prefix"
            prefix.symlink_to(target)
            os.lchown(prefix, ATTACKER, ATTACKER)
        case "folder":
            (prefix / "bin").mkdir(parents=True)
            os.chown(prefix / "bin", ATTACKER, ATTACKER)
    for more in ({}, {"SUDO_UID": str(ATTACKER), "SUDO_GID": str(ATTACKER)}):
        done = link("install", command, prefix, **more)
        assert_one_line(done, 2)
        assert list(target.iterdir()) == []
        assert not (prefix / "bin/auditbench").is_symlink()
        assert place != "below" or not prefix.exists()


@needs_root
def test_root_installs_where_sudo_looks() -> None:
    code = f"import sys; sys.path.insert(0, {str(LINK.parent)!r}); import link_command as it"
    code += "; print(it.folder_of(''))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "/usr/local/bin\n"


def next_lines(*options: str, cwd: Path = ROOT, **more: str) -> list[str]:
    """The commands that end `make bench`."""
    shown = subprocess.run(
        ["/bin/sh", NEXT, ".venv/bin", *options],
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "PWD": str(cwd)} | more,
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stderr == ""
    return shown.stdout.splitlines()


def test_the_next_commands_can_be_typed_there(tmp_path: Path) -> None:
    results = tmp_path / "it's here"
    options = ("--fast", "--results", str(results), "--borrow", "--", "true", "--results", "no")
    _, heading, *lines = next_lines(*options)
    assert heading == f"Next, in {ROOT}:"
    assert len(lines) == 3
    for line in lines:
        words = shlex.split(line.removeprefix("    ").removeprefix("sudo "))
        assert words[0] == ".venv/bin/auditbench"
        app.parse_args(words[1:], exit_on_error=False, print_error=False)
        assert words[words.index("--results") + 1] == str(results)
        assert all((ROOT / word).is_file() for word in words if word.endswith(".rules"))
    assert "--borrow" in lines[2]
    assert "--results" not in next_lines()[2]


def test_root_is_asked_for_where_it_is_needed(tmp_path: Path) -> None:
    (tmp_path / "sudo").write_text("#!/bin/sh\n")
    (tmp_path / "sudo").chmod(0o755)
    (tmp_path / "id").write_text('#!/bin/sh\necho "$UID_SHOWN"\n')
    (tmp_path / "id").chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    for uid, sudo_uid, told in (("1000", "", True), ("0", "", False), ("0", "1000", True)):
        lines = next_lines(PATH=path, UID_SHOWN=uid, SUDO_UID=sudo_uid)
        assert lines[4].startswith("    sudo ") is told
        assert not any("sudo" in line for line in lines[2:4])


def test_without_audit_the_doctor_is_next(tmp_path: Path) -> None:
    for name in ("vm-1/2026-11-02T120000Z-overhead", "vm-2/2026-11-03T120000Z-replay"):
        (tmp_path / "results" / name).mkdir(parents=True)
    assert next_lines(cwd=tmp_path)[4].endswith("auditbench doctor")
    (tmp_path / "results/vm-1/2026-11-04T120000Z-overhead").mkdir()
    assert "run --rules" in next_lines(cwd=tmp_path)[4]


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    """A stand-in for the environment, as if it had just been made."""
    folder = tmp_path / "venv"
    (folder / "bin").mkdir(parents=True)
    (folder / ".auditbench-installed").touch()
    return folder


def program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def make(*words: str, path: Path) -> subprocess.CompletedProcess[str]:
    """Run make on the checkout, with programs of the test in front of others."""
    return subprocess.run(
        ["make", "--no-print-directory", *words, "SETUP=no"],
        cwd=ROOT,
        env=os.environ | {"PATH": f"{path}:{os.environ['PATH']}", "MAKEFLAGS": ""},
        capture_output=True,
        text=True,
        check=False,
    )


@needs_make
def test_make_installs_and_removes_the_command(venv: Path, tmp_path: Path) -> None:
    program(venv / "bin/auditbench", "echo it runs")
    here = tmp_path / "a prefix/bin/auditbench"
    for goal, there in (("install", True), ("uninstall", False)):
        done = make(goal, f"VENV={venv}", f"PREFIX={tmp_path}/a prefix", path=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        assert str(here) in done.stdout
        assert here.is_symlink() is there


@needs_make
@pytest.mark.parametrize(("code", "shown"), [(0, True), (1, False), (3, True), (4, False)])
def test_make_bench_ends_with_the_next_commands(
    code: int, shown: bool, venv: Path, tmp_path: Path
) -> None:
    program(venv / "bin/auditbench", f"echo measured $*\nexit {code}")
    program(tmp_path / "sudo", '[ "$1" != -v ] || exit 0\nshift 3\nexec "$@"')
    done = make("bench", f"VENV={venv}", "ARGS=--results=elsewhere", path=tmp_path)
    lines = done.stdout.splitlines()
    assert lines[0] == "measured run --fallback replay --results=elsewhere"
    assert (done.returncode == 0) is (code == 0)
    assert ("Next, in" in done.stdout) is shown
    if shown:
        assert len(lines) == 6
        assert lines[3].startswith(f"    {venv}/bin/auditbench show latest")
