"""In a guest: a daemon started by the adapter of live runs, and its output, judged as there."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, cast

from harness.consumers.base import Consumer, ConsumerSetup, RunningConsumer
from harness.consumers.counted.adapters import ADAPTERS
from harness.consumers.counted.system_log import SystemLog
from harness.consumers.foreign.given_output import Form
from harness.consumers.foreign.mapping import read_mapping
from harness.consumers.own.command import OwnCommand, OwnConsumer
from harness.errors import AuditbenchError
from harness.guest.inside.clocks import cpu_ns, run_after_all_others
from harness.guest.inside.listener import Listener, daemons_started_by
from harness.guest.order import MARKER, GuestDaemon
from harness.host.tree import HostTree
from harness.kernel.client import AuditClient
from harness.processes.line_process import ChildFailedError

_BUFFER: Final = Path("/proc/sys/net/core/rmem_default")
FOLDER: Final = Path("/auditbench/daemon")
"""Of one trial, in the guest's memory; of equal name in all, so that equal guests do the same."""
REST_TIMEOUT_S: Final = 30.0


def _listen(daemon: GuestDaemon, client: AuditClient) -> Listener:
    """Start a daemon and have it run after all others.

    Raises ChildFailedError with the end of its messages where it does not start.
    """
    FOLDER.mkdir(mode=0o700)
    with SystemLog() as log, _receive_buffers(daemon.receive_buffer_bytes):
        try:
            running = _started(daemon, FOLDER)
        except (AuditbenchError, OSError) as error:
            shutil.rmtree(FOLDER, ignore_errors=True)
            what = error.what if isinstance(error, AuditbenchError) else str(error)
            raise ChildFailedError(what + log.end_in_words()) from error
    return _DaemonListener(running, client)


def _started(daemon: GuestDaemon, folder: Path) -> RunningConsumer:
    os.environ["PATH"] = str(Path(daemon.program).parent)
    setup = ConsumerSetup(
        marker=MARKER,
        excluded_types=daemon.excluded_types,
        folder=folder,
        binary=Path(daemon.program),
    )
    return _adapter(daemon).start(setup)


def _adapter(daemon: GuestDaemon) -> Consumer:
    """That of live runs; what a program of the user's own writes is read as there, too."""
    if (own := daemon.command) is None:
        return ADAPTERS[daemon.adapter]
    mapping = read_mapping("--consumer-mapping", own.mapping) if own.mapping else None
    command = OwnCommand(own.words, own.output, cast("Form | None", own.form or None), mapping)
    return OwnConsumer(daemon.adapter, command)


@contextlib.contextmanager
def _receive_buffers(size_bytes: int) -> Iterator[None]:
    """Give sockets that are opened meanwhile a buffer of this size, unless they ask for another.

    auditd takes the default; with the product's own consumer's, kauditd has room to deliver all
    that a round records before either daemon wakes.
    """
    before = _BUFFER.read_text(encoding="ascii")
    _BUFFER.write_text(str(size_bytes or before), encoding="ascii")
    try:
        yield
    finally:
        _BUFFER.write_text(before, encoding="ascii")


class _DaemonListener(Listener):
    def __init__(self, running: RunningConsumer, client: AuditClient) -> None:
        super().__init__(client)
        self._running = running
        tree = HostTree()
        self._names = {pid: _name_of(pid, tree) for pid in running.pids}
        for pid in running.pids:
            for thread in tree.names(f"/proc/{pid}/task"):
                run_after_all_others(int(thread))

    def await_marker(self, number: int) -> bool:
        return self._running.wait_marker(number, REST_TIMEOUT_S)

    def cpu_by_process(self) -> dict[str, int]:
        used: Counter[str] = Counter()
        for pid, name in self._names.items():
            used[name] += cpu_ns(pid)
        return dict(used)

    def stop(self) -> dict[str, Any]:
        document = self._running.stop().document
        assert document is not None, "these adapters judge what their programs write"
        return document

    def end(self) -> None:
        self._running.end()
        shutil.rmtree(FOLDER, ignore_errors=True)


def _name_of(pid: int, tree: HostTree) -> str:
    return tree.text(f"/proc/{pid}/comm") or str(pid)


daemons_started_by(_listen)
