"""Programs that `make consumers` gets: where they are looked for, and what getting one says."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.consumers import auditd_plugins, journald
from harness.consumers.auditd_plugins import READER, _configure_af_unix, _configure_syslog
from harness.consumers.base import ConsumerAbsentError, ConsumerSetup
from harness.consumers.catalog import CONSUMERS
from harness.consumers.foreign import kept
from harness.consumers.foreign.audit_log import log_records
from harness.consumers.foreign.reader import HANGUP
from harness.processes.line_process import ChildFailedError, module_command
from tests.support.command import ROOT
from tests.support.patience import PATIENCE_S

GET = ROOT / "requirements/consumers"
LINES = [b"type=SYSCALL msg=audit(1700000000.%03d:%d): arch=c000003e" % (n, n) for n in range(50)]


# --- where they are looked for -------------------------------------------------------------


def program(path: Path, words: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {shlex.quote(words)}\n")
    path.chmod(0o755)
    return path


def test_a_release_is_never_that_of_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "FOLDER", tmp_path / "got")
    monkeypatch.setenv("PATH", str(program(tmp_path / "path/auditd").parent))
    with pytest.raises(ConsumerAbsentError, match=r"auditd-4 was not got .*make consumers"):
        CONSUMERS["auditd-4"].find(None)
    auditd = program(tmp_path / "got/auditd-4/bin/auditd")
    program(auditd.with_name("auditctl"), "auditctl version 4.0.2")
    found = CONSUMERS["auditd-4"].find(None)
    assert found is not None
    assert (found.path, found.version) == (auditd, "4.0.2")


def test_one_of_the_path_comes_before_one_that_was_got(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "FOLDER", tmp_path / "got")
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    got = program(tmp_path / "got/go-audit/bin/go-audit", "Version: got")
    found = CONSUMERS["go-audit"].find(None)
    assert found is not None
    assert (found.path, found.version) == (got, "Version: got")
    own = program(tmp_path / "path/go-audit", "Version: own")
    found = CONSUMERS["go-audit"].find(None)
    assert found is not None
    assert found.path == own
    with pytest.raises(ConsumerAbsentError, match="is not a program"):
        CONSUMERS["go-audit"].find(tmp_path / "nothing")


# --- the other end of auditd's plugins -----------------------------------------------------


def eventually(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_reader_of_datagrams_writes_a_line_of_each(tmp_path: Path) -> None:
    place, output = tmp_path / "log", tmp_path / "read"
    words = module_command(READER, str(place), str(output), "--datagrams")
    with subprocess.Popen(words, stdout=subprocess.PIPE) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == b"ready\n"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as plugin:
            plugin.connect(str(place))
            for line in LINES:
                plugin.send(b"<14>Nov 29 19:00:00 audisp-syslog: " + line)
        reader.terminate()
        assert reader.wait(PATIENCE_S) == 0
    records = list(log_records(output))
    assert [text for _, text in records] == [line.partition(b"msg=")[2] for line in LINES]
    assert {number for number, _ in records} == {1300}


def test_a_slow_reader_leaves_in_the_socket_what_it_has_not_handled(tmp_path: Path) -> None:
    place, output = tmp_path / "socket", tmp_path / "read"
    data = b"".join(line + b"\n" for line in LINES) * 40
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as plugin:
        plugin.bind(str(place))
        plugin.listen()
        words = module_command(READER, str(place), str(output), "--per-second", "0.1")
        with subprocess.Popen(words, stdout=subprocess.PIPE) as reader:
            connection, _ = plugin.accept()
            connection.sendall(data)
            eventually(lambda: output.exists() and output.stat().st_size > 0)
            assert output.stat().st_size <= 4096 < len(data)
            reader.terminate()
            connection.close()
            assert reader.wait(PATIENCE_S) == 0
    assert output.read_bytes() == data


def test_a_reader_that_is_hung_up_on_comes_again_without_the_line_that_was_cut(
    tmp_path: Path,
) -> None:
    place, output = tmp_path / "socket", tmp_path / "read"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as plugin:
        plugin.bind(str(place))
        plugin.listen()
        words = module_command(READER, str(place), str(output))
        with subprocess.Popen(words, stdout=subprocess.PIPE) as reader:
            for _ in range(2):
                connection, _ = plugin.accept()
                connection.sendall(LINES[0] + b"\n" + LINES[1][:20])
                connection.close()
            connection, _ = plugin.accept()
            reader.terminate()
            connection.close()
            said, _ = reader.communicate(timeout=PATIENCE_S)
    assert output.read_bytes() == (LINES[0] + b"\n") * 2
    assert said.decode().splitlines() == ["ready", HANGUP, HANGUP]


def test_a_marker_that_was_not_passed_on_is_taken_from_the_log(tmp_path: Path) -> None:
    """Else a trial whose last marker a queue dropped could not be judged."""
    marks = [f"type=TRUSTED_APP msg=audit(1.000:{n}): mark:{n}\n".encode() for n in (1, 9)]
    event = b"type=SYSCALL msg=audit(1.000:5): comm=mark:\n"
    (tmp_path / "log").mkdir()
    (tmp_path / "log/audit.log").write_bytes(marks[0] + event + event + marks[1])
    (tmp_path / "read").write_bytes(marks[0] + event)
    running = SimpleNamespace(
        setup=ConsumerSetup(marker="mark"),
        _read=tmp_path / "read",
        process=SimpleNamespace(folder=tmp_path),
    )
    records = [text for _, text in auditd_plugins._Running._client_records(running)]  # type: ignore[arg-type]
    lines = (marks[0], event, marks[1])
    assert records == [line.partition(b"msg=")[2].rstrip() for line in lines]


def test_the_socket_is_part_of_auditd_3_and_a_program_of_auditd_4(tmp_path: Path) -> None:
    (tmp_path / "plugins.d").mkdir()
    conf = tmp_path / "plugins.d/plugin.conf"
    auditd = program(tmp_path / "sbin/auditd")
    _configure_af_unix(tmp_path, auditd, tmp_path / "socket")
    assert "path = builtin_af_unix\n" in conf.read_text()
    plugin = program(tmp_path / "sbin/audisp-af_unix")
    _configure_af_unix(tmp_path, auditd, tmp_path / "socket")
    assert f"path = {plugin}\nargs = 0600 {tmp_path / 'socket'}\n" in conf.read_text()


def test_syslog_is_that_of_the_same_auditd_and_has_its_own_log(tmp_path: Path) -> None:
    (tmp_path / "plugins.d").mkdir()
    auditd, bare = program(tmp_path / "sbin/auditd"), tmp_path / "bare"
    bare.mkdir()
    with pytest.raises(ConsumerAbsentError, match="audisp-syslog is not a program"):
        _configure_syslog(bare, auditd)
    plugin = program(tmp_path / "sbin/audisp-syslog")
    assert _configure_syslog(tmp_path, auditd) == tmp_path / "dev/log"
    assert f"'{tmp_path / 'dev'}' '{plugin}' LOG_INFO" in (tmp_path / "syslog.sh").read_text()


# --- what journalctl prints ----------------------------------------------------------------


def entry(**more: object) -> bytes:
    fields = {
        "_SOURCE_REALTIME_TIMESTAMP": "1700000000007000",
        "_AUDIT_ID": "42",
        "_AUDIT_TYPE": "1300",
        "MESSAGE": "SYSCALL arch=c000003e",
    }
    return json.dumps(fields | more).encode() + b"\n"


def test_entries_of_a_journal_are_records_again() -> None:
    strange = entry(_AUDIT_TYPE="1302", MESSAGE=[*b"PATH name=", 255])
    end = entry(_AUDIT_TYPE="1320", MESSAGE="EOE ")
    assert list(journald.records_of(iter([entry(), strange, end]))) == [
        (1300, b"audit(1700000000.007:42): arch=c000003e"),
        (1302, b"audit(1700000000.007:42): name=\xff"),
    ]


@pytest.mark.parametrize("line", [b"x\n", b"{}\n", entry(MESSAGE=None), entry(_AUDIT_ID="x")])
def test_what_is_no_entry_is_told(line: bytes) -> None:
    with pytest.raises(ChildFailedError, match="not an audit record"):
        list(journald.records_of(iter([line])))


# --- getting one ---------------------------------------------------------------------------


def test_each_package_is_pinned_by_its_checksum() -> None:
    for name in ("auditd-3.txt", "auditd-4.txt"):
        comment, suite, *pins = (GET / name).read_text().splitlines()
        assert comment.startswith("# ")
        assert re.fullmatch(r"suite \w+", suite)
        assert all(re.fullmatch(r"[a-z0-9.+-]+ \S+ [0-9a-f]{64}", pin) for pin in pins)
        assert {"auditd", "libaudit1", "libc6"} <= {pin.split()[0] for pin in pins}
    for module in ("go-audit", "auditbeat"):
        assert (GET / module / "go.sum").read_text().count(" h1:") > 100


def get(folder: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """get.py in a copy of its folder, so that nothing lands in this checkout."""
    copy = folder / "requirements/consumers"
    if not copy.exists():
        copy.parent.mkdir(parents=True)
        subprocess.run(["cp", "-r", GET, copy], check=True)
    return subprocess.run(
        [sys.executable, copy / "get.py", *words],
        env={"PATH": str(folder / "bin"), **more},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_cannot_be_had_is_named_and_the_others_go_on(tmp_path: Path) -> None:
    program(tmp_path / "bin/cargo", "error: no route")
    done = get(tmp_path, "go-audit", "auditbeat")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "consumers: go-audit 1.2.2 was not had: needs go, which is not on this host",
        "consumers: auditbeat 7.17.29 was not had: needs go, which is not on this host",
    ]
    assert not (tmp_path / "build/consumers/go-audit").exists()
    wrong = get(tmp_path, "osqueryd")
    assert wrong.returncode == 2
    assert "no consumer to get is called 'osqueryd'" in wrong.stderr


def test_one_that_is_there_is_not_got_again(tmp_path: Path) -> None:
    go = program(tmp_path / "bin/go")
    go.write_text('#!/bin/sh\nfor word; do [ "$last" = -o ] && : > "$word"; last=$word; done\n')
    done = get(tmp_path, "go-audit")
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "build/consumers/go-audit/bin/go-audit").exists()
    go.write_text("#!/bin/sh\necho 'go: 403 Forbidden'; exit 1\n")
    assert get(tmp_path, "go-audit").stdout == "go-audit 1.2.2 is there\n"
    (tmp_path / "build/consumers/go-audit/version").write_text("1.1.0\n")
    done = get(tmp_path, "go-audit")
    assert done.stderr == "consumers: go-audit 1.2.2 was not had: go: 403 Forbidden\n"


def test_a_package_with_another_content_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(GET))
    import debian

    asked: list[list[str]] = []

    def run(command: list[str], folder: Path, where: Path | None = None) -> None:
        asked.append(command)
        if where is not None:
            (where / "auditd.deb").write_bytes(b"content")

    monkeypatch.setattr(debian, "_run", run)
    good = hashlib.sha256(b"content").hexdigest()
    (archive,) = debian._fetch("trixie", [["auditd", "1", good]], tmp_path / "good")
    assert archive.name == "auditd.deb"
    assert asked[-1] == ["apt-get", "--quiet", "download", "auditd=1"]
    with pytest.raises(debian.NotHadError, match="auditd 1 has not the checksum that it had"):
        debian._fetch("trixie", [["auditd", "1", "0" * 64]], tmp_path / "bad")
