"""Requests to the kernel's audit: status, features, rules, counters, user messages.

One method per request; the lease decides what to set when, and restores it. Rules are opaque
bytes here. `enabled` is never set to 2 (locked until reboot), nor `failure` to 2 (panic): such a
request does not leave this file.

A client belongs to one thread. The kernel works inside the send: where its record queue is
over `backlog_limit`, the sender sleeps there for up to `backlog_wait_time`, and no time-out can
shorten that.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Final

from harness.counted import counted
from harness.errors import KernelAnswerError, UsageError
from harness.kernel import messages, netlink
from harness.kernel.netlink import Reply, Request
from harness.kernel.refusals import explain_refusal
from harness.kernel.status import AuditFeatures, AuditStatus

DEFAULT_TIMEOUT_S: Final = 10.0
_READ_ATTEMPTS: Final = 3

SocketFactory = Callable[[], socket.socket]


class AuditClient:
    """The kernel's audit control interface. A context manager; closes its socket.

    `socket_factory` makes the connection; the default is the running kernel's. Every method
    raises KernelAnswerError (a HostUnfitError) with the remedy when the kernel refuses or
    its answer is not understood.
    """

    def __init__(
        self, socket_factory: SocketFactory | None = None, *, timeout_s: float = DEFAULT_TIMEOUT_S
    ) -> None:
        # Looked up now, not at import, so that a test can replace it for the whole process.
        factory = socket_factory or netlink.open_audit_socket
        self._socket = netlink.ControlSocket(factory(), timeout_s)

    def __enter__(self) -> AuditClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; a second time does nothing."""
        self._socket.close()

    def fileno(self) -> int:
        """The descriptor of the connection."""
        return self._socket.fileno()

    # --- reading ---------------------------------------------------------------------------

    def status(self) -> AuditStatus:
        """The audit status now. Costs the kernel a thread: not for polling at kHz."""
        reply = self._read(Request(messages.AUDIT_GET, data=messages.AUDIT_GET))
        return AuditStatus.from_bytes(reply.payloads[0])

    def features(self) -> AuditFeatures | None:
        """The audit features; None on kernels before 3.13, which have none."""
        try:
            reply = self._read(Request(messages.AUDIT_GET_FEATURE, data=messages.AUDIT_GET_FEATURE))
        except KernelAnswerError as error:
            if error.errno == errno.EINVAL:
                return None
            raise
        return AuditFeatures.from_bytes(reply.payloads[0])

    def list_rules(self) -> list[bytes]:
        """The payloads of all rules, list by list, each in the order of evaluation.

        Each may be handed to `delete_rule` or `add_rule` as it is.
        """
        reply = self._read(
            Request(messages.AUDIT_LIST_RULES, data=messages.AUDIT_LIST_RULES, dump=True)
        )
        for payload in reply.payloads:
            if len(payload) < messages.RULE_FIXED_BYTES:
                raise KernelAnswerError(
                    f"the kernel listed a rule of {counted(len(payload), 'byte')}; a rule has at "
                    f"least {messages.RULE_FIXED_BYTES:,}",
                    remedy="report this with the output of `uname -r`",
                )
        return reply.payloads

    # --- changing --------------------------------------------------------------------------

    def set_status(self, field: str, value: int) -> None:
        """Set one field of the status, by its name in AuditStatus.

        Raises UsageError for `enabled` 2, `failure` 2 and values that do not fit a u32.
        """
        self.set_statuses([(field, value)])

    def set_statuses(self, settings: Iterable[tuple[str, int]]) -> None:
        """Set several fields in the given order, one bit per message, in one datagram.

        The kernel continues after one that it refuses; the first refusal is raised at the end.
        """
        requests = [_set_request(field, value) for field, value in settings]
        if requests:
            self._all_accepted(self._socket.exchange(requests))

    def set_features(self, mask: int, features: int) -> None:
        """Set the features in `mask` to their bits in `features`; locks nothing."""
        payload = messages.FEATURES.pack(messages.FEATURES_VERSION, mask, features, 0)
        self._all_accepted(self._socket.exchange([Request(messages.AUDIT_SET_FEATURE, payload)]))

    def add_rule(self, payload: bytes) -> None:
        """Add one rule at the tail of its list, or at its head if it has the prepend flag."""
        self._all_accepted(self._socket.exchange([Request(messages.AUDIT_ADD_RULE, payload)]))

    def delete_rule(self, payload: bytes) -> None:
        """Delete one rule, the first that equals it. Takes the kernel an RCU grace period."""
        listed = messages.with_prepend(payload, False)
        self._all_accepted(self._socket.exchange([Request(messages.AUDIT_DEL_RULE, listed)]))

    def send_user_message(self, text: str, kind: int = messages.AUDIT_TRUSTED_APP) -> None:
        """Put a user message behind all records queued so far.

        It becomes a record of type `kind` with `msg='TEXT'`. Accepted and ignored while audit
        is disabled. The kernel cuts it off after 8,560 bytes.
        """
        payload = text.encode() + b"\0"
        self._all_accepted(self._socket.exchange([Request(kind, payload)]))

    # --- the daemon's seat -----------------------------------------------------------------

    def register(self) -> None:
        """Register this process as the audit daemon; its records arrive at this socket.

        The kernel pings the daemon it knows first: if that one is dead it is forgotten, if it
        lives this is refused with EEXIST.
        """
        self.set_status("pid", os.getpid())

    def unregister(self) -> None:
        """Give up the audit daemon's seat."""
        self.set_status("pid", 0)

    # --- inside ----------------------------------------------------------------------------

    def _read(self, request: Request) -> Reply:
        """Make one request that changes nothing; repeat it if its answer was overrun."""
        for attempt in range(1, _READ_ATTEMPTS + 1):
            try:
                return self._all_accepted(self._socket.exchange([request]))[0]
            except KernelAnswerError as error:
                if error.errno != errno.ENOBUFS or attempt == _READ_ATTEMPTS:
                    raise
        raise AssertionError("unreachable")

    def _all_accepted(self, replies: Sequence[Reply]) -> Sequence[Reply]:
        for reply in replies:
            error = reply.error or 0
            if error < 0:
                self._refused(reply.request.kind, -error)
            if error > 0:
                name = messages.REQUEST_NAMES.get(reply.request.kind, str(reply.request.kind))
                raise KernelAnswerError(
                    f"the kernel answered {name} with the number {error}, which it must not",
                    remedy="report this with the output of `uname -r`",
                )
        return replies

    def _refused(self, kind: int, number: int) -> None:
        locked = number == errno.EPERM and kind != messages.AUDIT_GET and self._is_locked()
        what, remedy = explain_refusal(kind, number, locked=locked)
        raise KernelAnswerError(what, errno=number, remedy=remedy)

    def _is_locked(self) -> bool:
        try:
            return self.status().enabled == messages.ENABLED_LOCKED
        except KernelAnswerError:
            return False


def _set_request(field: str, value: int) -> Request:
    if (field == "enabled" and value not in (0, 1)) or (field == "failure" and value not in (0, 1)):
        raise UsageError(
            f"audit's {field} must not be set to {value}",
            remedy="only 0 and 1 can be given back; 2 locks the host or lets it panic",
        )
    if field not in messages.STATUS_FIELDS or not 0 <= value <= 0xFFFF_FFFF:
        raise UsageError(
            f"audit's {field} cannot be set to {value}", remedy="use a number from 0 to 2^32-1"
        )
    return Request(messages.AUDIT_SET, messages.status_payload(field, value))
