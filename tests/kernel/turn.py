"""One run of the kernel tests at a time; what a killed one left behind is put right.

Two at once would change each other's rules and count each other's records.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path

from harness.kernel.client import AuditClient
from harness.kernel.lease.file import load_record
from harness.kernel.lease.lock import holder_of
from harness.kernel.lease.restore import Report, calm, restore_state
from harness.kernel.lease.snapshot import LeaseRecord, read_boot_id
from harness.kernel.lease.state_dir import DEFAULT_STATE_DIR, remove_durably
from tests.support.waiting import comes_true

NAME = "\0auditbench-kernel-tests"
"""A socket's name, not a file's: a changed root has files of its own and the same kernel."""

LEFT = Path("/run/auditbench-tests/found.json")
"""The audit state in which the tests found the host, kept while they have it."""

LONGEST_S = 840.0
"""The longest file of tests on a busy machine, and some; less than a test may take here."""


PAUSE_S = 0.1


class Turn:
    """The right to use the host's audit for tests; not taken yet."""

    def __init__(self, name: str = NAME, left: Path = LEFT) -> None:
        self._name, self._left = name, left
        self._socket: socket.socket | None = None

    def take(self, client: AuditClient, longest_s: float = LONGEST_S) -> str:
        """Wait for it and take it, unless it is held. Why that failed, empty where it did not."""
        if self._socket is not None:
            return ""
        _wait(lambda: holder_of(DEFAULT_STATE_DIR / "lock") is None, longest_s)
        taken = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        if not _wait(lambda: _bound(taken, self._name), longest_s):
            taken.close()
            return f"other tests have used this host's audit for {longest_s:.0f} s"
        self._socket = taken
        self._put_right(client)
        self._left.parent.mkdir(mode=0o700, exist_ok=True)
        LeaseRecord.take(client, "kernel tests").save(self._left)
        return ""

    def _put_right(self, client: AuditClient) -> None:
        """Give the host the state that tests found which were killed before they could do it."""
        record = load_record(self._left)
        if record is not None and record.boot_id == read_boot_id():
            calm(client)
            restore_state(client, record.snapshot, Report())

    def give_back(self) -> None:
        """Let other tests have it, and give them the time to see that it is free."""
        if self._socket is not None:
            remove_durably(self._left)
            self._socket.close()
            self._socket = None
            time.sleep(3 * PAUSE_S)


def _wait(condition: Callable[[], bool], longest_s: float) -> bool:
    return comes_true(condition, patience_s=longest_s, pause_s=PAUSE_S)


def _bound(taken: socket.socket, name: str) -> bool:
    try:
        taken.bind(name)
    except OSError:
        return False
    return True
