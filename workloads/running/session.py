"""A fresh audit session: writes /proc/self/loginuid and reads back the session id.

Every write of a loginuid makes the kernel assign a new session id, which every audit event of the
process and its descendants then carries as `ses=`. If it cannot be written, that is no error: the
reason is reported and the caller attributes events by the process tree.
Source: kernel/auditsc.c, audit_set_loginuid() and audit_set_loginuid_perm().
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass

UNSET = 4294967295  # (uid_t) -1

_REASONS = {
    errno.EPERM: "the kernel refused (loginuid is immutable, or CAP_AUDIT_CONTROL is missing)",
    errno.EACCES: "/proc/self/loginuid may not be written",
    errno.EROFS: "/proc is mounted read-only",
    errno.ENOENT: "this kernel has no /proc/self/loginuid (CONFIG_AUDIT)",
    errno.EINVAL: "the uid has no meaning in this user namespace",
}


@dataclass(frozen=True, slots=True)
class Session:
    """The audit identity of the load: `session` is None if no fresh one was available.

    `reason` says why it is None, or what is remarkable about an existing session.
    """

    session: int | None
    reason: str | None
    auid: int


def enter_session(wanted: str) -> Session:
    """Begin a new session for this process; `wanted` is `leave`, `keep`, `unset` or a uid."""
    if wanted == "leave":
        return Session(None, "no session was requested or needed", _read("loginuid"))
    if wanted == "unset":
        return _leave_session()
    uid, remark = kept_loginuid() if wanted == "keep" else (int(wanted), None)
    try:
        _write_loginuid(uid)
    except OSError as error:
        return _failed(f"loginuid {uid} could not be set", error)
    session = _read("sessionid")
    if session == UNSET:
        return Session(None, "the kernel assigned no session id", _read("loginuid"))
    return Session(session, remark, _read("loginuid"))


def _leave_session() -> Session:
    """Unset the loginuid: without one a process belongs to no session."""
    if caller_loginuid() != UNSET:
        try:
            _write_loginuid(UNSET)
        except OSError as error:
            return _failed("loginuid could not be unset", error)
    return Session(None, "a load without login uid has no session", _read("loginuid"))


def _failed(what: str, error: OSError) -> Session:
    why = _REASONS.get(error.errno or 0, os.strerror(error.errno or 0))
    return Session(None, f"{what}: {why}", _read("loginuid"))


def caller_loginuid() -> int:
    """The loginuid of this process; UNSET where it has none."""
    return _read("loginuid")


def kept_loginuid() -> tuple[int, str | None]:
    """The caller's loginuid; if it is unset, the next best uid and the reason."""
    if (uid := _read("loginuid")) != UNSET:
        return uid, None
    sudo_uid = os.environ.get("SUDO_UID", "")
    if sudo_uid.isdecimal() and int(sudo_uid) < UNSET:
        return int(sudo_uid), f"the caller's loginuid was unset: SUDO_UID {sudo_uid} was used"
    return os.getuid(), f"the caller's loginuid was unset: its uid {os.getuid()} was used"


def _read(name: str) -> int:
    try:
        handle = os.open(f"/proc/self/{name}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return UNSET
    try:
        return int(os.read(handle, 32) or UNSET)
    finally:
        os.close(handle)


def _write_loginuid(uid: int) -> None:
    handle = os.open("/proc/self/loginuid", os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(handle, str(uid).encode())
    finally:
        os.close(handle)
