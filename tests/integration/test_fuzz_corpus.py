"""Replays the fuzzer's kept inputs through the ordinary build and holds it to the Python twin."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import pytest

from consumer.receiving.parse import feed_frames
from tests.fuzz import setups
from tests.fuzz.grammar import datagrams
from tests.fuzz.log_lines import cut, log_of, read
from tests.support.records.audit_records import frames

CORPUS = sorted((Path(__file__).parents[1] / "fuzz" / "corpus").glob("*.bin"))


def counted(setup: int, stream: list[bytes]) -> dict[str, Any]:
    """The counters of the consumer after these datagrams."""
    pipeline = setups.pipeline(setup)
    feed_frames(pipeline, frames(stream))
    return pipeline.finish()


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_kept_input(path: Path) -> None:
    setup, stream = datagrams(path.read_bytes())
    counters = counted(setup, stream)
    seen = counters["records"] + counters["control_messages"]
    assert seen + sum(len(one) < 16 for one in stream) == len(stream)
    if setups.comparable(stream):
        assert setups.difference(setup, stream, counters) is None


def test_corpus_reaches_what_it_is_for() -> None:
    totals: dict[str, int] = {}
    types: set[str] = set()
    compared = 0
    for path in CORPUS:
        setup, stream = datagrams(path.read_bytes())
        counters = counted(setup, stream)
        compared += setups.comparable(stream)
        types |= counters["records_by_type"].keys()
        for name in ("complete", "partial", "duplicate_records", "late_records", "evicted"):
            totals[name] = totals.get(name, 0) + counters["events"][name]
        for name in ("truncated", "malformed", "control_messages"):
            totals[name] = totals.get(name, 0) + counters[name]
    assert {name for name, number in totals.items() if not number} <= {"control_messages"}
    assert compared > len(CORPUS) // 2
    assert {"1300", "1309", "1302", "1306", "1320", "1336", "1425"} <= types


def test_a_difference_is_found() -> None:
    setup, stream = datagrams((CORPUS[0].parent / "seed-connect.bin").read_bytes())
    assert setups.difference(setup, stream, counted(setup, stream[:-1])) is not None


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.stem)
def test_kept_input_as_a_log(path: Path) -> None:
    data = path.read_bytes()
    log = log_of(data)
    whole = read([log])
    assert whole["lines"] == log.count(b"\n") + (not log.endswith(b"\n"))
    for place in (1, 7 * len(log) // 3 + 2, 10**6 + 3):
        assert read(cut(log, place)) == whole


def kept_inputs() -> list[tuple[str, bytes]]:
    with tarfile.open(CORPUS[0].parents[1] / "kept.tar.xz") as archive:
        files = [(entry.name, archive.extractfile(entry)) for entry in archive]
        return [(name, file.read()) for name, file in files if file]


def test_what_fuzzing_found() -> None:
    inputs = kept_inputs()
    assert len(inputs) > 1000
    for name, data in inputs:
        setup, stream = datagrams(data)
        counters = counted(setup, stream)
        if setups.comparable(stream):
            assert setups.difference(setup, stream, counters) is None, name
