"""Outputs given as files: which lines are records, and what of them is compared."""

from __future__ import annotations

import io
import json
import random
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumer.log.files import LogFile
from harness.consumers.foreign.comparable import fields_text, json_text, line_text
from harness.consumers.foreign.given_lines import (
    MOST_HELD,
    MOST_HELD_BYTES,
    Found,
    datagram,
    go_audit_line,
    joined,
    laurel_line,
    log_line,
)
from harness.consumers.foreign.given_output import GivenOutput
from tests.support.records.audit_logs import recorded, repeated
from tests.support.records.outputs import capture, laurel_log

RECORD = b'type=CWD msg=audit(1700000000.123:456): cwd="/"'
FOUND = Found(1_700_000_000_123, 456, 1307, b'cwd="/"')


class Pieces:
    """A file that is read in pieces of any size."""

    def __init__(self, content: bytes, sizes: random.Random, most: int) -> None:
        self._rest, self._sizes, self._most = io.BytesIO(content), sizes, most

    def read(self) -> bytes:
        return self._rest.read(self._sizes.randint(1, self._most))


def opened(content: bytes, seed: int = 0, most: int = 1 << 16) -> GivenOutput:
    pieces = cast("LogFile", Pieces(content, random.Random(seed), most))
    return GivenOutput("x", [pieces], lambda: None)


@pytest.mark.parametrize(
    "prefix",
    [
        b"",
        b"node=h ",
        b"Nov 29 16:00:00 host audispd: ",
        b"Nov 29 16:00:00 host audispd[12]: node=h ",
        b"<14>1 2026-11-29T16:00:00Z host audispd 12 - - ",
        b"[   12.345678] audit: ",
        b"<14>",
        b"- ",
    ],
)
def test_what_may_stand_before_a_record(prefix: bytes) -> None:
    line = log_line(prefix + RECORD)
    assert line is not None
    assert line.records == [FOUND]
    assert line.node == (b"h" if b"node=" in prefix else None)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"some words " + RECORD,
        b"COMMAND=/bin/echo " + RECORD,
        b"x" + RECORD,
        RECORD.replace(b":456", b":4294967296"),
        RECORD.replace(b".123", b".12"),
        RECORD.replace(b"type=CWD ", b"type= "),
        RECORD.replace(b"msg=audit", b"msg=audiT"),
        "type=CWD msg=audit(１７００.123:456): x".encode(),
    ],
)
def test_what_is_no_record(line: bytes) -> None:
    assert log_line(line) is None


def test_types_without_a_name_keep_their_number() -> None:
    for name, number in ((b"UNKNOWN[1390]", 1390), (b"1307", 1307)):
        line = log_line(RECORD.replace(b"CWD", name))
        assert line is not None
        assert line.records[0].type == number
    assert log_line(RECORD.replace(b"CWD", b"DAEMON_START")) == ([], None)


@pytest.mark.parametrize("content", [b"", b"audit(", b"audit(1.001:4294967296): x", b"\0\0"])
def test_what_is_no_record_of_a_capture(content: bytes) -> None:
    assert datagram(1300, content) is None


GO: dict[str, Any] = {
    "sequence": 456,
    "timestamp": "1700000000.123",
    "messages": [{"type": 1307, "data": 'cwd="/"'}],
}


def test_a_line_of_go_audit() -> None:
    assert go_audit_line(json.dumps(GO).encode()) == ([FOUND], None)


@pytest.mark.parametrize(
    "change",
    [
        {"sequence": "456"},
        {"sequence": -1},
        {"sequence": 1 << 32},
        {"timestamp": 1.5},
        {"timestamp": "1"},
        {"messages": None},
        {"messages": [None]},
        {"messages": [{"type": "CWD", "data": ""}]},
        {"messages": [{"type": 1307, "data": None}]},
    ],
    ids=str,
)
def test_what_is_no_line_of_go_audit(change: dict[str, Any]) -> None:
    assert go_audit_line(json.dumps(GO | change).encode()) is None


@pytest.mark.parametrize(
    "event",
    [
        {"ID": 1},
        {"ID": "1:2"},
        {"ID": "1700000000.123:4294967296"},
        {"ID": "1.001:1", "SYSCALL": {"ARGV": 3, "items": 1}},
        {"ID": "1.001:1", "EXECVE": {"ARGV": 3}},
        {"ID": "1.001:1", "PROCTITLE": {"ARGV": 3}},
    ],
    ids=str,
)
def test_what_is_no_line_of_laurel(event: dict[str, Any]) -> None:
    assert laurel_line(json.dumps(event).encode()) is None


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 1 << 30), st.sampled_from([3, 50, 4096, 1 << 20]))
def test_pieces_of_any_size_give_the_same(seed: int, most: int) -> None:
    for content in (RECORD + b"\n\n" + RECORD, capture(recorded()[:20]), repeated(1)[:5000]):
        one = opened(content, most=1 << 24)
        other = opened(content, seed, most)
        assert list(other.records(line_text)) == list(one.records(line_text))
        assert other.side() == one.side()


