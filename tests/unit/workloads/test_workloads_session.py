"""Audit sessions: what is written, and what is told where it cannot be."""

from __future__ import annotations

import errno

import pytest

from workloads.running import session as _session
from workloads.running.session import UNSET, Session, enter_session


class Proc:
    """A stand-in for /proc/self/loginuid and sessionid."""

    def __init__(self, loginuid: int, error: int = 0) -> None:
        self.values = {"loginuid": loginuid, "sessionid": UNSET}
        self.error = error
        self.written: list[int] = []

    def read(self, name: str) -> int:
        return self.values[name]

    def write(self, uid: int) -> None:
        if self.error:
            raise OSError(self.error, "refused")
        self.written.append(uid)
        self.values = {"loginuid": uid, "sessionid": 77}


@pytest.fixture
def proc(monkeypatch: pytest.MonkeyPatch) -> Proc:
    made = Proc(1000)
    monkeypatch.setattr(_session, "_read", made.read)
    monkeypatch.setattr(_session, "_write_loginuid", made.write)
    monkeypatch.delenv("SUDO_UID", raising=False)
    return made


def test_the_callers_loginuid_is_kept(proc: Proc) -> None:
    assert enter_session("keep") == Session(77, None, 1000)
    assert proc.written == [1000]


def test_another_uid_is_written(proc: Proc) -> None:
    assert enter_session("42") == Session(77, None, 42)


def test_without_a_session_nothing_is_written(proc: Proc) -> None:
    entered = enter_session("leave")
    assert (entered.session, entered.auid) == (None, 1000)
    assert entered.reason
    assert proc.written == []


def test_unset_unsets_the_login_uid(proc: Proc) -> None:
    entered = enter_session("unset")
    assert (entered.session, entered.auid) == (None, UNSET)
    assert entered.reason
    assert proc.written == [UNSET]


def test_what_is_unset_is_not_written(proc: Proc) -> None:
    proc.values["loginuid"] = UNSET
    assert enter_session("unset").auid == UNSET
    assert proc.written == []


def test_a_login_uid_that_cannot_be_unset_is_a_reason(proc: Proc) -> None:
    proc.error = errno.EPERM
    entered = enter_session("unset")
    assert (entered.session, entered.auid) == (None, 1000)
    assert str(entered.reason).startswith("loginuid could not be unset: the kernel refused")


def test_an_unset_loginuid_falls_back_to_the_user_behind_sudo(
    proc: Proc, monkeypatch: pytest.MonkeyPatch
) -> None:
    proc.values["loginuid"] = UNSET
    monkeypatch.setenv("SUDO_UID", "1234")
    entered = enter_session("keep")
    assert (entered.session, entered.auid) == (77, 1234)
    assert "SUDO_UID" in str(entered.reason)


@pytest.mark.parametrize("sudo_uid", [None, "", "x", "-1", str(UNSET)])
def test_without_sudo_it_is_the_users_own_uid(
    proc: Proc, monkeypatch: pytest.MonkeyPatch, sudo_uid: str | None
) -> None:
    proc.values["loginuid"] = UNSET
    monkeypatch.setattr("os.getuid", lambda: 5)
    if sudo_uid is not None:
        monkeypatch.setenv("SUDO_UID", sudo_uid)
    entered = enter_session("keep")
    assert (entered.session, entered.auid) == (77, 5)
    assert "uid 5" in str(entered.reason)


@pytest.mark.parametrize("error", [errno.EPERM, errno.EACCES, errno.ENOENT, errno.EINVAL, 999])
def test_a_refusal_is_a_reason_and_no_error(proc: Proc, error: int) -> None:
    proc.error = error
    entered = enter_session("keep")
    assert (entered.session, entered.auid) == (None, 1000)
    assert str(entered.reason).startswith("loginuid 1000 could not be set: ")


def test_no_session_id_is_a_reason(proc: Proc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_session, "_write_loginuid", lambda uid: None)
    entered = enter_session("keep")
    assert entered.session is None
    assert entered.reason


def test_a_kernel_without_audit_reads_as_unset() -> None:
    assert _session._read("no-such-file") == UNSET
