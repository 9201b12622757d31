"""The Cython decoder and assembler are held equal to their pure-Python twins."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from consumer.catalog import DEPTHS
from consumer.event.assemble import Assembler
from consumer.receiving.parse import feed_frames, fields_of
from consumer.receiving.pipeline import Pipeline
from consumer.twin.decode import decode
from consumer.twin.twin import Twin
from tests.support.records.audit_records import frames, head
from tests.support.records.audit_streams import made_up_stream

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

ODD = ("truncated", "malformed", "control_messages")
DAMAGE = ("partial", "complete", "duplicate_records", "late_records", "evicted", "in_flight")
RULED = "1006 1111 1300 1302 1305 1306 1307 1309 1320 1321 1322 1327 1336 1337 1400 1425 1426 2100"
EXPECTED = (*ODD, *DAMAGE, *RULED.split(), "markers", "anchored", "wrapped", "gaps", "sessions")


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
# Late records of events that were counted before the start marker.
@example(seed=1318, depth="assemble", events=16384, excluded=(), tree=0)
@example(seed=1813, depth="assemble", events=16384, excluded=(), tree=0)
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.data_too_large])
def test_counters_of_any_stream(
    seed: int, depth: str, events: int, excluded: tuple[int, ...], tree: int
) -> None:
    stream = made_up_stream(Random(seed))
    counted, expected = counted_by_both(stream, depth, events, frozenset(excluded), tree)
    assert counted == expected


def test_streams_hold_what_they_are_for() -> None:
    """Every counter that damage moves, every type with a rule of its own, the wrap of serials."""
    totals: Counter[str] = Counter()
    for seed in range(60):
        counters = counted_by_both(made_up_stream(Random(seed)), "assemble", 16, frozenset(), 0)[0]
        totals.update(counters["records_by_type"])
        totals.update(counters["events"])
        totals.update({name: counters[name] for name in ODD})
        totals["anchored"] += counters["anchor"] is not None
        totals["markers"] += len(counters["markers"])
        totals["wrapped"] += (counters["serials"]["last"] or 0) < (
            counters["serials"]["first"] or 0
        )
        totals["gaps"] += counters["serials"]["gaps"]
        totals["sessions"] += len(counters["sessions"])
    assert {name for name in EXPECTED if not totals[name]} == set()
