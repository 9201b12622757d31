"""JSON lines of any program: which member is the serial, the time, the types and the texts."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.consumers.foreign.comparable import json_text
from harness.consumers.foreign.given_lines import Found
from harness.consumers.foreign.mapping import MOST_TEXT_BYTES, read_mapping
from harness.errors import UsageError

STAMP_MS, SERIAL = 1_700_000_000_123, 456
SIMPLE = read_mapping("--m", "serial=seq,time=ts,type=type,text=text")


def found(words: str, event: Any) -> list[Found] | None:
    line = read_mapping("--m", words).line(json.dumps(event).encode())
    return None if line is None else line.records


@pytest.mark.parametrize(
    "time",
    [
        "1700000000.123",
        1700000000.123,
        1700000000123,
        "1700000000123",
        1700000000123456,
        1700000000123456789,
        1700000000123.0,
        1700000000123456789.0,
        "1700000000123456",
        "1700000000123456789",
        "1700000000123.456",
        "1700000000.123456",
        "2023-11-14T22:13:20.123Z",
        "2023-11-14T22:13:20.123+00:00",
        "2023-11-15 00:13:20.123456+02:00",
        "2023-11-14T22:13:20.123",
    ],
)
def test_a_time_in_any_of_its_forms(time: Any) -> None:
    event = {"seq": SERIAL, "ts": time, "type": 1307, "text": 'cwd="/"'}
    assert found("serial=seq,time=ts,type=type,text=text", event) == [
        Found(STAMP_MS, SERIAL, 1307, b'cwd="/"')
    ]


@pytest.mark.parametrize(
    ("words", "event"),
    [
        ("id=id,type=t,text=x", {"id": "1700000000.123:456", "t": "CWD", "x": 'cwd="/"'}),
        (
            "id=a.id,type=a.t,text=x",
            {"a": {"id": "audit(1700000000.123:456):", "t": "1307"}, "x": 'cwd="/"'},
        ),
        ("id=a.id,type=t,text=x", {"a.id": "1700000000.123:456", "t": "cwd", "x": 'cwd="/"'}),
        (
            "id=id,records=r,type=t,text=x",
            {"id": "1700000000.123:456", "r": [{"t": 1307, "x": 'cwd="/"'}]},
        ),
        ("id=id,type=t,text=x", {"id": "1700000000.123:456", "t": ["CWD"], "x": ['cwd="/"']}),
        (
            "id=id,type=t,text=x",
            {
                "id": "1700000000.123:456",
                "t": "CWD",
                "x": 'type=CWD msg=audit(1700000000.123:456): cwd="/"',
            },
        ),
        (
            "id=id,type=event,text=original",
            {
                "id": "1700000000.123:456",
                "event": "syscall",
                "original": ['type=CWD msg=audit(1700000000.123:456): cwd="/"'],
            },
        ),
        ("id=id,type=t,text=x", {"id": "1700000000.123:456", "t": 1307.0, "x": 'CWD cwd="/"'}),
        ("id=id,type=t,text=x", {"id": "1700000000.123:456", "t": 1307, "x": list(b'cwd="/"')}),
    ],
)
def test_places_in_a_line(words: str, event: Any) -> None:
    assert found(words, event) == [Found(STAMP_MS, SERIAL, 1307, b'cwd="/"')]


def test_an_event_with_types_and_fields_only() -> None:
    event = {
        "id": "1700000000.123:456",
        "types": ["SYSCALL", "PROCTITLE", "DAEMON_START"],
        "process": {"ses": 7, "nr": 42, "ok": True},
    }
    words = "id=id,type=types,syscall=process.nr,ses=process.ses,success=process.ok,items=none"
    assert found(words, event) == [
        Found(STAMP_MS, SERIAL, 1300, b"syscall=42 success=yes ses=7"),
        Found(STAMP_MS, SERIAL, 1327, b""),
    ]


def test_a_line_of_the_program_about_itself_is_no_damage() -> None:
    own = {"id": "1700000000.123:456", "t": "DAEMON_START", "x": "op=start"}
    assert found("id=id,type=t,text=x", own) == []


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"seq": 1},
        {"seq": True, "ts": 1.0, "type": 1300},
        {"seq": -1, "ts": 1.0, "type": 1300},
        {"seq": 1 << 32, "ts": 1.0, "type": 1300},
        {"seq": 1, "ts": -1.0, "type": 1300},
        {"seq": 1, "ts": 1e300, "type": 1300},
        {"seq": 1, "ts": 10**40, "type": 1300},
        {"seq": 1, "ts": "soon", "type": 1300},
        {"seq": 1, "ts": [], "type": 1300},
        {"seq": 1, "ts": "0001-01-01T00:00:00", "type": 1300},
        {"seq": 1, "ts": 1.0, "type": 0},
        {"seq": 1, "ts": 1.0, "type": 1 << 16},
        {"seq": 1, "ts": 1.0, "type": {}},
        {"seq": "１２", "ts": 1.0, "type": 1300},
        [1, 2],
        "text",
        None,
    ],
)
def test_what_is_no_event(event: Any) -> None:
    assert SIMPLE.line(json.dumps(event).encode()) is None


@pytest.mark.parametrize("byte", [b"\x80", b"\\udc80"])
def test_bytes_that_are_no_unicode_are_no_reason_to_pass_a_line_over(byte: bytes) -> None:
    line = SIMPLE.line(b'{"seq":456,"ts":1.0,"type":1123,"text":"cmd=a%sb"}' % byte)
    assert line is not None
    (record,) = line.records
    assert json_text(1123, record.text) == json_text(1123, b"cmd=a\x80b")


@pytest.mark.parametrize("line", [b"", b"{", b"\xff", b"[" * 100_000, b'{"a":' * 20_000])
def test_what_is_no_json(line: bytes) -> None:
    assert SIMPLE.line(line) is None


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["seq", "ts", "type", "text", "x"]), inner)
        ),
    )
)
def test_any_json_gives_records_in_range_or_none(value: Any) -> None:
    line = SIMPLE.line(json.dumps({"seq": 1, "ts": 1, "type": value, "text": value}).encode())
    for record in line.records if line is not None else ():
        assert 0 < record.type < 1 << 16
        assert len(record.text) <= MOST_TEXT_BYTES


def test_a_text_is_cut_at_what_a_record_can_have() -> None:
    event = {"seq": 1, "ts": 1.0, "type": 1300, "text": "x" * (1 << 20)}
    (record,) = SIMPLE.line(json.dumps(event).encode()).records  # type: ignore[union-attr]
    assert len(record.text) == MOST_TEXT_BYTES
    assert sys.getsizeof(record.text) < 1 << 17


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", "'' is not KEY=PATH"),
        ("serial", "'serial' is not KEY=PATH"),
        ("serial=,time=t,type=y", "'serial=' is not KEY=PATH"),
        ("serial=a b,time=t,type=y", "is not KEY=PATH"),
        ("serial=a,serial=b", "has 'serial' twice"),
        ("seral=a,time=t,type=y", "knows no 'seral'"),
        ("serial=a,type=y", "does not say where the id, or both serial and time stands"),
        ("serial=a,time=t", "does not say where the type stands"),
        ("id=" + "x" * 300 + ",type=y", "is not KEY=PATH"),
    ],
)
def test_what_is_no_mapping(words: str, expected: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_mapping("--m", words)
    assert expected in caught.value.one_line()
