"""The Cython decoder and assembler are held equal to their pure-Python twins."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consumer.assemble import Assembler
from consumer.catalog import DEPTHS
from consumer.parse import feed_frames, fields_of
from consumer.pipeline import Pipeline
from consumer.twin import Twin
from consumer.twin_decode import decode
from tests.support.audit_records import (
    CONFIG_CHANGE,
    LOGIN,
    STAMP_MS,
    URINGOP,
    Maker,
    Records,
    datagrams,
    frames,
    head,
    split_command,
)

TYPES = st.sampled_from([1006, 1111, 1300, 1305, 1309, 1320, 1326, 1400, 1423, 1701, 1800, 2100])
# Bytes that decide something, far more often than by chance.
PIECES = (
    b"""a a0 [1] _len argc ses 1 42 " ' msg msg=' op= subj ? (enforce) { read } (null)""".split()
)
BODY = st.lists(
    st.sampled_from([*PIECES, b" ", b"  ", b"=", b"\x1d", b"\n", b"\xff", b"x" * 40, b"a=b "])
    | st.binary(max_size=4),
    max_size=60,
).map(b"".join)


@given(TYPES, BODY)
@settings(max_examples=2000, deadline=None)
def test_fields_of_any_body(record_type: int, body: bytes) -> None:
    text = head(7).encode() + body
    record = decode(record_type, text)
    assert record is not None
    assert fields_of(record_type, text) == (record.stamp_ms, 7, list(record.fields))


@given(
    st.binary(max_size=20)
    | st.from_regex(rb"\Aaudit\(([0-9]{0,16}\.)?[0-9]{0,4}:?[0-9]{0,12}\)?:? ?", fullmatch=True)
)
@settings(max_examples=2000, deadline=None)
def test_heads_accepted_and_refused_alike(text: bytes) -> None:
    found, record = fields_of(1300, text), decode(1300, text)
    assert (found is None) == (record is None)
    if found is not None and record is not None:
        assert found[:2] == (record.stamp_ms, record.serial)


def test_longest_texts() -> None:
    for body in (b"= " * 9000, b"a=1 " * 5000, b"a=" + b"F" * 17000, b"x" * 17000):
        text = head(1).encode() + body
        record = decode(1300, text)
        assert record is not None
        found = fields_of(1300, text)
        assert found is not None
        assert found[2] == list(record.fields)


def made_up_event(chance: Random, maker: Maker) -> Records:
    """A complete event of a random sort."""
    result = chance.choice([0, 0, 0, 5, -2, -9, -14, -22, -88, -115, None])
    subject = chance.choice(["", "", " subj=unconfined", " subj=/x (enforce)", " subj=?"])
    arch, personality = chance.choice([("c000003e", ""), ("40000003", " per=8"), ("c00000b7", "")])
    items = chance.choice([0, 1, 2, 3, 70])
    number = chance.choice([2, 9, 22, 42, 43, 49, 51, 59, 102, 126, 203, 221, 240, 437, 999])
    arguments = (
        chance.randrange(9),
        chance.choice([0, 0x7FFD]),
        chance.choice([0, 2, 16, 128, 129, 0xFFFFFFFFFFFFFFFF]),
        chance.choice([0x22, 2, 0]),
    )
    syscall = maker.syscall(
        number,
        result=result,
        items=items,
        arguments=arguments,
        arch=arch,
        personality=personality,
        subject=subject,
    )
    sort = chance.randrange(8)
    if sort == 0:
        return maker.connect(result=chance.choice([0, -111, -9]))
    if sort == 1:
        words = ["w" * chance.randrange(40) + chance.choice(["", " "]) for _ in range(12)]
        return maker.execve(split_command(words, budget=60), items=chance.choice([1, 2, 3]))
    if sort == 2:
        return [maker.user_message(f"mk:{chance.randrange(100)} type=SYSCALL a='b' ses=9")]
    if sort == 3:
        login = maker.record(LOGIN, f"pid=9 uid=0 old-auid=4 auid=1 ses={maker.session} res=1")
        return [login, maker.syscall(1), *maker.closing()]
    if sort == 4:
        changed = f"auid=4294967295 ses={maker.session}op=updated_rules path=(null) list=4 res=1"
        closing = maker.closing() if chance.random() < 0.5 else []
        return [maker.record(CONFIG_CHANGE, changed), *closing]
    if sort == 5:
        operation = maker.record(URINGOP, f"uring_op=18 success=yes items={items} ppid=1 pid=2")
        inline = [syscall, maker.closing()[0]] if chance.random() < 0.5 else []
        return [operation, *inline, maker.closing()[1]]
    contexts = [maker.record(1425, "subj_selinux=a subj_apparmor=b")] if "?" in subject else []
    parts = [maker.path(item, obj=chance.choice(["", " obj=?"])) for item in range(items)]
    extra = [maker.record(t, "") for t in (1317, 1322, 1323, 1337, 1306, 1321, 1318, 1400)]
    cwd = [maker.record(1307, 'cwd="/"')] if items else []
    return [syscall, *contexts, *chance.sample(extra, 3), *cwd, *parts, *maker.closing()]


