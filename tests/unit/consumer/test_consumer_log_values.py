"""The values that events are counted by, and what aureport leaves out.

Where a test does not say otherwise, events are counted as by aureport.
"""

from __future__ import annotations

from typing import Any

import pytest

from consumer import libaudit
from consumer.log.summary import LogSums
from tests.unit.consumer.test_consumer_log_lines import CALL, record


def table(kind: str, *lines: bytes, as_aureport: bool = True) -> dict[str, Any]:
    sums = LogSums((kind,), as_aureport=as_aureport)
    for one in lines:
        sums.reader.feed(one)
    found: dict[str, Any] = sums.document()["tables"][0]
    return found


def values(kind: str, *lines: bytes) -> dict[str, int]:
    return {row["value"]: row["events"] for row in table(kind, *lines)["rows"]}


def of_all(kind: str, *lines: bytes) -> tuple[dict[str, int], int]:
    """The events by value where every event counts, and how many have none that can be read."""
    found = table(kind, *lines, as_aureport=False)
    return {row["value"]: row["events"] for row in found["rows"]}, found["left_out"]


def changed(old: bytes, new: bytes) -> bytes:
    assert old in CALL
    return record(1, CALL.replace(old, new))


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (b'exe="/bin/sh"', "/bin/sh"),
        (b"exe=2F62696E2F73207368", "/bin/s sh"),
        (b"exe=2F6100622F", "/a"),
        (b"exe=2f61", "/a"),
        (b"exe=1B5B33316D", "\x1b[31m"),
        (b"exe=FFFE", "\\xff\\xfe"),
        (b'exe="41"', "41"),
        (b"exe=(null)", "(null)"),
        (b'exe=""', ""),
    ],
)
def test_programs(new: bytes, expected: str) -> None:
    assert values("exe", changed(b'exe="/bin/sh"', new)) == {expected: 1}


def test_a_command_cannot_pose_as_a_program() -> None:
    line = changed(b'comm="sh"', b'comm="exe=4142"')
    assert values("exe", line) == {"/bin/sh": 1}
    assert values("comm", line) == {"exe=4142": 1}


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (b'key="k"', {"k": 1}),
        (b"key=(null)", {}),
        (b"key=6101620163", {"a": 1, "b": 1, "c": 1}),
        (b"key=61016101", {"a": 2}),
        (b'key="(null)"', {}),
        (b'key=""', {"": 1}),
        (b"key=01", {}),
        (b"key=016101016201", {"a": 1, "b": 1}),
        (b'key="k""', {"k": 1}),
    ],
)
def test_keys(new: bytes, expected: dict[str, int]) -> None:
    assert values("key", changed(b'key="k"', new)) == expected


def test_keys_of_several_records() -> None:
    change = record(1, b'auid=5 ses=1 op=add_rule key="mine" list=4 res=1', name=b"CONFIG_CHANGE")
    assert values("key", change, record(1)) == {"mine": 1, "k": 1}


def test_system_calls() -> None:
    arm = changed(b"arch=c000003e syscall=59", b"arch=c00000b7 syscall=221")
    zero = changed(b"syscall=59", b"syscall=0")
    found = table("syscall", record(2), arm.replace(b":1)", b":3)"), zero)
    named = {(row["arch"], row["number"]): row["value"] for row in found["rows"]}
    assert named == {("x86_64", 59): "execve", ("aarch64", 221): "execve"}
    assert found["number_zero"] == 1


@pytest.mark.parametrize(
    ("saddr", "expected", "left_out"),
    [
        (b"02002BCB7F0000010000000000000000", {"127.0.0.1": 1}, 0),
        (b"0A0000350000000020010DB8000000000000000000000001" + b"00000000", {"2001:db8::1": 1}, 0),
        (b"01002F746D702F78", {}, 0),
        (b"100000000000000000000000", {}, 0),
        (b"0100", {}, 1),
        (b"01", {}, 1),
        (b"00", {}, 0),
        (b"02002BCB7F", {}, 1),
        (b"zz", {}, 1),
    ],
)
def test_addresses(saddr: bytes, expected: dict[str, int], left_out: int) -> None:
    lines = record(1), record(1, b"saddr=" + saddr, name=b"SOCKADDR")
    found = table("address", *lines)
    assert {row["value"]: row["events"] for row in found["rows"]} == expected
    assert found["left_out"] == left_out


