"""The consumer as the fuzzer sets it up, its twin set up alike, and what both are held equal in."""

from __future__ import annotations

import re
import struct
from typing import Any

from consumer.event.assemble import Assembler
from consumer.output.store import LineStore
from consumer.receiving.parse import fields_of
from consumer.receiving.pipeline import Pipeline
from consumer.twin.decode import decode
from consumer.twin.twin import Twin, is_record

EVENTS = 8
MARKER = b"mk"
EXCLUDED = ((), (), (), (1320, 1327))
STORED, TREE = 1, 2
PATH = struct.pack("=H", 1302)
# The kernel prints no number above 64 bits; beyond, the twin has the integers of Python.
TOO_LONG = re.compile(rb"[0-9a-fA-F]{16}")


def pipeline(setup: int, store: LineStore | None = None) -> Pipeline:
    """A new consumer of that set-up; `store` is for the one that stores."""
    assembler = Assembler(EVENTS, EXCLUDED[setup])
    if setup == TREE:
        assembler.follow_tree(301)
    depth = "store" if setup == STORED and store else "assemble"
    return Pipeline(depth, marker=MARKER, assembler=assembler, store=store)


def twin(setup: int) -> Twin:
    """The twin of that set-up."""
    other = Twin("assemble", marker=MARKER, events=EVENTS, excluded_types=EXCLUDED[setup])
    if setup == TREE:
        other.assembler.tree_pids.add(301)
    return other


def comparable(stream: list[bytes]) -> bool:
    """Whether the twin is an oracle for these datagrams."""
    return not any(TOO_LONG.search(one) or misplaced_label(one) for one in stream)


def misplaced_label(datagram: bytes) -> bool:
    """Whether a PATH has an unknown label elsewhere than in ninth place.

    The kernel prints it there; the consumer looks nowhere else, the twin everywhere.
    """
    if datagram[4:6] != PATH:
        return False
    record = decode(1302, datagram[16:])
    places = [i for i, pair in enumerate(record.fields) if pair[0] == b"obj"] if record else []
    return bool(places) and places != [8]


def difference(setup: int, stream: list[bytes], counted: dict[str, Any]) -> str | None:
    """Where the consumer differs from its twin over the same datagrams; None if nowhere."""
    other = twin(setup)
    other.feed(stream)
    expected = other.finish()
    for name in expected:
        if expected[name] != counted[name]:
            return f"{name}: the twin has {expected[name]}, the consumer {counted[name]}"
    return next((text for one in stream if (text := different_fields(one))), None)


def different_fields(datagram: bytes) -> str | None:
    """Where the fields of a record differ; None if nowhere."""
    if len(datagram) < 16:
        return None
    (number,) = struct.unpack_from("=H", datagram, 4)
    text = datagram[16:]
    if not is_record(number):
        return None
    record, found = decode(number, text), fields_of(number, text)
    expected = record and (record.stamp_ms, record.serial, list(record.fields))
    return None if expected == found else f"fields: the twin has {expected}, the consumer {found}"
