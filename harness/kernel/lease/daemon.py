"""The registered audit daemon, and whether it is still alive. Nothing is stopped here.

The kernel keeps the pid of a daemon that died until it next tries to send to it, so the pid in
the status alone proves nothing.
"""

from __future__ import annotations

import contextlib
import errno
import time
from pathlib import Path
from typing import Final

from harness.errors import KernelAnswerError
from harness.kernel import messages
from harness.kernel.client import AuditClient
from harness.processes.identity import PROC, is_exiting

_NOTICE_S: Final = 0.5
_DYING_S: Final = 10.0
_POLL_S: Final = 0.005


def is_live_daemon(pid: int, proc: Path = PROC) -> bool:
    """Whether process `pid` exists and holds an audit netlink socket, as a daemon must.

    True also where that cannot be examined: a daemon is then left alone.
    """
    process = proc / str(pid)
    try:
        inodes = _audit_socket_inodes(process / "net" / "netlink")
        for descriptor in (process / "fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                if str(descriptor.readlink()) in inodes:
                    return True
    except (FileNotFoundError, ProcessLookupError, NotADirectoryError):
        return False
    except OSError as error:
        return error.errno not in (errno.ESRCH, errno.EINVAL)  # a zombie has no net namespace
    return False


def _audit_socket_inodes(table: Path) -> set[str]:
    """The audit sockets of a network namespace, as /proc/PID/fd names them."""
    rows = (line.split() for line in table.read_text().splitlines()[1:])
    return {
        f"socket:[{row[9]}]"
        for row in rows
        if len(row) > 9 and row[1] == str(messages.NETLINK_AUDIT)
    }


def process_name(pid: int, proc: Path = PROC) -> str:
    """The name of a process for a message; empty if it has ended."""
    try:
        return (proc / str(pid) / "comm").read_text(errors="replace").strip()
    except OSError:
        return ""


def clear_stale_daemon(client: AuditClient, proc: Path = PROC) -> bool:
    """Make the kernel forget a registered daemon that is dead; True if there was one.

    A live daemon is left alone; one that is dying is waited for. While audit is enabled, a user
    message is sent first: its delivery fails and the kernel notices. Taking the seat instead would
    have queued records sent to us and lost. While audit is disabled, registering makes the kernel
    look.
    """
    status = client.status()
    if not status.pid or _stays(status.pid, proc):
        return False
    if status.enabled and _wake_kernel(client) and _wait_cleared(client):
        return True
    if not _take_seat(client):
        return False
    client.unregister()
    return True


def _stays(pid: int, proc: Path) -> bool:
    """Whether the process is a live daemon and not one that is just dying.

    A process that was killed closes its socket some time after its memory is gone: until then the
    kernel reaches it, and nobody else would ever clear its registration.
    """
    deadline = time.monotonic() + _DYING_S
    while is_live_daemon(pid, proc):
        if not is_exiting(pid, proc) or time.monotonic() > deadline:
            return True
        time.sleep(_POLL_S)
    return False


def _take_seat(client: AuditClient) -> bool:
    """Register in the place of the dead daemon; False if the kernel still reaches its socket."""
    deadline = time.monotonic() + _NOTICE_S
    while True:
        try:
            client.register()
        except KernelAnswerError as error:
            if error.errno != errno.EEXIST:
                raise
            if time.monotonic() > deadline:
                return False  # it is alive after all, where it cannot be seen from here
            time.sleep(_POLL_S)
        else:
            return True


def _wake_kernel(client: AuditClient) -> bool:
    try:
        client.send_user_message("auditbench: is the registered audit daemon alive?")
    except KernelAnswerError:  # CAP_AUDIT_WRITE is missing
        return False
    return True


def _wait_cleared(client: AuditClient) -> bool:
    deadline = time.monotonic() + _NOTICE_S
    while time.monotonic() < deadline:
        if not client.status().pid:
            return True
        time.sleep(_POLL_S)
    return False
