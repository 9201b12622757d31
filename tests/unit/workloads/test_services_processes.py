"""Processes of a service: tree, CPU time, where they listen, the folder of their data."""

from __future__ import annotations

import os
import pwd
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.callers import needs_root
from tests.support.patience import PATIENCE_S
from tests.support.waiting import wait_until
from workloads.services.folder import DataFolder, remove_abandoned
from workloads.services.processes import cpu_time, is_loopback, listening_addresses, tree_of


def test_the_tree_of_a_process_holds_all_that_live() -> None:
    script = (
        "import subprocess\n"
        "inner = subprocess.Popen(['sleep', '100'])\n"
        "print(inner.pid, flush=True)\n"
        "inner.wait()\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as top:
        assert top.stdout is not None
        inner = int(top.stdout.readline())
        assert tree_of(top.pid) == [top.pid, inner]
        os.kill(inner, signal.SIGKILL)
        top.wait(PATIENCE_S)


def test_cpu_time_is_what_the_kernel_charged() -> None:
    before, mine = cpu_time([os.getpid()]), time.process_time_ns()
    while time.process_time_ns() - mine < 50_000_000:
        pass
    used = cpu_time([os.getpid()]).since(before)
    charged = time.process_time_ns() - mine
    # Other threads of the tests run on the same clock; ended children come in ticks.
    assert 50_000_000 * 0.9 <= used.user_ns + used.system_ns <= charged + 20_000_000
    assert cpu_time([2**22]).user_ns == 0


def test_where_a_process_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as inside, socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
            datagrams.bind(("127.0.0.2", 0))
            found = listening_addresses([os.getpid()])
            assert inside.getsockname() in found
            assert datagrams.getsockname() in found
            assert unused.getsockname() not in found
    assert inside.fileno() == -1


@pytest.mark.parametrize(
    ("address", "inside"),
    [("127.0.0.1", True), ("127.8.0.1", True), ("::1", True), ("::ffff:127.0.0.1", True),
     ("0.0.0.0", False), ("::", False), ("10.0.0.1", False)],
)  # fmt: skip
def test_what_only_this_machine_reaches(address: str, inside: bool) -> None:
    assert is_loopback(address) is inside


def test_the_folder_goes_with_its_maker_however_that_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    script = (
        "import os, signal\n"
        "from workloads.services.folder import DataFolder\n"
        "folder = DataFolder(None)\n"
        "folder.write({'a/b/c': 'x'}, None)\n"
        "assert (folder.path / 'a/b/c').read_text() == 'x'\n"
        "assert folder.path.stat().st_mode & 0o777 == 0o700\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], check=False, timeout=PATIENCE_S)
    assert done.returncode == -signal.SIGKILL
    wait_until(lambda: not list(tmp_path.iterdir()), "the folder is gone")


def test_no_link_in_the_folder_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that runs as another account may have put some there."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("mine")
    folder = DataFolder(None)
    (folder.path / "file").symlink_to(precious / "file")
    (folder.path / "inner").symlink_to(precious)
    folder.write({"file": "theirs"}, None)
    assert (folder.path / "file").read_text() == "theirs"
    with pytest.raises(OSError, match=r"Not a directory|symbolic links"):
        folder.write({"inner/file": "theirs"}, None)
    assert (precious / "file").read_text() == "mine"
    folder.remove()
    assert (precious / "file").read_text() == "mine"


@needs_root
@pytest.mark.parametrize("call", ["chmod", "fchmod", "chown", "fchown"])
def test_nothing_of_others_is_given_away_where_the_folder_is_exchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """TMPDIR may be a folder of the user who called sudo, who then may rename what is in it."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    precious = tmp_path / "precious"
    precious.mkdir(0o700)
    (precious / "data").mkdir(0o700)
    done = getattr(os, call)

    def after_an_exchange(*words: Any, **named: Any) -> None:
        for made in tmp_path.glob("auditbench-service-*"):
            made.rename(tmp_path / "aside")
            made.symlink_to(precious)
        done(*words, **named)

    monkeypatch.setattr(os, call, after_an_exchange)
    folder = DataFolder(pwd.getpwnam("nobody"))
    folder.write({"file": "theirs"}, None)
    os.close(folder.open_log(os.O_WRONLY | os.O_CREAT))
    folder.remove()
    assert [path.name for path in precious.iterdir()] == ["data"]
    for path in (precious, precious / "data"):
        assert (path.stat().st_uid, path.stat().st_mode & 0o777) == (0, 0o700)
    assert list((precious / "data").iterdir()) == []


def test_what_is_read_is_in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    (tmp_path / "log").write_text("of others")
    folder = DataFolder(None)
    try:
        folder.write({"inner/log": "ours"}, None)
        with os.fdopen(folder.open_to_read("inner/log")) as log:
            assert log.read() == "ours"
        (folder.path / "link").symlink_to(tmp_path)
        (folder.path / "inner" / "link").symlink_to(tmp_path / "log")
        for name in ("link/log", "inner/link", "inner/gone"):
            with pytest.raises(OSError, match=r"Not a directory|symbolic links|No such file"):
                folder.open_to_read(name)
    finally:
        folder.remove()


def test_a_folder_that_was_left_is_removed_and_others_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with subprocess.Popen(["true"]) as ended:
        ended.wait(PATIENCE_S)
    (tmp_path / f"auditbench-service-{ended.pid}-abcdefgh" / "data").mkdir(parents=True)
    theirs = tmp_path / f"auditbench-service-{ended.pid}-link"
    (tmp_path / "precious").mkdir()
    theirs.symlink_to(tmp_path / "precious")
    living = DataFolder(None)
    remove_abandoned()
    assert {path.name for path in tmp_path.iterdir()} == {
        theirs.name,
        "precious",
        living.outer.name,
    }
    living.remove()
    assert not living.outer.exists()
