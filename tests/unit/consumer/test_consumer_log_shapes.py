"""What rules may test of the calls of a log, the records that they may leave out, busy seconds."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from consumer.log.summary import LogSums, read_logs
from consumer.log.tables import PART_TYPES
from tests.unit.consumer.test_consumer_log_lines import CALL, record

CWD, PROCTITLE = 1307, 1327
WITH_SUBJECT = CALL.replace(b" key=", b" subj=%s key=")


def read(*pieces: bytes) -> LogSums:
    sums = LogSums((), with_shapes=True)
    for piece in pieces:
        sums.reader.feed(piece)
    return sums


def shape(*pieces: bytes) -> dict[str, Any]:
    (found,) = read(*pieces).shapes()
    return found


def execve_event(serial: int) -> bytes:
    """The records of a program's start, as the kernel sends them."""
    others = [b"BPRM_FCAPS", b"EXECVE", b"CWD", b"PATH", b"PATH", b"PROCTITLE", b"EOE"]
    return b"".join([record(serial), *(record(serial, b"x=1", name=name) for name in others)])


def from_file(log: bytes, folder: Path) -> LogSums:
    path = folder / "audit.log"
    path.write_bytes(log)
    sums = LogSums((), with_shapes=True)
    read_logs([str(path)], sums)
    return sums


def from_pipe(log: bytes, _: Path) -> LogSums:
    reading, writing = os.pipe()
    os.write(writing, log)
    os.close(writing)
    sums = LogSums((), with_shapes=True, own_pid=2)
    sums.take_descriptor("the kernel", reading, lambda: None, lambda: None)
    os.close(reading)
    return sums


@pytest.mark.parametrize("source", [from_file, from_pipe])
def test_events_of_the_last_seconds_are_among_the_calls(source: Any, tmp_path: Path) -> None:
    """Nobody asked for the sums before, and no later record has ended these events."""
    log = b"".join(execve_event(serial) for serial in (1, 2, 3))
    (found,) = source(log, tmp_path).shapes()
    assert (found["number"], found["events"], found["records"]) == (59, 3, 24)
    assert found["parts"].keys() == set(PART_TYPES) - {1317, 1323}


@pytest.mark.parametrize(
    "subject",
    [
        b"system_u:system_r:httpd_t:s0-s0:c0.c1023",
        b"unconfined",
        b"/usr/sbin/cupsd (enforce)",
        b"=unconfined",
    ],
)
@pytest.mark.parametrize("old", [b"", b"old "])
def test_the_context_of_a_call_is_read_as_it_stands(subject: bytes, old: bytes) -> None:
    """Where all fields stand in their places, and by name where they do not."""
    assert shape(record(1, old + WITH_SUBJECT % subject))["subj"] == subject


def test_a_call_without_a_context_has_none() -> None:
    assert shape(record(1))["subj"] is None
    assert len(read(record(1), record(2, WITH_SUBJECT % b"a"), record(3)).shapes()) == 2


def test_records_that_rules_may_leave_out_are_counted_by_type() -> None:
    lines = [
        [record(at), record(at, b"cwd=2F", name=b"CWD"), record(at, b"p=41", name=b"PROCTITLE")]
        for at in (1, 2)
    ]
    other = record(3, CALL.replace(b"=59", b"=42"))
    last = record(3, b"proctitle=4142", name=b"PROCTITLE")
    found = {each["number"]: each for each in read(*lines[0], *lines[1], other, last).shapes()}
    assert found[59]["parts"] == {
        CWD: (2, 2 * len(lines[0][1])),
        PROCTITLE: (2, 2 * len(lines[0][2])),
    }
    assert found[42]["parts"] == {PROCTITLE: (1, len(last))}
    assert (found[59]["events"], found[59]["records"]) == (2, 6)


@pytest.mark.parametrize("kind", PART_TYPES)
def test_every_type_of_the_table_is_counted(kind: int) -> None:
    line = record(1, b"x=1", name=b"UNKNOWN[%d]" % kind)
    assert shape(record(1), line)["parts"] == {kind: (1, len(line))}


def test_the_busiest_second_counts_the_ends_that_auditd_does_not_write() -> None:
    second = [record(at, ms=1000 + 100 * at) for at in range(1, 4)]
    busy, when = read(record(0), *second, record(9, ms=5000)).busiest()
    assert (busy, when) == (6, 1_700_000_001)


def test_ends_that_a_log_has_count_once() -> None:
    assert read(record(1), record(1, b"", name=b"EOE")).busiest()[0] == 2


def test_hosts_have_seconds_of_their_own() -> None:
    lines = [b"node=%s " % node + record(at) for node in (b"a", b"b") for at in (1, 2)]
    assert read(*lines).busiest()[0] == 4
