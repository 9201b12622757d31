"""The snapshot on disk: whole or not at all, and read back as it was."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import HostUnfitError
from harness.kernel.client import AuditClient
from harness.kernel.lease.children import read_children
from harness.kernel.lease.file import load_record
from harness.kernel.lease.lock import read_holder
from harness.kernel.lease.snapshot import (
    BorrowedDaemon,
    LeaseRecord,
    Snapshot,
    differences,
    read_boot_id,
)
from harness.kernel.lease.state_dir import StateDir, remove_durably, write_durably
from harness.processes.identity import ProcessId
from tests.fakes.fake_kernel import FakeKernel, rule

DAEMON = BorrowedDaemon(
    process=ProcessId(812, 4711),
    executable="/usr/sbin/auditd",
    command=("/sbin/auditd", "-n"),
    directory="/",
    environment={"PATH": "/bin", "ODD": os.fsdecode(b"\xff\xfe=\n")},
    unit="auditd.service",
    umask=0o077,
    oom_score_adj=-900,
)
SNAPSHOT = Snapshot(
    settings={"enabled": 1, "failure": 1, "rate_limit": 0, "backlog_limit": 64},
    features=2,
    feature_lock=0,
    rules=(rule(1), rule(2, strings=b"\xff\x01")),
)
RECORD = LeaseRecord(
    boot_id="b",
    token="t",
    command="auditbench run",
    holder=ProcessId(1, 2),
    taken_at="2026-01-01T00:00:00+00:00",
    snapshot=SNAPSHOT,
    daemon=DAEMON,
    problems=("one", "two"),
)


def test_a_snapshot_is_what_the_kernel_says(tmp_path: Path) -> None:
    with FakeKernel(tmp_path / "audit") as kernel:
        kernel.rules = [rule(2), rule(1)]
        kernel.features, kernel.feature_lock, kernel.lost = 1, 2, 99
        with AuditClient(kernel.connect) as client:
            snapshot = Snapshot.capture(client)
            record = LeaseRecord.take(client, "c")
    assert snapshot == Snapshot(kernel.settings, 1, 2, (rule(2), rule(1)))
    assert record.snapshot == snapshot
    assert record.holder.pid == os.getpid()
    assert record.boot_id == read_boot_id()


@pytest.mark.parametrize("record", [RECORD, dataclasses.replace(RECORD, daemon=None, problems=())])
def test_a_record_reads_back_as_it_was(tmp_path: Path, record: LeaseRecord) -> None:
    record.save(tmp_path / "lease.json")
    assert load_record(tmp_path / "lease.json") == record


def test_no_file_is_no_record(tmp_path: Path) -> None:
    assert load_record(tmp_path / "lease.json") is None


@given(st.integers(0, 5000), st.integers(0, 255))
def test_a_damaged_record_is_refused_or_reads_as_some_record(place: int, byte: int) -> None:
    path = Path("/dev/shm" if Path("/dev/shm").is_dir() else "/tmp") / f"lease-{os.getpid()}.json"
    RECORD.save(path)
    content = bytearray(path.read_bytes())
    content[place % len(content)] = byte
    path.write_bytes(content)
    try:
        load_record(path)
    except HostUnfitError as error:
        assert str(path) in str(error)  # noqa: PT017  # both outcomes are right
    finally:
        path.unlink()


def test_a_truncated_record_is_refused_at_every_length(tmp_path: Path) -> None:
    path = tmp_path / "lease.json"
    RECORD.save(path)
    content = path.read_bytes().rstrip()
    for length in range(0, len(content), 7):
        path.write_bytes(content[:length])
        with pytest.raises(HostUnfitError, match="cannot be read"):
            load_record(path)


def test_a_record_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lease.json"
    RECORD.save(path)
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema": "auditbench.lease/9"}))
    with pytest.raises(HostUnfitError, match=f"cannot be read.*rm {path}"):
        load_record(path)


@pytest.mark.parametrize(
    ("key", "value", "damaged"),
    [
        ("boot_id", 5, "boot_id"),
        ("snapshot", [], "snapshot"),
        ("snapshot.settings.enabled", "1", "snapshot.settings.enabled"),
        ("snapshot.settings.enabled", 2, "snapshot.settings.enabled"),
        ("snapshot.settings.failure", 2, "snapshot.settings.failure"),
        ("snapshot.settings.rate_limit", 2**32, "snapshot.settings.rate_limit"),
        ("snapshot.settings.backlog_limit", -1, "snapshot.settings.backlog_limit"),
        ("snapshot.features", -1, "snapshot.features"),
        ("snapshot.features", 2**32, "snapshot.features"),
        ("snapshot.rules", ["zz"], "snapshot.rules.0"),
        ("snapshot.rules", ["00"], "snapshot.rules.0"),
        ("snapshot.rules", None, "snapshot.rules"),
        ("holder", {"pid": 1}, "holder.start_ticks"),
        ("holder", {"pid": 10**20, "start_ticks": 0}, "holder.pid"),
        ("daemon", {"process": None}, "daemon.command"),
        ("daemon.command", [], "daemon.command"),
        ("daemon.command", ["a\0b"], "daemon.command"),
        ("daemon.environment", {"A": "b\0"}, "daemon.environment.A"),
        ("daemon.environment", {"": "b"}, "daemon.environment.''"),
        ("daemon.umask", -1, "daemon.umask"),
        ("daemon.oom_score_adj", 2000, "daemon.oom_score_adj"),
        ("daemon.unit", "--now x.service", "daemon.unit"),
    ],
)
def test_what_is_damaged_is_named_and_the_rest_is_read(
    tmp_path: Path, key: str, value: object, damaged: str
) -> None:
    path = tmp_path / "lease.json"
    RECORD.save(path)
    document = json.loads(path.read_text())
    inside = document
    *places, last = key.split(".")
    for place in places:
        inside = inside[place]
    inside[last] = value
    path.write_text(json.dumps(document))
    found = load_record(path)
    assert found is not None
    assert any(words.startswith(f"{damaged} ") for words in found.damage), found.damage
    assert found.command == RECORD.command
    if not key.startswith("snapshot"):
        assert found.snapshot == RECORD.snapshot
    if key.startswith("snapshot.") and "rules" not in key:
        assert found.snapshot.rules == RECORD.snapshot.rules
        assert found.snapshot.settings.get(last) in (None, RECORD.snapshot.settings.get(last))


@pytest.mark.parametrize("content", [b"", b"[]", b"[" * 100_000, b"{}", b"\xff", b'{"schema": 1}'])
def test_what_is_no_record_at_all_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "lease.json"
    path.write_bytes(content)
    with pytest.raises(HostUnfitError, match=f"cannot be read.*rm {path}"):
        load_record(path)


@pytest.mark.parametrize(
    "line",
    ["+² 1", "+1 ²", f"+{'9' * 5000} 1", f"+1 {'9' * 5000}", "+0 1", "+-1 1", f"+{10**20} 1",
     f"+{2**22} 1", "+1", "1 1", "\0"],
)  # fmt: skip
def test_a_senseless_line_of_children_is_passed_over(tmp_path: Path, line: str) -> None:
    path = tmp_path / "children"
    path.write_text(f"+7 8\n{line}\n+9 10\n-7 8\n")
    assert read_children(path) == [ProcessId(9, 10)]


@pytest.mark.parametrize(
    "content",
    ["", "[" * 100_000, "{}", '{"pid": 1, "start_ticks": 1, "command": "c", "since": "never"}',
     f'{{"pid": {"9" * 4000}, "start_ticks": 1, "command": "c", "since": "2026-01-01"}}'],
)  # fmt: skip
def test_a_senseless_lock_names_nobody(tmp_path: Path, content: str) -> None:
    path = tmp_path / "lock"
    path.write_text(content)
    assert read_holder(path) is None


def test_differences_are_named() -> None:
    now = Snapshot(
        settings={**SNAPSHOT.settings, "backlog_limit": 8192},
        features=3,
        feature_lock=3,
        rules=(rule(2, strings=b"\xff\x01"), rule(7, filter_list=1)),
    )
    found = differences(now, SNAPSHOT)
    assert found[0] == "backlog_limit is 8192 instead of 64"
    assert found[1] == "features are 0x3 instead of 0x2"
    assert found[2].startswith("rule ")
    assert found[2].endswith("is missing")
    assert found[3].startswith("rule ")
    assert found[3].endswith("is not from before")
    assert len(found) == 4


def test_another_order_is_a_difference() -> None:
    now = dataclasses.replace(SNAPSHOT, rules=SNAPSHOT.rules[::-1])
    assert differences(now, SNAPSHOT) == ["the rules are in another order or number"]
    assert differences(SNAPSHOT, SNAPSHOT) == []


def test_a_file_is_private_and_leaves_no_draft(tmp_path: Path) -> None:
    write_durably(tmp_path / "lease.json", b"x")
    write_durably(tmp_path / "lease.json", b"y")
    assert [path.name for path in tmp_path.iterdir()] == ["lease.json"]
    assert (tmp_path / "lease.json").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "lease.json").read_bytes() == b"y"
    remove_durably(tmp_path / "lease.json")
    remove_durably(tmp_path / "lease.json")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lease.json"
    write_durably(path, b"old")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    # Not by a limit on this process: its own output may be going to a file.
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(HostUnfitError, match="cannot write"):
        write_durably(path, b"new and longer")
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["lease.json"]


def test_a_planted_link_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("precious")
    (tmp_path / ".lease.json.new").symlink_to(target)
    write_durably(tmp_path / "lease.json", b"x")
    assert target.read_text() == "precious"


def test_the_folder_is_made_for_its_owner_only(tmp_path: Path) -> None:
    state = StateDir(tmp_path / "a" / "b")
    state.prepare()
    state.prepare()
    assert state.path.stat().st_mode & 0o777 == 0o700


def test_a_folder_others_can_write_to_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(HostUnfitError, match="can write to"):
        StateDir(folder).prepare()


def test_a_link_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(HostUnfitError, match="can write to"):
        StateDir(tmp_path / "link").prepare()


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HostUnfitError, match="cannot make"):
        StateDir(tmp_path / "file" / "folder").prepare()
