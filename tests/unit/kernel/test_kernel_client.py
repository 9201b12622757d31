"""The client against a fake kernel: what it asks, and what it makes of each answer."""

from __future__ import annotations

import errno
import os
import socket
import struct
import time

import pytest

from harness.errors import HostUnfitError, KernelAnswerError, UsageError
from harness.kernel import netlink
from harness.kernel.client import AuditClient
from tests.fakes import fake_kernel
from tests.fakes.fake_kernel import ADD, DEL, GET, GET_FEATURE, LIST, SET, FakeKernel, rule


def test_status(kernel: FakeKernel, client: AuditClient) -> None:
    kernel.lost, kernel.backlog, kernel.daemon = 3, 4, 5
    status = client.status()
    assert (status.enabled, status.failure, status.backlog_limit) == (0, 1, 64)
    assert (status.lost, status.backlog, status.pid) == (3, 4, 5)


@pytest.mark.parametrize("size", [32, 36, 40, 44])
def test_status_of_older_kernels(kernel: FakeKernel, client: AuditClient, size: int) -> None:
    kernel.status_bytes = size
    assert client.status().backlog_wait_time == (15000 if size >= 40 else None)


def test_data_may_come_before_the_acknowledgement(kernel: FakeKernel, client: AuditClient) -> None:
    kernel.data_first = True
    kernel.rules = [rule(1)]
    assert client.status().backlog_limit == 64
    assert client.list_rules() == [rule(1)]


def test_one_bit_per_message_in_the_order_given(kernel: FakeKernel, client: AuditClient) -> None:
    client.set_statuses([("backlog_wait_time", 0), ("enabled", 1), ("backlog_limit", 9)])
    assert kernel.log == ["backlog_wait_time=0", "enabled=1", "backlog_limit=9"]
    masks = [struct.unpack_from("=I", payload)[0] for _, payload in kernel.requests]
    assert masks == [0x20, 0x01, 0x10]


def test_behind_a_refused_setting_the_next_is_set(kernel: FakeKernel, client: AuditClient) -> None:
    kernel.refuse[SET, "failure"] = errno.EINVAL
    with pytest.raises(KernelAnswerError, match="out of the kernel's range"):
        client.set_statuses([("failure", 0), ("backlog_limit", 9)])
    assert kernel.settings["backlog_limit"] == 9


@pytest.mark.parametrize(
    ("field", "value"),
    [("enabled", 2), ("failure", 2), ("enabled", -1), ("backlog_limit", 2**32), ("backlog", 1)],
)
def test_what_cannot_be_given_back_is_not_sent(
    kernel: FakeKernel, client: AuditClient, field: str, value: int
) -> None:
    with pytest.raises(UsageError, match=field):
        client.set_status(field, value)
    assert kernel.requests == []


def test_a_number_where_none_belongs_is_an_error(kernel: FakeKernel, client: AuditClient) -> None:
    kernel.answers[ADD] = [fake_kernel.message(2, struct.pack("=i", 7) + bytes(16))]
    with pytest.raises(KernelAnswerError, match="AUDIT_ADD_RULE with the number 7"):
        client.add_rule(rule(1))


def test_rules_round_trip(kernel: FakeKernel, client: AuditClient) -> None:
    client.add_rule(rule(1, strings=b"odd"))  # an unaligned payload
    client.add_rule(bytes([0x14]) + rule(2)[1:])
    client.add_rule(rule(3, filter_list=1))
    assert client.list_rules() == [rule(3, filter_list=1), rule(2), rule(1, strings=b"odd")]
    client.delete_rule(bytes([0x14]) + rule(2)[1:])  # the flag would find nothing
    assert client.list_rules() == [rule(3, filter_list=1), rule(1, strings=b"odd")]


def test_a_thousand_rules(kernel: FakeKernel, client: AuditClient) -> None:
    kernel.rules = [rule(number) for number in range(1000)]
    assert client.list_rules() == kernel.rules


