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
from harness.kernel.process import ProcessId
from harness.kernel.snapshot import (
    BorrowedDaemon,
    LeaseRecord,
    Snapshot,
    differences,
    load_record,
    read_boot_id,
)
from harness.kernel.state_dir import StateDir, remove_durably, write_durably
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


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("schema", "auditbench.lease/9"),
        ("boot_id", 5),
        ("snapshot", []),
        ("snapshot", {"settings": {"enabled": "1"}, "features": 0, "rules": []}),
        ("snapshot", {"settings": {}, "features": 0, "feature_lock": 0, "rules": ["zz"]}),
        ("holder", {"pid": 1}),
        ("daemon", {"process": None}),
    ],
)
def test_a_record_of_another_shape_is_refused(tmp_path: Path, key: str, value: object) -> None:
    path = tmp_path / "lease.json"
    RECORD.save(path)
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, key: value}))
    with pytest.raises(HostUnfitError, match="cannot be read"):
        load_record(path)


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
    assert differences(now, SNAPSHOT) == ["the rules stand in another order or number"]
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
