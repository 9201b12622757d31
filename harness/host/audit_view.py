"""The answers of the kernel's audit subsystem, or why there are none: asked once, then judged.

The client is opened, read and closed; nothing changes (the probe of `ever_enabled` is separate).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from harness.errors import AuditbenchError
from harness.host.ever_enabled.probe import ClientLike, EverEnabled
from harness.host.tree import HostTree
from harness.kernel.lease.daemon import is_live_daemon
from harness.kernel.status import AuditFeatures, AuditStatus


class AskingClient(ClientLike, Protocol):
    """An audit client that also returns features."""

    def status(self) -> AuditStatus: ...
    def features(self) -> AuditFeatures | None: ...


ClientFactory = Callable[[], AbstractContextManager[AskingClient]]


@dataclass(frozen=True, slots=True)
class Registered:
    """The process that the kernel names as its audit daemon."""

    pid: int
    name: str | None
    """None if there is no such process any more."""
    exe: str | None
    alive: bool
    """Whether it is alive and holds an audit socket; otherwise the kernel's entry is stale."""


def read_registered(tree: HostTree, pid: int) -> Registered | None:
    """The process with the audit status's `pid`; None for 0 (nobody)."""
    if pid == 0:
        return None
    return Registered(
        pid=pid,
        name=tree.process_name(pid),
        exe=tree.process_exe(pid),
        alive=is_live_daemon(pid, tree.path("/proc")),
    )


@dataclass(frozen=True, slots=True)
class AuditView:
    """The kernel's answers. If there are none, `error` says why, and the others are None."""

    error: str = ""
    remedy: str = ""
    status: AuditStatus | None = None
    features: AuditFeatures | None = None
    rules: Sequence[bytes] | None = None
    registered: Registered | None = None
    """The registered daemon; None also if there is none."""
    ever: EverEnabled | None = None


def ask_kernel(
    client_factory: ClientFactory,
    *,
    tree: HostTree | None = None,
    probe: Callable[[AskingClient], EverEnabled] | None = None,
) -> AuditView:
    """Ask for status and features, rules and, if `probe` is given, its answer.

    An error of the harness becomes the view's `error` and `remedy`.
    """
    try:
        with client_factory() as client:
            status, rules = client.status(), client.list_rules()
            features = client.features()
            ever = None if probe is None else probe(client)
            return AuditView(
                status=status,
                features=features,
                rules=rules,
                registered=read_registered(tree or HostTree(), status.pid),
                ever=ever,
            )
    except AuditbenchError as error:
        return AuditView(error=error.what, remedy=error.remedy)