def test_features_and_their_absence(kernel: FakeKernel, client: AuditClient) -> None:
    kernel.features = 2
    features = client.features()
    assert features is not None
    assert features.features == 2
    client.set_features(1, 1)
    assert kernel.features == 3
    kernel.refuse[GET_FEATURE, None] = errno.EINVAL
    assert client.features() is None


def test_a_user_message_ends_in_a_zero_byte(kernel: FakeKernel, client: AuditClient) -> None:
    client.send_user_message("marker:1")
    assert kernel.requests == [(1121, b"marker:1\0")]


def test_an_answer_that_does_not_come_is_an_error(kernel: FakeKernel) -> None:
    kernel.silent.add(GET)
    with (
        AuditClient(kernel.connect, timeout_s=0.05) as client,
        pytest.raises(
            KernelAnswerError, match=r"did not answer AUDIT_GET within 0\.05 s"
        ) as caught,
    ):
        client.status()
    assert caught.value.errno == errno.ETIMEDOUT


def test_a_late_answer_is_not_taken_for_the_next_one(kernel: FakeKernel) -> None:
    kernel.delay_s = 0.3
    with AuditClient(kernel.connect, timeout_s=0.05) as client:
        with pytest.raises(KernelAnswerError, match="did not answer"):
            client.list_rules()
        kernel.delay_s = 0
        client._socket._timeout_s = 5
        kernel.settings["backlog_limit"] = 77
        assert client.status().backlog_limit == 77


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        (GET, fake_kernel.message(4242, b"?")),
        (GET, fake_kernel.message(GET, bytes(12))),
        (GET, fake_kernel.message(LIST, bytes(1040))),
        (LIST, fake_kernel.message(GET, bytes(44))),
        (GET_FEATURE, fake_kernel.message(GET_FEATURE, bytes(4))),
    ],
)
def test_an_unknown_answer_is_one_line(
    kernel: FakeKernel, client: AuditClient, kind: int, answer: bytes
) -> None:
    fine = fake_kernel.message(2, struct.pack("=i", 0) + bytes(16))
    done = fake_kernel.message(3, b"")
    kernel.answers[kind] = [fine, answer, done]
    ask = {GET: client.status, LIST: client.list_rules, GET_FEATURE: client.features}[kind]
    with pytest.raises(KernelAnswerError) as caught:
        ask()
    assert "\n" not in str(caught.value)
    assert caught.value.remedy


def test_a_short_rule_in_the_list_is_an_error(kernel: FakeKernel, client: AuditClient) -> None:
    fine = fake_kernel.message(2, struct.pack("=i", 0) + bytes(16))
    short = fake_kernel.message(LIST, bytes(1039))
    kernel.answers[LIST] = [fine, short, fake_kernel.message(3, b"")]
    with pytest.raises(KernelAnswerError, match="rule of 1,039 bytes"):
        client.list_rules()


@pytest.mark.parametrize(
    ("kind", "number", "words"),
    [
        (GET, errno.ECONNREFUSED, "user namespace"),
        (GET, errno.EINVAL, "EINVAL"),
        (SET, errno.EEXIST, "--borrow"),
        (SET, errno.EACCES, "only the registered audit daemon"),
        (ADD, errno.EEXIST, "holds the same rule already"),
        (ADD, errno.ENOENT, "path in the rule does not exist"),
        (ADD, errno.EINVAL, "unknown to this kernel"),
        (ADD, errno.ENAMETOOLONG, "too long"),
        (ADD, errno.EOPNOTSUPP, "does not support"),
        (ADD, errno.ENOMEM, "memory"),
        (DEL, errno.ENOENT, "no such rule"),
        (LIST, errno.EXDEV, "errno 18"),
    ],
)
def test_each_refusal_says_what_is_wrong_and_what_helps(
    kernel: FakeKernel, client: AuditClient, kind: int, number: int, words: str
) -> None:
    kernel.refuse[kind, None] = number
    ask = {
        GET: client.status,
        SET: lambda: None,
        ADD: lambda: client.add_rule(rule(1)),
        DEL: lambda: client.delete_rule(rule(1)),
        LIST: client.list_rules,
    }
    ask[SET] = lambda: client.set_status("backlog_limit", 1)
    with pytest.raises(KernelAnswerError, match=words) as caught:
        ask[kind]()
    assert caught.value.errno == number
    assert caught.value.remedy
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("user", "words"), [(0, "initial pid namespace"), (1000, "sudo")])
def test_lack_of_privilege_is_told_by_who_asks(
    kernel: FakeKernel,
    client: AuditClient,
    monkeypatch: pytest.MonkeyPatch,
    user: int,
    words: str,
) -> None:
    kernel.refuse[GET, None] = errno.EPERM
    monkeypatch.setattr(os, "geteuid", lambda: user)
    with pytest.raises(KernelAnswerError, match=words):
        client.status()


