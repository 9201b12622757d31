"""Kernel tests that run at once wait for each other, and put right what a killed one left."""

from __future__ import annotations

from pathlib import Path

from harness.kernel.client import AuditClient
from harness.kernel.lease.snapshot import Snapshot
from tests.kernel.turn import Turn

NAME = "\0auditbench-test-of-turns"


def test_the_second_waits_for_the_first(audit_host: AuditClient, tmp_path: Path) -> None:
    first, second = Turn(NAME, tmp_path / "found.json"), Turn(NAME, tmp_path / "found.json")
    assert first.take(audit_host, 0) == ""
    assert "other tests have used" in second.take(audit_host, 0)
    first.give_back()
    assert second.take(audit_host, 0) == ""
    second.give_back()


def test_what_killed_tests_left_is_put_right(empty: AuditClient, tmp_path: Path) -> None:
    left = tmp_path / "found.json"
    found = Snapshot.capture(empty)
    killed = Turn(NAME, left)
    assert killed.take(empty, 0) == ""
    empty.set_status("backlog_limit", 321)
    record = left.read_bytes()
    killed.give_back()
    left.write_bytes(record)
    following = Turn(NAME, left)
    assert following.take(empty, 0) == ""
    assert Snapshot.capture(empty) == found
    following.give_back()
    assert not left.exists()
