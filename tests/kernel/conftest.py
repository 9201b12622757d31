"""The host's own kernel for tests, lent only where it can be, and looked at afterwards.

Kernel tests need root and audit; elsewhere they are skipped with the reason. Where other tests or
a run have the host's audit, they wait for it.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.errors import AuditbenchError
from harness.kernel.client import AuditClient
from harness.kernel.lease.daemon import clear_stale_daemon, is_live_daemon, process_name
from harness.kernel.lease.lock import holder_of
from harness.kernel.lease.restore import Report, calm, restore_state
from harness.kernel.lease.snapshot import Snapshot, differences
from harness.kernel.lease.state_dir import DEFAULT_STATE_DIR
from tests.kernel.turn import Turn
from tests.support.waiting import comes_true

TURN = Turn()
LONGEST_PROBE_S = 60.0  # somebody's `auditbench doctor` beside the tests has the lock for a moment
NOBODY = 2**22  # no process has this pid: rules that filter on it match nothing


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Before any fixture: a kernel test runs where it may, or says why not."""
    try:
        reason = "needs root" if os.geteuid() != 0 else may_change()
    except AuditbenchError as error:
        reason = str(error)
    if reason:
        pytest.skip(reason)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """After each file of tests, others may have the kernel."""
    if nextitem is None or nextitem.path != item.path:
        TURN.give_back()


@pytest.fixture
def audit_host() -> Iterator[AuditClient]:
    """A client of the running kernel, whose audit state the test must leave as it found it.

    Settings, features, rules and the registered pid are compared afterwards; where they
    differ they are put back, for the next test, and this one fails.
    """
    with AuditClient() as client:
        before, pid = Snapshot.capture(client), client.status().pid
        yield client
        found = differences(Snapshot.capture(client), before)
        if client.status().pid != pid:
            found.append(f"pid {client.status().pid} is registered instead of {pid}")
        if found:
            calm(client)
            restore_state(client, before, Report())
            clear_stale_daemon(client)
            pytest.fail(f"the test did not leave audit as it found it: {'; '.join(found)}")


@pytest.fixture
def empty(audit_host: AuditClient) -> Iterator[AuditClient]:
    """The host's kernel, on which no rule is loaded but the test's own, deleted afterwards."""
    if audit_host.list_rules():
        pytest.skip("rules are loaded on this host")
    yield audit_host
    for payload in audit_host.list_rules():
        audit_host.delete_rule(payload)


@contextmanager
def enabled(client: AuditClient) -> Iterator[socket.socket]:
    """Audit enabled for a moment, and a socket that reads its records."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9) as reader:
        reader.bind((0, 1))
        reader.settimeout(5)
        client.set_status("enabled", 1)
        try:
            yield reader
        finally:
            client.set_status("enabled", 0)


def may_change() -> str:
    """Wait for the kernel's audit and keep it; why tests must not change it, empty if they may."""
    with AuditClient() as client:
        return TURN.take(client) or why_not(client)


def why_not(client: AuditClient) -> str:
    """Why tests must not change this host's audit state; empty where they may."""
    status = client.status()
    if status.enabled == 2 or status.failure == 2:
        return (
            f"audit is locked or panics here (enabled {status.enabled}, failure {status.failure})"
        )
    comes_true(lambda: holder_of(DEFAULT_STATE_DIR / "lock") is None, patience_s=LONGEST_PROBE_S)
    holder = holder_of(DEFAULT_STATE_DIR / "lock")
    if holder is not None:
        return f"a run uses this host's audit ({holder.describe()})"
    if status.pid and is_live_daemon(status.pid):
        return f"{process_name(status.pid)} (pid {status.pid}) is registered"
    return ""


def field_rule(
    filter_list: int, action: int, fields: list[tuple[int, int | bytes]], mask: int = 0
) -> bytes:
    """A rule payload from (field number, value) pairs, all compared with `=`."""
    payload = bytearray(1040)
    struct.pack_into("=3I", payload, 0, filter_list, action, len(fields))
    struct.pack_into("=I", payload, 12, mask)
    strings = b""
    for index, (number, value) in enumerate(fields):
        strings += value if isinstance(value, bytes) else b""
        word = len(value) if isinstance(value, bytes) else value
        for offset, content in ((268, number), (524, word), (780, 0x40000000)):
            struct.pack_into("=I", payload, offset + 4 * index, content)
    struct.pack_into("=I", payload, 1036, len(strings))
    return bytes(payload) + strings


@pytest.fixture
def host_rules(tmp_path: Path) -> list[bytes]:
    """Rules as a host may have them, of each kind the kernel keeps apart; they match nothing.

    In the order in which the kernel lists them.
    """
    pid, msgtype, path, perm, directory, exe, key = 0, 12, 105, 106, 107, 112, 210
    (tmp_path / "dir").mkdir()
    (tmp_path / "tool").write_text("")
    here = os.fsencode(tmp_path)
    return [
        field_rule(0, 0, [(msgtype, 1112), (pid, NOBODY + 1)], mask=0xFFFFFFFF),
        field_rule(1, 0, [(pid, NOBODY + 2)]),
        field_rule(4, 2, [(pid, NOBODY + 3), (key, b"first")], mask=1),
        field_rule(4, 2, [(path, here + b"/file"), (perm, 10), (pid, NOBODY + 4)], mask=1),
        field_rule(4, 2, [(directory, here + b"/dir"), (pid, NOBODY + 5)], mask=1),
        field_rule(4, 0, [(exe, here + b"/tool"), (pid, NOBODY + 6)], mask=1),
        field_rule(4, 2, [(pid, NOBODY + 3), (key, b"last")], mask=2),
        field_rule(5, 0, [(pid, NOBODY + 7)]),
    ]