@pytest.mark.parametrize("change", ["set", "add", "delete"])
def test_a_locked_host_is_told_from_a_lack_of_privilege(
    kernel: FakeKernel, client: AuditClient, change: str
) -> None:
    kernel.rules, kernel.settings["enabled"] = [rule(1)], 2
    with pytest.raises(KernelAnswerError, match="only a reboot unlocks it"):
        {
            "set": lambda: client.set_status("backlog_limit", 1),
            "add": lambda: client.add_rule(rule(2)),
            "delete": lambda: client.delete_rule(rule(1)),
        }[change]()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EPROTONOSUPPORT, "no audit"),
        (errno.EAFNOSUPPORT, "no audit"),
        (errno.EPERM, "may not open"),
        (errno.EMFILE, "Too many open files"),
    ],
)
def test_no_socket_no_audit(monkeypatch: pytest.MonkeyPatch, number: int, words: str) -> None:
    def refuse(*_: object, **__: object) -> socket.socket:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(socket, "socket", refuse)
    with pytest.raises(HostUnfitError, match=words) as caught:
        AuditClient()
    assert caught.value.remedy


class SleepyKernel:
    """A socket whose send takes its time, as the kernel's does while its queue is too long."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def __getattr__(self, name: str) -> object:
        return getattr(self._socket, name)

    def send(self, datagram: bytes) -> int:
        sent = self._socket.send(datagram)
        time.sleep(0.3)
        return sent


def test_time_slept_within_the_send_is_not_held_against_the_answer(kernel: FakeKernel) -> None:
    with AuditClient(lambda: SleepyKernel(kernel.connect()), timeout_s=0.2) as client:  # type: ignore[arg-type, return-value]
        assert client.status().backlog_limit == 64


class Overrun:
    """A socket that loses the answers to the first requests, as a full receive buffer does."""

    def __init__(self, sock: socket.socket, times: int) -> None:
        self._socket = sock
        self._times = times

    def __getattr__(self, name: str) -> object:
        return getattr(self._socket, name)

    def recvmsg(self, size: int) -> object:
        answer = self._socket.recvmsg(size)
        if self._times:
            self._times -= 1
            raise OSError(errno.ENOBUFS, os.strerror(errno.ENOBUFS))
        return answer


@pytest.mark.parametrize("times", [1, 2])
def test_overrun_reads_are_repeated(kernel: FakeKernel, times: int) -> None:
    with AuditClient(lambda: Overrun(kernel.connect(), times)) as client:  # type: ignore[arg-type, return-value]
        assert client.status().backlog_limit == 64


def test_overrun_changes_are_not_repeated(kernel: FakeKernel) -> None:
    with (
        AuditClient(lambda: Overrun(kernel.connect(), 1)) as client,  # type: ignore[arg-type, return-value]
        pytest.raises(KernelAnswerError, match="dropped"),
    ):
        client.add_rule(rule(1))
    assert kernel.rules == [rule(1)]


def test_the_default_kernel_can_be_replaced_for_a_whole_process(
    kernel: FakeKernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(netlink, "open_audit_socket", kernel.connect)
    with AuditClient() as client:
        assert client.status().backlog_limit == 64


def test_a_kernel_that_goes_away_is_one_line(kernel: FakeKernel, client: AuditClient) -> None:
    kernel.close()
    with pytest.raises(KernelAnswerError) as caught:
        client.status()
    assert "\n" not in str(caught.value)
