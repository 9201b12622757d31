"""The lease: the host's audit state, borrowed for a run and given back whatever happens.

    with take_lease(command="auditbench run overhead") as lease:
        lease.apply(AuditState(enabled=1, backlog_limit=8192, rules=(payload, …)))

The order of taking it: lock, repair of what an earlier run left over, snapshot on disk, guard
running; only then is the kernel changed. What the rules mean and when to change them is not
decided here.
"""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from harness.errors import HostUnfitError, NotGivenBackError
from harness.kernel import netlink
from harness.kernel.client import AuditClient, SocketFactory
from harness.kernel.lease.apply import StateWriter
from harness.kernel.lease.borrow import describe_daemon, stop_daemon
from harness.kernel.lease.children import ChildRegister, read_children
from harness.kernel.lease.daemon import clear_stale_daemon, is_live_daemon, process_name
from harness.kernel.lease.guard_process import GuardProcess
from harness.kernel.lease.lock import OnWait, RunLock
from harness.kernel.lease.repair import repair
from harness.kernel.lease.restore import TOKEN_VARIABLE, carries_token, conclude, give_back
from harness.kernel.lease.snapshot import LeaseRecord, Snapshot, differences
from harness.kernel.lease.state_dir import StateDir, default_state_dir, remove_durably
from harness.kernel.messages import ENABLED_LOCKED, FAILURE_PANIC
from harness.kernel.status import AuditStatus
from harness.model.state import AuditState

__all__ = ["Lease", "LeaseFinding", "restore", "take_lease"]

_DEFERRED: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class LeaseFinding:
    """Something about the lease that is not as it should be, with its remedy.

    kind: `guard` (it died, and was replaced), `state` (the kernel is not as applied),
    `daemon` (a foreign one is registered).
    """

    kind: Literal["guard", "state", "daemon"]
    what: str
    remedy: str


@contextlib.contextmanager
def take_lease(
    *,
    command: str,
    borrow: bool = False,
    wait: bool = False,
    on_wait: OnWait | None = None,
    state_dir: Path | None = None,
    socket_factory: SocketFactory | None = None,
) -> Iterator[Lease]:
    """Borrow the host's audit state; given back when the block is left.

    `command` names the run to others. `borrow` asks a registered daemon to stop, and starts it
    again at the end. `wait` waits for another run to end, calling `on_wait` meanwhile.
    `socket_factory` makes connections to another kernel than the running one, for tests.

    Raises HostUnfitError, with nothing changed, if there is no audit or no privilege, audit
    is locked, the host panics on a lost record, or another run or (without `borrow`) a
    daemon uses audit; and at the end, with all else restored, if something cannot be.
    """
    factory = socket_factory or netlink.open_audit_socket
    state = default_state_dir(state_dir)
    with contextlib.ExitStack() as stack:
        client = stack.enter_context(AuditClient(factory))
        _refuse_unfit(client.status())  # report missing privilege before a held lock
        state.prepare()
        lock = RunLock(state.lock)
        lock.acquire(command, wait=wait, on_wait=on_wait)
        stack.callback(lock.close)
        repaired = repair(client, state)
        status = client.status()
        _refuse_unfit(status)
        _refuse_daemon(status, borrow=borrow)
        lease = Lease(client, state, lock, LeaseRecord.take(client, command), factory)
        lease.repaired = repaired
        stack.callback(lease.release)
        lease.free_seat(borrow=borrow)
        yield lease


def restore(
    state_dir: Path | None = None, socket_factory: SocketFactory | None = None
) -> list[str]:
    """Restore by hand what a dead run and its dead guard left over; return what was done, in words.

    Empty if nothing was left over. Raises HostUnfitError if a run holds the lease, or if
    something cannot be restored.
    """
    state = default_state_dir(state_dir)
    with AuditClient(socket_factory) as client:
        client.status()  # report missing privilege before a held lock
        state.prepare()
        lock = RunLock(state.lock)
        lock.acquire("auditbench restore")
        try:
            return repair(client, state)
        finally:
            lock.close()


