"""System packages: what is missing is named and installed, and no service is started by it."""

from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.command import ROOT
from tests.support.patience import PATIENCE_S
from tests.support.programs import COLUMNS, find_program, packages

CHECK, INSTALL = ROOT / "requirements/check.sh", ROOT / "requirements/install.sh"
MANAGERS = {"apt-get": "apt-get install -y", "dnf": "dnf install -y", "zypper": "zypper --non"}
TOOLS = ("sh", "dirname", "sed", "tr", "grep", "mv", "rm", "chmod", "mkdir", "tail", "sort", "cat")
OURS = "no service is started"


class Machine:
    """A folder as a machine: its programs are `bin`, and what is installed is written down."""

    def __init__(self, folder: Path, *, manager: str = "apt-get", uid: int = 0) -> None:
        self.root, self.bin = folder / "root", folder / "bin"
        self.asked, self.shown = folder / "asked", folder / "shown"
        for path in (self.bin, self.root / "usr/sbin", self.root / "run"):
            path.mkdir(parents=True)
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool) or f"/bin/{tool}")
        self.program("id", f"echo {uid}")
        self.policy = self.root / "usr/sbin/policy-rc.d"
        self.preset = self.root / "run/systemd/system-preset/00-auditbench.preset"
        self.manager(manager)

    def program(self, name: str, script: str) -> None:
        """A program of this machine."""
        (self.bin / name).write_text(f"#!/bin/sh\n{script}\n")
        (self.bin / name).chmod(0o755)

    def manager(self, name: str, then: str = "") -> None:
        """A package manager that writes down what it is asked, and what forbids services then."""
        seen = f"cat {self.policy} {self.preset} 2>/dev/null"
        self.program("apt-cache", '[ "$2" != bash ]')
        self.program(name, f'{{ echo "{name} $*"; {seen}; }} >> {self.asked}\n{then or ":"}')

    @property
    def environment(self) -> dict[str, str]:
        return {"PATH": str(self.bin), "DESTDIR": str(self.root)}

    def check(self, stage: str = "bench", **more: str) -> subprocess.CompletedProcess[str]:
        """check.sh on a machine without Python."""
        return subprocess.run(
            ["/bin/sh", CHECK, stage, "/no/such/python3"],
            env=self.environment | more,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    def install(self, *names: str, manager: str = "apt-get") -> subprocess.Popen[bytes]:
        """install.sh in a process group of its own, as a terminal has it."""
        with self.shown.open("w") as shown:
            return subprocess.Popen(
                ["/bin/sh", INSTALL, manager, *names, "--", manager, "install", "-y"],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=shown,
                stderr=shown,
                process_group=0,
            )

    def said(self) -> str:
        """What the package manager was asked so far, and saw."""
        return self.asked.read_text() if self.asked.exists() else ""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_nothing_is_said_where_nothing_is_missing() -> None:
    done = subprocess.run(
        ["/bin/sh", CHECK, "bench", sys.executable],
        env=os.environ | {"SETUP": "no"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("manager", MANAGERS)
def test_what_is_missing_is_only_named_when_told_so(manager: str, tmp_path: Path) -> None:
    machine = Machine(tmp_path, manager=manager)
    done = machine.check(SETUP="no")
    assert done.returncode == 4
    assert len(done.stderr.splitlines()) == 1
    assert MANAGERS[manager] in done.stderr
    for missing in ("python", "venv", "headers", "compiler", "libaudit"):
        assert missing in done.stderr
    assert machine.said() == ""


def test_without_privilege_it_is_only_named(tmp_path: Path) -> None:
    machine = Machine(tmp_path, uid=1000)
    done = machine.check()
    assert done.returncode == 4
    assert "sudo apt-get install" in done.stderr
    machine.program("sudo", "exit 1")  # it would ask for a password
    assert machine.check().stderr == done.stderr
    assert machine.said() == ""


def test_through_sudo_it_is_installed(tmp_path: Path) -> None:
    machine = Machine(tmp_path, uid=1000)
    machine.program("true", "")
    machine.program("sudo", f'[ "$1" != -n ] || shift; echo "sudo $1" >> {machine.asked}; "$@"')
    machine.check()
    assert "sudo sh" in machine.said()
    assert "apt-get install" in machine.said()


def test_for_the_bench_nothing_of_the_tests_is_installed(machine: Machine) -> None:
    assert machine.check("bench").returncode == 4  # this machine gets no Python from it
    bench = machine.said().splitlines()[-4]
    assert {"gcc", "python3-venv"} < set(bench.split())
    assert not set(bench.split()) & {"auditd", "chromium", "strace"}


def test_for_the_tests_all_is_said_and_then_installed(machine: Machine) -> None:
    done = machine.check("test")
    said = "".join(line for line in done.stderr.splitlines() if "    apt-get install" in line)
    assert {"gcc", "bash"} < set(said.split())
    asked = next(line for line in machine.said().splitlines() if " install " in line)
    assert "gcc" in asked.split()
    assert "bash" not in asked.split()  # which this machine's distribution does not serve


def test_what_only_tests_need_does_not_stop_them(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    with (ROOT / "requirements/packages.txt").open() as lines:
        text = "".join(line for line in lines if not line.startswith("bench"))
    (tmp_path / "requirements").mkdir()
    for name in ("check.sh", "install.sh"):
        shutil.copy(ROOT / "requirements" / name, tmp_path / "requirements")
    missing = "test no-such-program a-package a-package a-package a-package a-package\n"
    (tmp_path / "requirements/packages.txt").write_text(text + missing)
    done = subprocess.run(
        ["/bin/sh", tmp_path / "requirements/check.sh", "test", "/no/such/python3"],
        env=machine.environment | {"SETUP": "no"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert len(done.stderr.splitlines()) == 1
    assert "tests are skipped for want of:" in done.stderr
    assert "no-such-program" in done.stderr


@pytest.mark.parametrize(("answer", "installed"), [("n\n", False), ("\n", True)])
def test_on_a_terminal_it_asks_once(machine: Machine, answer: str, installed: bool) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        ["/bin/sh", CHECK, "bench", "/no/such/python3"],
        env=machine.environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    os.write(ours, answer.encode())
    shown = b""
    try:
        while chunk := os.read(ours, 4096):
            shown += chunk
    except OSError:
        pass  # its end
    os.close(ours)
    assert process.wait(PATIENCE_S) == 4
    assert shown.count(b"go ahead? [Y/n]") == 1
    assert ("apt-get" in machine.said()) is installed


def written(path: Path) -> None:
    path.write_text("#!/bin/sh\nexit 104\n")
    path.chmod(0o750)


def linked(path: Path) -> None:
    path.symlink_to("/bin/true")


STATES: list[Callable[[Path], None]] = [lambda path: None, written, linked]


def state(path: Path) -> object:
    """What stands there, down to its inode."""
    if not os.path.lexists(path):
        return None
    found = path.lstat()
    return found.st_ino, found.st_mode, path.is_symlink() or path.read_text()


@pytest.mark.parametrize("before", STATES, ids=["none", "file", "link"])
def test_no_service_is_started_and_all_is_as_before(
    machine: Machine, before: Callable[[Path], None]
) -> None:
    before(machine.policy)
    found = state(machine.policy)
    assert machine.install("gcc").wait(PATIENCE_S) == 0
    assert OURS in machine.said()
    assert "exit 101" in machine.said()
    assert state(machine.policy) == found
    assert [path.name for path in machine.policy.parent.iterdir()] == ["policy-rc.d"] * bool(found)


def test_dnf_enables_nothing(tmp_path: Path) -> None:
    machine = Machine(tmp_path, manager="dnf")
    machine.manager("dnf", 'echo "gcc"')
    assert machine.install("gcc", "laurel", manager="dnf").wait(PATIENCE_S) == 0
    assert "disable *" in machine.said()
    assert "install -y gcc\n" in machine.said()
    assert not machine.preset.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
@pytest.mark.parametrize("before", STATES, ids=["none", "file", "link"])
def test_interrupted_all_is_as_before(
    machine: Machine, before: Callable[[Path], None], number: signal.Signals
) -> None:
    """After Ctrl-C at once; after a kill once it is used again."""
    before(machine.policy)
    found = state(machine.policy)
    sleep = shutil.which("sleep")
    machine.manager("apt-get", f'[ "$*" = "${{*#*install}}" ] || exec {sleep} 60')
    process = machine.install("gcc")
    deadline = time.monotonic() + PATIENCE_S
    while " install " not in machine.said():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.killpg(process.pid, number)
    assert process.wait(PATIENCE_S) != 0
    if number == signal.SIGKILL:
        assert state(machine.policy) != found
        machine.manager("apt-get")
        assert machine.install("gcc").wait(PATIENCE_S) == 0
    assert state(machine.policy) == found


def test_a_failure_is_told_with_the_managers_last_words(machine: Machine) -> None:
    machine.manager("apt-get", "echo no such place; exit 100")
    assert machine.install("gcc").wait(PATIENCE_S) == 1
    assert "no such place" in machine.shown.read_text()
    assert state(machine.policy) is None


def test_auditd_that_came_with_it_does_not_start_with_the_machine(machine: Machine) -> None:
    if find_program("auditd"):
        machine.program("systemctl", f'echo "systemctl $*" >> {machine.asked}')
        assert machine.install("auditd").wait(PATIENCE_S) == 0
        assert "systemctl" not in machine.said()  # it was here before
        return
    machine.program("systemctl", f'echo "systemctl $*" >> {machine.asked}')
    machine.manager("apt-get", f"> {machine.bin}/auditd; chmod 755 {machine.bin}/auditd")
    assert machine.install("auditd").wait(PATIENCE_S) == 0
    assert "disable auditd.service" in machine.said()


@pytest.mark.parametrize("column", COLUMNS)
def test_the_list_is_whole(column: str) -> None:
    assert packages(column)["auditd"]
    absent = {name for name, served in packages(column).items() if not served}
    assert absent <= {"laurel", "chromium", "chromium-browser", "aarch64-linux-gnu-gcc"}
    assert column != "debian" or not absent
