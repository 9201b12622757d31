"""A service of the tests' own, through both protocols; however it ends, nothing of it stays."""

from __future__ import annotations

import os
import pwd
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.loads import Controlled, load_command, refused_load, run_load
from tests.support.patience import PATIENCE_S
from tests.support.services.own import own_service, server_of
from tests.support.waiting import wait_until
from workloads.errors import WorkloadError
from workloads.running.check import check_load
from workloads.services.catalog import SERVICES
from workloads.services.file import read_service
from workloads.services.processes import listening_addresses


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the data of services goes; empty afterwards."""
    place = tmp_path / "data"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    yield place
    wait_until(lambda: not list(place.iterdir()), "the folder of the data is gone")


def is_gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def controlled(path: Path, *words: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        load_command("service", "--service", path, "--control", *words),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ports_of(folder: Path) -> list[tuple[str, int]]:
    pid, _, _ = server_of(folder)
    return listening_addresses([pid])


def test_one_document(tmp_path: Path) -> None:
    path = own_service(tmp_path)
    found = run_load("service", "--service", path, "--ops", 30, "--no-session")
    assert (found["ops"], found["failures"], found["details"]["ops_asked"]) == (30, 0, 30)
    assert found["elapsed_ns"] > 0
    latency = found["latency"]
    assert latency["count"] == 30 == sum(number for _, number in latency["buckets"])
    assert 0 < latency["p50_ns"] <= latency["p99_ns"] <= latency["p999_ns"]
    assert found["yields"] == {}
    assert found["details"]["client_cpu_ns"] > 0
    assert found["details"]["server_cpu_ns"] > 0
    assert found["details"]["digest"] == read_service(str(path)).digest
    pid, where, _ = server_of(tmp_path)
    assert is_gone(pid)
    assert not where.exists()


def test_the_file_says_how_many_where_nobody_does(tmp_path: Path) -> None:
    assert run_load("service", "--service", own_service(tmp_path), "--no-session")["ops"] == 40


def test_it_starts_before_ready_and_all_that_act_are_named(tmp_path: Path) -> None:
    with controlled(own_service(tmp_path), "--ops", 5) as process:
        load = Controlled(process)
        pid, where, _ = server_of(tmp_path)
        assert load.ready["acting_pids"] == [load.ready["pid"], pid]
        assert where.is_dir()
        (address,) = ports_of(tmp_path)
        assert address[0] == "127.0.0.1"
        load.say("go")
        assert load.listen()["ops"] == 5
        # What would make events is done when the caller has read the last of them.
        assert where.is_dir()
        load.hang_up()
        assert process.wait(PATIENCE_S) == 0
    assert is_gone(pid)
    assert not where.exists()


@pytest.mark.parametrize("end", ["hang up", "stop", "terminate", "kill"])
def test_however_it_ends_nothing_stays(tmp_path: Path, end: str) -> None:
    with controlled(own_service(tmp_path, pause_s=0.05), "--ops", 10**6) as process:
        load = Controlled(process)
        pid, where, _ = server_of(tmp_path)
        (address,) = ports_of(tmp_path)
        load.say("go")
        if end == "hang up":
            load.hang_up()
        elif end == "stop":
            load.say("stop")
            assert load.listen()["details"]["stopped"]
            load.hang_up()
        else:
            os.kill(process.pid, signal.SIGTERM if end == "terminate" else signal.SIGKILL)
        process.wait(PATIENCE_S)
    wait_until(lambda: is_gone(pid), "the server is gone")
    wait_until(lambda: not where.parent.exists(), "the folder is gone")
    with socket.socket() as asker:
        assert asker.connect_ex(address) != 0


def test_a_server_that_others_can_reach_is_refused(tmp_path: Path) -> None:
    code, line = refused_load("service", "--service", own_service(tmp_path, address="0.0.0.0"))
    assert code == 3
    assert re.search(r"listens on 0\.0\.0\.0 port \d+, which others can reach", line)
    wait_until(lambda: is_gone(server_of(tmp_path)[0]), "the server is gone")


def test_what_a_client_writes_is_in_no_language_of_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """dd and pgbench translate what they write, and the patterns are for what is not translated."""
    for name in ("LANG", "LC_ALL", "LC_NUMERIC"):
        monkeypatch.setenv(name, "de_DE.UTF-8")
    monkeypatch.setenv("LANGUAGE", "de:fr")
    path = own_service(tmp_path)
    seen = "[v for k, v in os.environ.items() if k in ('LC_ALL', 'LANGUAGE')]"
    path.write_text(
        path.read_text()
        .replace("import socket, sys, time", "import os, socket, sys, time", 1)
        .replace("for _ in range(ops):", f"assert 'de' not in str({seen})\nfor _ in range(ops):", 1)
    )
    assert run_load("service", "--service", path, "--ops", 3, "--no-session")["ops"] == 3


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    path = own_service(tmp_path)
    digest = read_service(str(path)).digest
    path.write_text(path.read_text() + "# other\n")
    code, line = refused_load("service", "--service", path, "--service-digest", digest)
    assert code == 2
    assert "was changed since the run began" in line


@pytest.mark.parametrize(
    ("of", "by", "words"),
    [
        ("socket.create_server", "sys.exit('no port')", "before it was ready; it wrote: no port"),
        ("while True:", "sys.exit('done for today')\nwhile True:", "ended"),
        ("for _ in range(ops):", "sys.exit(7)\nfor _ in range(ops):", "a client that ended with 7"),
        ('print("done", ops', 'print("over", ops', "does not say ops"),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_one_line(tmp_path: Path, of: str, by: str, words: str) -> None:
    path = own_service(tmp_path)
    text = path.read_text()
    assert of in text
    path.write_text(text.replace(of, by, 1))
    code, line = refused_load("service", "--service", path)
    assert code == 3
    assert words in line


def test_a_failure_after_the_start_reaches_the_caller(tmp_path: Path) -> None:
    path = own_service(tmp_path)
    path.write_text(
        path.read_text().replace("for _ in range(ops):", "sys.exit(7)\nfor _ in range(ops):")
    )
    with controlled(path) as process:
        load = Controlled(process)
        load.say("go")
        error = load.listen()
        assert (error["event"], error["exit_code"]) == ("error", 3)
        assert "ended with 7" in error["message"]
        load.hang_up()
        assert process.wait(PATIENCE_S) == 3


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may choose an account")
def test_it_runs_as_the_first_account_of_its_file_that_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client tells its uid in the place of a count, and whether it may write in its folder."""
    monkeypatch.delenv("TMPDIR")  # other accounts cannot reach the folder of the test
    path = tmp_path / "mine.toml"
    path.write_text(
        'summary = "s"\noperation = "o"\nuser = ["no-such-account", "nobody"]\n'
        '[files]\n"inner/file" = "text"\n'
        '[client]\ncommand = ["sh", "-c", "touch inner/new && cat inner/file && id -u"]\n'
        "[output]\nops = 'text(\\d+)'\n"
    )
    found = run_load("service", "--service", path, "--no-session")
    assert found["ops"] == pwd.getpwnam("nobody").pw_uid


def why_not(name: str) -> str:
    """Why a service cannot run here; empty where it can."""
    try:
        check_load(["service", f"--service={name}"])
    except WorkloadError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_of_the_catalog_runs_or_names_the_package_that_it_lacks(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TMPDIR")  # other accounts cannot reach the folder of the test
    if reason := why_not(name):
        assert "apt-get install" in reason
        return
    ops = {"postgresql": 40, "compile": 2}.get(name, 500)
    found = run_load("service", "--service", name, "--ops", ops, "--no-session")
    assert found["ops"] > 0
    assert found["failures"] == 0
    assert found["elapsed_ns"] > 0
    output = read_service(name).file.output
    told = [key for key in ("p50", "p99", "p999") if getattr(output, key) or output.samples]
    assert all(found["latency"][f"{key}_ns"] > 0 for key in told)
    assert len(told) in (0, 3)
