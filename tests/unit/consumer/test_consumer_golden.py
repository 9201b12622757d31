"""Records of real kernels: counted as before, by both decoders, and every loss is noticed.

AUDITBENCH_REWRITE_GOLDEN=1 rewrites the expected counters and events; read the difference then.
"""

from __future__ import annotations

import gzip
import json
import os
import struct
from pathlib import Path
from typing import Any

import pytest

from consumer.receiving.parse import fields_of, frame, split_capture
from consumer.text.names import type_name
from consumer.text.render import Follower
from consumer.twin.twin import Twin, datagrams_of
from tests.support.records.audit_records import Records
from tests.support.records.parsed_records import parse_buffer

HERE = Path(__file__).parents[2] / "golden" / "records"
CAPTURES = sorted(HERE.glob("*.cap.gz"))
# What the kernel emits only sometimes, or for something else than the call itself: nothing in
# the other records tells that one of these is missing.
NOT_IMPLIED = {1006, 1112, 1111, 1305, 1701, 1303, 1318, 1321, 1336}
CHECKED = {
    "linux-6.18.cap.gz": {1300, 1302, 1306, 1307, 1309, 1317, 1320, 1323, 1327, 1337},
    "linux-6.18-long.cap.gz": {1300, 1302, 1307, 1309, 1320, 1327},
}
TAKES_ADDRESS = {b"42", b"43", b"49", b"51", b"52", b"288"}  # x86_64; not sendto, not recvfrom

pytestmark = pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)


def frames_of(path: Path) -> bytes:
    return bytes(split_capture(gzip.decompress(path.read_bytes()))[1])


def events_of(path: Path) -> list[Records]:
    """The records of each event."""
    events: dict[tuple[int, int], Records] = {}
    for datagram in datagrams_of(frames_of(path)):
        (record_type,) = struct.unpack_from("=H", datagram, 4)
        found = fields_of(record_type, datagram[16:])
        assert found is not None
        events.setdefault(found[:2], []).append((record_type, datagram[16:]))
    return list(events.values())


def compare(golden: Path, found: Any) -> None:
    """Hold a JSON value against a file, or write the file where that is asked for."""
    if os.environ.get("AUDITBENCH_REWRITE_GOLDEN") == "1":
        golden.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    assert found == json.loads(golden.read_text())


def is_implied(record_type: int, records: Records) -> bool:
    types = {number for number, _ in records}
    if record_type in NOT_IMPLIED or len(records) == 1:
        return False
    if record_type not in {1302, 1304, 1306, 1312, 1313, 1317, 1322, 1323, 1337}:
        return True
    (found,) = [fields_of(*record) for record in records if record[0] == 1300]
    assert found is not None
    call = dict(found[2])
    if record_type == 1302:  # the name of a queue may be hidden
        return call[b"syscall"] not in {b"240", b"241"} or call[b"items"] != b"1"
    if record_type == 1306:
        unsure = 1305 in types or call[b"exit"] == b"-88"  # connect, but not bind, reads it then
        return call[b"syscall"] in TAKES_ADDRESS and not unsure
    return call[b"success"] == b"yes"


def counted(records: Records) -> dict[str, Any]:
    return parse_buffer(b"".join(frame(number, text) for number, text in records), "assemble")


def test_metadata(path: Path) -> None:
    metadata, _ = split_capture(gzip.decompress(path.read_bytes()))
    assert set(metadata) == {"kernel", "arch", "hz", "created"}
    assert metadata["kernel"].startswith(path.name.removesuffix(".cap.gz").split("-")[1])


def test_counters(path: Path) -> None:
    counters = parse_buffer(frames_of(path), "assemble")
    compare(path.with_name(path.name.replace("cap.gz", "counters.json")), counters)


def test_twin_counts_the_same(path: Path) -> None:
    twin = Twin("assemble")
    twin.feed(datagrams_of(frames_of(path)))
    assert twin.finish() == parse_buffer(frames_of(path), "assemble")


def test_every_event_is_complete(path: Path) -> None:
    for records in events_of(path):
        assert counted(records)["events"]["complete"] == 1, records


def test_every_implied_record_is_missed(path: Path) -> None:
    checked = set()
    for records in events_of(path):
        for index, (record_type, text) in enumerate(records):
            if not is_implied(record_type, records):
                continue
            rest = records[:index] + records[index + 1 :]
            assert counted(rest)["events"]["partial"] == 1, (type_name(record_type), text)
            checked.add(record_type)
    assert CHECKED[path.name] <= checked


def test_order_does_not_matter(path: Path) -> None:
    for records in events_of(path):
        if len(records) > 1 and records[0][0] != 1336:
            counters = counted(records[::-1])
            assert counters["events"]["complete"] == 1, records
            assert counters["events"]["partial"] == 0


def test_doubled_records_count_once(path: Path) -> None:
    for records in events_of(path):
        doubled = [record for record in records for _ in range(2)]
        assert counted(doubled)["events"]["complete"] == 1


def test_rendered_events(path: Path) -> None:
    """One event of each set of record types, decoded."""
    follower, shown = Follower(), {}
    for records in events_of(path):
        for record_type, text in records:
            for event in follower.take(record_type, text):
                shown.setdefault(" ".join(record["type"] for record in event["records"]), event)
    for event in follower.finish():
        shown.setdefault(" ".join(record["type"] for record in event["records"]), event)
    for event in shown.values():
        for record in event["records"]:
            record.pop("argv", None) if len(str(record)) > 4000 else None
    compare(path.with_name(path.name.replace("cap.gz", "events.json")), shown)