@pytest.mark.parametrize(
    ("kind", "value"),
    [("exe", "/bin/sh"), ("comm", "sh"), ("auid", "1000"), ("uid", "0"), ("key", "k")],
)
@pytest.mark.parametrize(
    "damage",
    [
        (b"a0=1", b"a0=12345678123456789"),
        (b" pid=2", b" pid=99999999999999999999"),
        (b"syscall=59", b"syscall=99999999999999999999"),
        (b"tty=(none) ", b""),
    ],
)
def test_every_event_counts_by_what_can_be_read(
    kind: str, value: str, damage: tuple[bytes, bytes]
) -> None:
    assert of_all(kind, changed(*damage)) == ({value: 1}, 0)


def test_an_unnamed_socket_hides_no_program() -> None:
    lines = record(1), record(1, b"saddr=0100", name=b"SOCKADDR")
    assert values("exe", *lines) == {}
    assert of_all("exe", *lines) == ({"/bin/sh": 1}, 0)
    assert of_all("auid", *lines) == ({"1000": 1}, 0)


def test_what_cannot_be_read_is_told_also_where_every_event_counts() -> None:
    cut = record(1, CALL[: CALL.index(b"exe=")])
    assert of_all("exe", cut) == ({}, 1)
    assert of_all("comm", cut) == ({"sh": 1}, 0)


def test_system_call_0_and_minus_2_are_values_where_every_event_counts() -> None:
    found = table("syscall", changed(b"syscall=59", b"syscall=0"), as_aureport=False)
    assert [row["value"] for row in found["rows"]] == ["read"]
    assert found["number_zero"] == 0
    assert of_all("auid", changed(b"auid=1000", b"auid=-2")) == ({"4294967294": 1}, 0)


def test_an_event_counts_once_for_a_key_that_it_has_twice() -> None:
    assert of_all("key", changed(b'key="k"', b"key=61016101")) == ({"a": 1}, 0)


def test_users() -> None:
    unset = changed(b"auid=1000", b"auid=4294967295").replace(b":1)", b":2)")
    assert values("auid", record(1), unset) == {"1000": 1, "unset": 1}
    assert values("uid", record(1)) == {"0": 1}


def test_a_cut_record_is_left_out() -> None:
    cut = record(1, CALL[: CALL.index(b"exe=")])
    assert table("exe", cut)["left_out"] == 1
    assert values("comm", cut) == {"sh": 1}


def test_many_distinct_values() -> None:
    lines = [changed(b"/bin/sh", b"/%d" % n).replace(b":1)", b":%d)" % n) for n in range(5000)]
    assert values("exe", *lines) == {f"/{n}": 1 for n in range(5000)}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"-1", {"unset": 1}),
        (b"4294967295", {"unset": 1}),
        (b"-2", {}),
        (b"+7", {"7": 1}),
        (b"", {"0": 1}),
        (b"0x10", {"0": 1}),
        (b"00000000000000000000000000000000000012", {"12": 1}),
        (b"4294967301", {"5": 1}),
        (b"99999999999999999999", {}),
    ],
)
def test_a_login_user_that_is_no_plain_number(value: bytes, expected: dict[str, int]) -> None:
    assert values("auid", changed(b"auid=1000", b"auid=" + value)) == expected


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        (b"a0=1", b"a0=12345678123456789", "type"),
        (b"uid=0", b"uid=99999999999999999999", "auid"),
        (b" pid=2", b" pid=99999999999999999999", "type"),
        (b"syscall=59", b"syscall=99999999999999999999", "syscall"),
    ],
)
def test_a_number_beyond_all_bounds_is_left_out(old: bytes, new: bytes, kind: str) -> None:
    found = table(kind, changed(old, new))
    assert (found["rows"], found["left_out"]) == ([], 1)


@pytest.mark.skipif(libaudit.machine(0xC0000015) < 0, reason="libaudit is not installed")
def test_system_calls_of_other_architectures() -> None:
    power = changed(b"arch=c000003e syscall=59", b"arch=c0000015 syscall=11")
    (row,) = table("syscall", power)["rows"]
    assert (row["value"], row["arch"], row["number"]) == ("execve", "ppc64le", 11)