class Lease:
    """The borrowed audit state. Made by `take_lease`; belongs to the thread that took it.

    `snapshot` is the state that will be given back; `repaired` describes what earlier runs had
    left over; `client` may be used for reading.
    """

    def __init__(
        self,
        client: AuditClient,
        state: StateDir,
        lock: RunLock,
        record: LeaseRecord,
        factory: SocketFactory,
    ) -> None:
        self.client = client
        self.repaired: list[str] = []
        self._state = state
        self._lock = lock
        self._record = record
        self._factory = factory
        self._owner = os.getpid()
        self._writer = StateWriter(client, record.snapshot)
        self._expected = record.snapshot
        self._children = ChildRegister(state.children)
        try:
            record.save(state.lease)
            self._guard = GuardProcess(state, lock.fileno(), factory)
        except BaseException:
            self._children.close()
            remove_durably(state.lease)  # nothing has been changed yet
            remove_durably(state.children)
            raise
        os.environ[TOKEN_VARIABLE] = record.token

    @property
    def snapshot(self) -> Snapshot:
        """The state as it was before, and will be again."""
        return self._record.snapshot

    def free_seat(self, *, borrow: bool) -> None:
        """Make sure that no audit daemon is registered: `borrow` a live one, recording it first."""
        status = self.client.status()
        _refuse_daemon(status, borrow=borrow)
        pid = status.pid
        if pid and is_live_daemon(pid):
            daemon = describe_daemon(pid)
            self._record = replace(self._record, daemon=daemon)
            self._record.save(self._state.lease)
            stop_daemon(self.client, daemon)
        else:
            clear_stale_daemon(self.client)
        # A daemon may switch recording off as it ends; the state it leaves is the one found.
        self._expected = Snapshot.capture(self.client)

    def apply(self, wanted: AuditState) -> None:
        """Put the state in force; only what differs is changed, rules while recording is off.

        Raises KernelAnswerError if the kernel refuses a rule or a value.
        """
        self._expected = self._writer.apply(wanted)

    def register_child(self, pid: int) -> None:
        """Have process `pid` ended before anything is restored, by this process or the guard."""
        self._children.add(pid)

    def forget_child(self, pid: int) -> None:
        """Note that process `pid` has ended; safe even after its pid was reused."""
        self._children.forget(pid)

    def clear_stale_daemon(self) -> bool:
        """Make the kernel forget a consumer that died while registered; True if there was one."""
        return clear_stale_daemon(self.client)

    def check(self) -> tuple[LeaseFinding, ...]:
        """Check that the guard lives and the kernel is as applied; empty if all is well.

        A dead guard is replaced before this returns. Costs about a millisecond.
        """
        findings = []
        if not self._guard.is_alive():
            findings.append(
                LeaseFinding("guard", "the guard died", "a new one was started in its place")
            )
            self._guard.disown()
            self._guard = GuardProcess(self._state, self._lock.fileno(), self._factory)
        findings += [
            LeaseFinding("state", difference, "another program changes audit: stop it for the run")
            for difference in differences(Snapshot.capture(self.client), self._expected)
        ]
        pid = self.client.status().pid
        if pid and is_live_daemon(pid) and not self._is_ours(pid):
            who = f"{process_name(pid)} (pid {pid})"
            findings.append(LeaseFinding("daemon", f"{who} registered meanwhile", "stop it"))
        return tuple(findings)

    def release(self) -> None:
        """End the children and restore everything; do nothing in a forked child.

        Raises NotGivenBackError, naming it, if something cannot be restored.
        """
        if os.getpid() != self._owner:
            return
        os.environ.pop(TOKEN_VARIABLE, None)
        with _signals_deferred():
            self._children.close()
            try:
                report = give_back(self.client, self._record, read_children(self._state.children))
                kept = conclude(self._state, self._record, report)
            except BaseException:
                self._guard.disown()  # now it is the guard's turn to try
                raise
            self._guard.dismiss()
        if report.problems:
            raise NotGivenBackError(
                f"not all of the host's audit state could be given back:"
                f" {'; '.join(report.problems)}",
                remedy=f"what it should be is kept in {kept}",
            )

    def _is_ours(self, pid: int) -> bool:
        return pid == os.getpid() or carries_token(pid, self._record.token)


def _refuse_unfit(status: AuditStatus) -> None:
    if status.enabled == ENABLED_LOCKED:
        raise HostUnfitError(
            "audit is locked on this host (enabled 2): no rule or setting can be changed",
            remedy="only a reboot unlocks it; remove `-e 2` from the host's audit rules first",
        )
    if status.failure == FAILURE_PANIC:
        raise HostUnfitError(
            "this host panics when an audit record is lost (failure 2)",
            remedy="measure on another host, or run `auditctl -f 1` first",
        )


def _refuse_daemon(status: AuditStatus, *, borrow: bool) -> None:
    if status.pid and is_live_daemon(status.pid) and not borrow:
        raise HostUnfitError(
            f"the audit daemon {process_name(status.pid)} (pid {status.pid}) is registered",
            remedy="stop it for the run (auditd: `service auditd stop`), or use --borrow",
        )


@contextlib.contextmanager
def _signals_deferred() -> Iterator[None]:
    """Keep a second Ctrl-C from interrupting the restore. The guard covers SIGKILL.

    By handlers, not by a mask: a daemon started meanwhile would inherit the mask.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _do_nothing) for number in _DEFERRED}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)


def _do_nothing(_number: int, _frame: object) -> None:
    pass
