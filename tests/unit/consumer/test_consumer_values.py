"""Values as people and programs see them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from consumer.text import values
from consumer.text.addresses import socket_address
from consumer.text.messages import message
from consumer.text.render import WAITING_MAX, Follower
from tests.support.records.audit_records import Maker, Records, split_command


def shown(records: Records) -> list[dict[str, Any]]:
    follower = Follower()
    events = [event for record in records for event in follower.take(*record)]
    return events + list(follower.finish())


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        (b"comm", b'"sh"', "sh"),
        (b"comm", b'"ABCD"', "ABCD"),
        (b"comm", b"41 42", "41 42"),
        (b"comm", b"4142", "AB"),
        (b"comm", b"414", "414"),
        (b"comm", b"6a6B", "jk"),
        (b"exe", b"(null)", None),
        (b"exe", b'"(null)"', "(null)"),
        (b"name", b"C3BC20FF", "\u00fc \\xff"),
        (b"key", b'"one"', "one"),
        (b"key", b"6F6E650174776F", ["one", "two"]),
        (b"pid", b"12", 12),
        (b"exit", b"-22", -22),
        (b"exit", b"140252644147200", 140252644147200),
        (b"pid", b"012", "012"),
        (b"mode", b"0100755", "0100755"),
        (b"a0", b"10", "10"),
        (b"tty", b"(none)", "(none)"),
        (b"subj", b"?", "?"),
        (b"info", b'"a b"', "a b"),
        (b"comm", b'"', ""),
        (b"comm", b"", ""),
    ],
)
def test_plain(key: bytes, value: bytes, expected: object) -> None:
    assert values.plain(key, value, 1300) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            b"02002BCB7F0000010000000000000000",
            {"family": "inet", "address": "127.0.0.1", "port": 11211},
        ),
        (
            b"0A000050000000000000000000000000000000000000000102000000",
            {"family": "inet6", "address": "::1", "port": 80, "scope_id": 2},
        ),
        (b"01002F746D702F7300FF", {"family": "unix", "path": "/tmp/s"}),
        (b"01002F61", {"family": "unix", "path": "/a"}),
        (b"0100006162", {"family": "unix", "abstract": "ab"}),
        (b"010000610062", {"family": "unix", "abstract": "a\0b"}),
        (b"0100", {"family": "unix", "unnamed": True}),
        (b"10000000D204000001000000", {"family": "netlink", "portid": 1234, "groups": 1}),
        (b"0000", {"family": "unspec"}),
        (b"2800000050000000020000000000000A", {"family": "vsock", "port": 80, "cid": 2}),
        (b"2800000050000000", {"family": "vsock", "malformed": True}),
        (
            b"1100000302000000010000060011223344550000",
            {
                "family": "packet",
                "protocol": 3,
                "ifindex": 2,
                "hardware_address": "00:11:22:33:44:55",
            },
        ),
        (
            b"11000003020000000100000600",
            {"family": "packet", "protocol": 3, "ifindex": 2, "hardware_address": "00"},
        ),
        (b"FF00", {"family": 255}),
        (
            b"0A0000500000000020010DB8000000000000000000000001",
            {"family": "inet6", "address": "2001:db8::1", "port": 80},
        ),
        (b"0A0000500000000020010DB80000000000000000000000", {"family": "inet6", "malformed": True}),
        (b"02000050C0000201", {"family": "inet", "address": "192.0.2.1", "port": 80}),
        (b"2600", {"family": "alg"}),
        (b"02002BCB", {"family": "inet", "port": 11211, "malformed": True}),
        (b"0A0000", {"family": "inet6", "malformed": True}),
        (b"02", {"malformed": True}),
        (b"", {"malformed": True}),
        (b"zz", {"malformed": True}),
    ],
)
def test_socket_addresses(value: bytes, expected: dict[str, Any]) -> None:
    decoded = socket_address(value)
    if expected.get("malformed"):
        expected.pop("port", None)
    assert decoded == {"saddr": value.decode(), **expected}


def test_titles() -> None:
    assert values.title(b'"auditd"') == ["auditd"]
    assert values.title(b"7368002D63003A") == ["sh", "-c", ":"]
    assert values.title(b'"(null)"') is None


def test_messages() -> None:
    assert message(b"'op=x acct=\"root\" exe='/a b' res=success'", 1100) == {
        "op": "x",
        "acct": "root",
        "exe": "/a b",
        "res": "success",
    }
    assert message(b"'just text'", 1100) == "just text"
    assert message(b"'cut", 1100) == "'cut"


def test_an_event_of_a_command() -> None:
    words = ["/bin/sh", "-c", "echo a b", "", "x" * 300, "\u00fc y" * 50]
    (event,) = shown(Maker(9, stamp_ms=1234).execve(split_command(words, budget=80)))
    assert (event["time"], event["serial"], event["ended"]) == ("1.234", 9, True)
    types = [record["type"] for record in event["records"]]
    assert types == ["SYSCALL", "EXECVE", "CWD", "PATH", "PATH", "PROCTITLE"]
    call, command, *_ = event["records"]
    assert (call["arch_name"], call["syscall_name"], call["key"]) == ("x86_64", "execve", "test")
    expected = [*words[:5], words[5].encode("latin-1").decode("utf-8", "backslashreplace")]
    assert (command["argc"], command["argv"]) == (6, expected)


def test_arguments_that_did_not_come_are_null() -> None:
    records = Maker(9).execve(['argc=4 a0="x"', ' a2_len=6 a2[0]="abc"', ' a3="y"'])
    (event,) = shown(records)
    assert event["records"][1]["argv"] == ["x", None, None, "y"]
    (event,) = shown(Maker(9).execve([' a1="z"']))
    assert event["records"][1] == {"type": "EXECVE", "argc": None, "argv": [None, "z"]}


def test_a_damaged_count_does_not_exhaust_memory() -> None:
    (event,) = shown(Maker(9).execve(["argc=99999999999999999999"]))
    assert len(event["records"][1]["argv"]) <= 1 << 20


def test_repeated_keys_are_kept() -> None:
    (event,) = shown([Maker(9).record(1006, "pid=1 auid=2 auid=3 auid=4")])
    assert event["records"][0]["auid"] == [2, 3, 4]


def test_nothing_reaches_a_terminal_raw() -> None:
    record = Maker(9).record(1307, "cwd=2F1B5B324A07C29B")
    (event,) = shown([record])
    line = json.dumps(event)
    assert line.isascii()
    assert line.isprintable()


def test_events_without_an_end_come_out_when_many_wait() -> None:
    records = [Maker(serial).syscall(39) for serial in range(WAITING_MAX + 10)]
    follower = Follower()
    early = [event for record in records for event in follower.take(*record)]
    assert [event["serial"] for event in early] == list(range(10))
    assert not early[0]["ended"]
    assert len(list(follower.finish())) == WAITING_MAX


def test_what_is_no_record_is_left_out() -> None:
    assert shown([(1300, b"junk")]) == []