def test_a_line_that_is_too_long_is_one_that_is_damaged() -> None:
    content = RECORD + b"\n" + b"y" * (17 << 20) + b"\n" + RECORD + b"\n"
    source = opened(content, most=1 << 22)
    assert len(list(source.records(line_text))) == 2
    assert (source.side().damaged, source.side().first_damaged) == (1, 2)


def test_the_first_record_decides_which_form_the_lines_have() -> None:
    source = opened(b"garbage\n" + RECORD + b"\n" + laurel_log()[:20000])
    assert source.form == "log"
    assert len(list(source.records(line_text))) == 1
    assert source.side().damaged > 1
    assert opened(b"garbage\n").form is None
    assert opened(b"garbage\n").is_empty is False
    assert opened(b"\n  \n").is_empty is True


SYSCALL = (
    b"arch=c000003e syscall=257 success=yes exit=3 a0=ffffff9c a1=7f0 a2=0 a3=0 items=1 "
    b'ppid=1 pid=2 comm="cat" exe="/bin/cat" key=(null)'
)


@pytest.mark.parametrize(
    ("record_type", "one", "other", "same"),
    [
        (1300, SYSCALL, SYSCALL.replace(b"a0=ffffff9c a1=7f0 ", b"a1=7f0 a0=ffffff9c "), True),
        (1300, SYSCALL, SYSCALL.replace(b"exit=3", b"exit=-3"), False),
        (1300, SYSCALL, SYSCALL.replace(b"pid=2", b"pid=3"), False),
        (1300, SYSCALL, SYSCALL.replace(b'"cat"', b'"cut"'), False),
        (1300, SYSCALL, SYSCALL[:-10], False),
        (1302, b"mode=0100755 item=0", b"mode=0o100755 item=0", True),
        (1302, b"name=2F746D702F6120", b'name="/tmp/a "', True),
        (1321, b"pe=000001fffeffffff", b"pe=1fffeffffff", True),
        (1321, b"pe=000001fffeffffff", b"pe=1fffefffffe", False),
        (1309, b'argc=2 a0="ls" a1=612F', b'argc=2 a0="ls" a1="a/"', True),
        (1309, b"argc=1 a0_len=8 a0[0]=61626364 a0[1]=2F21", b'argc=1 a0="abcd/!"', True),
        (1309, b'argc=2 a0="ls" a1="a"', b'argc=2 a0="ls"', False),
        (1327, b'proctitle="ls"', b"proctitle=6C7300", True),
        (1327, b'proctitle="ls"', b"proctitle=6C7301", False),
        (1112, b"pid=1 msg='op=login res=success'", b"pid=1 msg='res=success op=login'", True),
        (1112, b"pid=1 msg='op=login res=success'", b"pid=1 msg='op=login res=failed'", False),
    ],
)
def test_fields_are_compared_whatever_their_form(
    record_type: int, one: bytes, other: bytes, same: bool
) -> None:
    assert (fields_text(record_type, one) == fields_text(record_type, other)) is same


def test_texts_are_compared_as_daemons_write_them() -> None:
    assert line_text(1300, b"a\nb \0") == line_text(1300, b'a b\x1dUID="root"') == b"a b"
    assert line_text(1300, b"a  b") != line_text(1300, b"a b")
    assert json_text(1100, "ö".encode()) == json_text(1100, "\ufffd\ufffd".encode())
    assert json_text(1100, b"o") != json_text(1100, "ö".encode())


def test_parts_of_a_command_line_are_joined_across_other_events() -> None:
    mine = [Found(1, 1, 1309, b"argc=2 a0=6120"), Found(1, 1, 1309, b'a1="b"')]
    other, end = Found(1, 2, 1300, b"x"), Found(1, 1, 1307, b"cwd")
    assert list(joined([mine[0], other, mine[1], end])) == [
        other,
        Found(1, 1, 1309, b'argc=2 a0=6120 a1="b"'),
        end,
    ]


def test_command_lines_without_end_are_bounded() -> None:
    many = (Found(1, number, 1309, b"a0=1") for number in range(3 * MOST_HELD))
    assert sum(1 for _ in joined(many)) == 3 * MOST_HELD
    part = b"x" * (1 << 20)
    endless = (Found(1, 1, 1309, part) for _ in range(3 * MOST_HELD_BYTES >> 20))
    assert max(len(each.text) for each in joined(endless)) < MOST_HELD_BYTES + (2 << 20)
