"""The probe whether the kernel counts rules that are gone.

The kernel keeps the number of its rules (`audit_n_rules`); while it is 0, a syscall takes the
short way through audit. When a folder that a rule watches is removed or unmounted, the kernel
drops the rule (`kill_rules` in audit_tree.c, `audit_remove_parent_watches` in audit_watch.c) and
leaves the number as it was: from then until the next boot every syscall of every process pays as
if a rule were loaded, while `auditctl -l` says 'No rules'. Seen on Linux 6.1 and 6.18.

The number is nowhere to be read. What shows it: with audit enabled and no rules, a change of a
setting is recorded as an event of its own, CONFIG_CHANGE and the SYSCALL that made it. That event
holds the address which the syscall was given, SOCKADDR, only if the kernel took the long way.
"""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from harness.errors import KernelAnswerError
from harness.host.finding import Finding
from harness.kernel.client import AuditClient

CONFIG_CHANGE, SYSCALL, SOCKADDR, EOE = 1305, 1300, 1306, 1320
_LARGEST_BYTES = 9_216
_PATIENCE_S = 0.5
_CHANGE = re.compile(rb"audit\([\d.]+:(\d+)\): op=set audit_enabled=1 ")
_SERIAL = re.compile(rb"audit\([\d.]+:(\d+)\):")

Datagram = tuple[int, bytes]
"""The type of a record and its text."""


def counts_gone_rules(client: AuditClient) -> bool | None:
    """Whether the kernel counts rules although it has none; None where that cannot be told.

    Audit has to be disabled, without rules and without a daemon. For some 30 ms it is enabled and
    this process is its daemon, so that the records of the probe go nowhere else.
    """
    if client.status().enabled or client.list_rules():
        return None
    try:
        client.register()
    except KernelAnswerError:
        return None
    try:
        client.set_status("enabled", 1)
        _send(client.fileno())
        return verdict(_datagrams(client.fileno()))
    except (OSError, subprocess.SubprocessError):
        return None
    finally:
        try:
            client.set_status("enabled", 0)
        finally:
            client.unregister()


def verdict(datagrams: Iterable[Datagram]) -> bool | None:
    """What the event of the probe's own change says.

    None without a SYSCALL: kernels that do not record it, or a sender without an audit context.
    """
    serial: bytes | None = None
    kinds: set[int] = set()
    for kind, text in datagrams:
        if serial is None and kind == CONFIG_CHANGE and (change := _CHANGE.match(text)):
            serial = change[1]
        found = _SERIAL.match(text)
        if serial is not None and found is not None and found[1] == serial:
            kinds.add(kind)
            if kind == EOE:
                break
    return SOCKADDR in kinds if SYSCALL in kinds else None


def find_gone_rules(client: AuditClient) -> Finding | None:
    """What to tell the user; None where there is nothing, or it cannot be told."""
    if not counts_gone_rules(client):
        return None
    return Finding(
        "gone-rules",
        "warning",
        "this kernel still counts rules that are gone (a folder that a rule watched was removed or "
        "unmounted): `no-rules` and every audited process here pay as if a rule were loaded",
        "reboot before comparing with `no-rules`; delete a rule before its folder goes",
        "a change of a setting is recorded with the address it was sent to",
    )


def _send(descriptor: int) -> None:
    """Let a process that is not the daemon set `enabled` to what it is."""
    sender = Path(__file__).with_name("sender.py")
    subprocess.run(
        [sys.executable, "-I", "-S", str(sender), str(descriptor)],
        check=True,
        timeout=5,
        pass_fds=(descriptor,),
        stderr=subprocess.DEVNULL,
    )


def _datagrams(descriptor: int) -> Iterator[Datagram]:
    """What the kernel sends to the daemon, until it is silent for too long."""
    deadline = time.monotonic() + _PATIENCE_S
    while (left := deadline - time.monotonic()) > 0:
        if not select.select([descriptor], [], [], left)[0]:
            return
        data = os.read(descriptor, _LARGEST_BYTES)
        yield int.from_bytes(data[4:6], sys.byteorder), data[16:]
