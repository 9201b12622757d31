"""`auditbench verify --mapping`: JSON lines of a program that auditbench does not know."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from consumer.text.names import type_name
from tests.support.command import ROOT, assert_one_line, auditbench, auditbench_json
from tests.support.records.audit_logs import Line, line, recorded
from tests.support.records.outputs import by_event, mapped_log, written

SCHEMA = json.loads((ROOT / "docs/schema/verify.schema.json").read_text(encoding="utf-8"))
EVENTS = by_event(recorded())
TEXTS = "serial=seq,time=ts,type=audit.type,text=audit.text"
TYPES = "id=id,type=type"


def flat(events: list[list[Line]]) -> list[Line]:
    return [record for records in events for record in records]


def verify(folder: Path, events: list[list[Line]], mapping: str, code: int) -> Any:
    written(folder / "output", mapped_log(flat(events)))
    written(folder / "raw", b"".join(line(*record) for record in flat(EVENTS)))
    document = auditbench_json(
        "verify", "output", "--against", "raw", "--mapping", mapping, cwd=folder, code=code
    )
    jsonschema.validate(document, SCHEMA)
    return document


def counts(document: dict[str, Any]) -> dict[str, int]:
    return {each["kind"]: each["events"] for each in document["findings"] if each["events"]}


@pytest.mark.parametrize(
    ("mapping", "form"), [(TEXTS, "json-lines"), (TYPES, "json-lines without texts")]
)
def test_what_has_everything_is_complete(mapping: str, form: str, tmp_path: Path) -> None:
    whole = verify(tmp_path, EVENTS, mapping, code=0)
    assert (whole["verdict"], whole["whole"]) == ("complete", len(EVENTS))
    assert whole["output"]["form"] == form
    assert len(whole["cannot_tell"]) == 1


def test_each_fault_is_found(tmp_path: Path) -> None:
    spoiled = [list(records) for records in EVENTS]
    places = [n for n, records in enumerate(EVENTS) if len(records) > 2 and 5 < n < 150][:4]
    missing, cut, changed, doubled = places
    spoiled[cut] = spoiled[cut][1:]
    kind, text = spoiled[changed][0]
    spoiled[changed][0] = kind, re.sub(rb" pid=\d+", b" pid=1", text)
    spoiled[doubled] = spoiled[doubled] * 2
    spoiled[missing] = []
    kept = [each for each in spoiled if each]
    by_text = {"missing": 1, "cut": 1, "changed": 1, "doubled": 1}
    assert counts(verify(tmp_path, kept, TEXTS, code=1)) == by_text
    by_type = {"missing": 1, "cut": 1, "doubled": 1}
    assert counts(verify(tmp_path, kept, TYPES, code=1)) == by_type


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        ("serial=seq", "does not say where the id, or both serial and time stands"),
        ("serial=sequence,time=ts,type=type", "--mapping says which of its members are what"),
        ("x", "'x' is not KEY=PATH"),
        ("serial=seq,time=ts,type=type,text=audit.words", "has a text at 'audit.words'"),
    ],
)
def test_a_mapping_that_fits_nothing_is_one_line(
    mapping: str, expected: str, tmp_path: Path
) -> None:
    written(tmp_path / "output", mapped_log(flat(EVENTS)))
    written(tmp_path / "raw", b"".join(line(*record) for record in flat(EVENTS)))
    words = ("verify", "output", "--against", "raw", "--mapping", mapping)
    assert_one_line(auditbench(*words, cwd=tmp_path), 2, expected)


def test_another_time_in_the_mapping_is_not_taken_for_another_host(tmp_path: Path) -> None:
    """A time without its milliseconds is that of no event."""
    lines = mapped_log(flat(EVENTS)).splitlines()
    cut = [json.dumps({**(each := json.loads(text)), "ts": int(each["ts"])}) for text in lines]
    written(tmp_path / "output", "\n".join(cut).encode())
    written(tmp_path / "raw", b"".join(line(*record) for record in flat(EVENTS)))
    words = ("verify", "output", "--against", "raw", "--mapping", TEXTS)
    answer = auditbench_json(*words, cwd=tmp_path, code=3)["answer"]
    assert answer.endswith("does --mapping name the serial, and a time to the millisecond?")


def test_the_json_of_journald_and_of_auditbeat(tmp_path: Path) -> None:
    """One writes a type before each text, the other all records of an event with their heads."""
    journal, beats = [], []
    for records in EVENTS:
        found = re.match(rb"audit\((\d+)\.(\d+):(\d+)\)", records[0][1])
        assert found is not None
        stamp, serial = (found[1] + found[2]).decode(), int(found[3])
        originals = []
        for kind, text in records:
            content = text.partition(b"): ")[2].decode(errors="replace").rstrip()
            journal.append(
                {"id": str(serial), "us": f"{stamp}000", "no": str(kind)}
                | {"text": f"{type_name(kind)} {content}"}
            )
            originals.append(line(kind, text).decode(errors="replace").rstrip())
        beats.append({"seq": serial, "ms": int(stamp), "kind": "syscall", "texts": originals})
    written(tmp_path / "raw", b"".join(line(*record) for record in flat(EVENTS)))
    for objects, mapping in (
        (journal, "serial=id,time=us,type=no,text=text"),
        (beats, "serial=seq,time=ms,type=kind,text=texts"),
    ):
        written(tmp_path / "output", "\n".join(map(json.dumps, objects)).encode())
        words = ("verify", "output", "--against", "raw", "--mapping", mapping)
        assert auditbench_json(*words, cwd=tmp_path, code=0)["verdict"] == "complete"