def damaged(chance: Random, records: Records) -> Records:
    """The records reordered, lost, duplicated and cut."""
    if chance.random() < 0.3:
        chance.shuffle(records)
    elif chance.random() < 0.5:
        reach = chance.choice([3, 10, 40])
        records = [
            record
            for _, record in sorted(
                (index + chance.randrange(reach), record) for index, record in enumerate(records)
            )
        ]
    if chance.random() < 0.5:
        records = [record for record in records if chance.random() > 0.1]
    if chance.random() < 0.5:
        records = [one for record in records for one in [record] * (1 + (chance.random() < 0.1))]
    if chance.random() < 0.3:
        records = [
            (number, text[: chance.randrange(len(text) + 1)] if chance.random() < 0.05 else text)
            for number, text in records
        ]
    return records


def made_up_stream(chance: Random) -> list[bytes]:
    """Datagrams of many events, good and bad."""
    base = chance.choice([1, 1000, 2**32 - 30])
    records: Records = []
    for step in range(chance.choice([5, 60])):
        maker = Maker(
            serial=(base + chance.choice([step, step, step, step * 5, 0])) % 2**32,
            stamp_ms=STAMP_MS + chance.choice([0, 4, step * 4]),
            session=chance.choice([7, 7, 8, 4294967295]),
            pid=chance.randrange(300, 310),
            ppid=chance.randrange(300, 310),
        )
        records += made_up_event(chance, maker)
    stream = datagrams(damaged(chance, records))
    odd = [b"", b"short", b"\x14\0\0\0\x31\x05\0\0\0\0\0\0\0\0\0\0abcd", b"\2\0" * 20]
    for _ in range(chance.choice([0, 3])):
        stream.insert(chance.randrange(len(stream) + 1), chance.choice(odd))
    return stream


def counted_by_both(
    stream: list[bytes], depth: str, events: int, excluded: frozenset[int], tree: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The counters of the Cython code and of the twin."""
    pipeline = Pipeline(depth, marker=b"mk", assembler=Assembler(events, excluded))
    twin = Twin(depth, marker=b"mk", events=events, excluded_types=excluded)
    if tree:
        pipeline.assembler.follow_tree(tree)
        twin.assembler.tree_pids.add(tree)
    feed_frames(pipeline, frames(stream))
    twin.feed(stream)
    return pipeline.finish(), twin.finish()


@given(
    st.integers(0, 2**32),
    st.sampled_from(DEPTHS[1:4]),
    st.sampled_from([8, 16, 16384]),
    st.sampled_from([(), (1327,), (1320,), (1320, 1327), (1302, 1307), (1306, 1309), (1425,)]),
    st.sampled_from([0, 303]),
)
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.data_too_large])
def test_counters_of_any_stream(
    seed: int, depth: str, events: int, excluded: tuple[int, ...], tree: int
) -> None:
    stream = made_up_stream(Random(seed))
    counted, expected = counted_by_both(stream, depth, events, frozenset(excluded), tree)
    assert counted == expected
