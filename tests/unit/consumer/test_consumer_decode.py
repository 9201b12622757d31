"""The corner cases of record bodies, one by one."""

from __future__ import annotations

import pytest

from consumer.receiving.parse import fields_of
from tests.support.records.audit_records import head

Pairs = list[tuple[bytes, bytes]]


def fields(record_type: int, body: str) -> Pairs:
    found = fields_of(record_type, (head(7) + body).encode())
    assert found is not None
    return found[2]


@pytest.mark.parametrize(
    ("record_type", "body", "expected"),
    [
        (1320, "", []),
        (1307, 'cwd="/root"', [(b"cwd", b'"/root"')]),
        (1307, ' cwd="/root" ', [(b"cwd", b'"/root"')]),
        (1309, ' a7="x"  a8=""', [(b"a7", b'"x"'), (b"a8", b'""')]),
        (1309, 'a0="k=v" a1=6B3D76', [(b"a0", b'"k=v"'), (b"a1", b"6B3D76")]),
        (
            1309,
            "a1_len=4 a1[0]=4142 a1[1]=",
            [(b"a1_len", b"4"), (b"a1[0]", b"4142"), (b"a1[1]", b"")],
        ),
        (1300, "key=(null)", [(b"key", b"(null)")]),
        (1300, 'key="(null)"', [(b"key", b'"(null)"')]),
        (
            1300,
            "subj=/usr/bin/x (enforce) key=a",
            [(b"subj", b"/usr/bin/x (enforce)"), (b"key", b"a")],
        ),
        (1300, "subj=/usr/bin/x (enforce)", [(b"subj", b"/usr/bin/x (enforce)")]),
        (
            1305,
            'auid=0 ses=4294967295op=updated_rules path="/etc"',
            [
                (b"auid", b"0"),
                (b"ses", b"4294967295"),
                (b"op", b"updated_rules"),
                (b"path", b'"/etc"'),
            ],
        ),
        (1305, "ses=1 op=x", [(b"ses", b"1"), (b"op", b"x")]),
        (1305, 'op="add rule" res=1', [(b"op", b'"add rule"'), (b"res", b"1")]),
        (1306, "saddr=0200", [(b"saddr", b"0200")]),
        (1300, "=x y==", [(b"", b"x"), (b"y", b"=")]),
        (1300, "no fields here", []),
        (
            1400,
            'avc:  denied  { read write } for  pid=9 comm="x" scontext=a:b:c',
            [(b"pid", b"9"), (b"comm", b'"x"'), (b"scontext", b"a:b:c")],
        ),
        (
            1400,
            'apparmor="DENIED" info="Failed name lookup - a=b" error=-13',
            [
                (b"apparmor", b'"DENIED"'),
                (b"info", b'"Failed name lookup - a=b"'),
                (b"error", b"-13"),
            ],
        ),
        (
            1111,
            "pid=1 ses=2 msg='type=SYSCALL msg=audit(1.000:1): it's x=\"y\"' extra=1",
            [
                (b"pid", b"1"),
                (b"ses", b"2"),
                (b"msg", b"'type=SYSCALL msg=audit(1.000:1): it's x=\"y\"'"),
                (b"extra", b"1"),
            ],
        ),
        (1111, "pid=1 msg='cut off", [(b"pid", b"1"), (b"msg", b"'cut off")]),
        (1124, "pid=1 data=6C73", [(b"pid", b"1"), (b"data", b"6C73")]),
    ],
)
def test_fields(record_type: int, body: str, expected: Pairs) -> None:
    assert fields(record_type, body) == expected


@pytest.mark.parametrize("length", [*range(56, 73), 120, 128, 129, 500, 8192, 16300])
def test_values_of_all_lengths_across_blocks(length: int) -> None:
    body = f"a={'x' * length} b={'y' * (length % 61)} last=1"
    assert fields(1300, body) == [
        (b"a", b"x" * length),
        (b"b", b"y" * (length % 61)),
        (b"last", b"1"),
    ]


def test_a_record_is_cut_at_16_kib() -> None:
    found = fields_of(1300, (head(7) + "a=" + "x" * 20000).encode())
    assert found is not None
    assert len(found[2][0][1]) == 16384 - len(head(7)) - 2


def test_more_fields_than_any_record_has() -> None:
    assert len(fields(1300, "= " * 8000)) == 8000


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"audit",
        b"audit(",
        b"audit(1.000:1)",
        b"audit(1.00:1): ",
        b"audit(1.000:): ",
        b"audit(.000:1): ",
        b"audit(1.000:1):x",
        b"audit(1.000:4294967296): ",
        b"audit(1.000:12345678901): ",
        b"Audit(1.000:1): ",
        b" audit(1.000:1): ",
        b"audit(-1.000:1): ",
        b"\x01\x00\x00\x00",
    ],
)
def test_text_without_a_valid_head_is_no_record(text: bytes) -> None:
    assert fields_of(1300, text) is None


@pytest.mark.parametrize(
    ("text", "stamp_ms", "serial"),
    [
        (b"audit(0.000:0): ", 0, 0),
        (b"audit(0.000:0):", 0, 0),
        (b"audit(1700000000.009:4294967295): x=1", 1700000000009, 4294967295),
        (b"audit(99999999999999.999:1): ", 99999999999999999, 1),
    ],
)
def test_heads(text: bytes, stamp_ms: int, serial: int) -> None:
    found = fields_of(1300, text)
    assert found is not None
    assert found[:2] == (stamp_ms, serial)
