"""Which records of a log are one event, in bounded memory."""

from __future__ import annotations

import pytest

from consumer.log.summary import LogSums
from tests.unit.consumer.test_consumer_log_lines import CALL, record, rows, summed

PATH = b'item=0 name="/x" nametype=NORMAL'


def test_records_of_an_event_add_up() -> None:
    lines = [
        record(1),
        record(1, PATH, name=b"PATH"),
        record(1, b"proctitle=41", name=b"PROCTITLE"),
    ]
    (row,) = summed(*lines)["tables"][0]["rows"]
    assert row == {
        "value": "/bin/sh",
        "events": 1,
        "records": 3,
        "bytes": sum(map(len, lines)),
    }


def test_interleaved_events() -> None:
    lines = [record(1), record(2), record(1, PATH, name=b"PATH"), record(2, PATH, name=b"PATH")]
    document = summed(*lines)
    assert document["events"] == 2
    assert document["tables"][0]["rows"][0]["records"] == 4


@pytest.mark.parametrize(("later_ms", "events"), [(1999, 2), (2000, 3)])
def test_an_event_ends_after_two_seconds(later_ms: int, events: int) -> None:
    late = record(1, PATH, name=b"PATH")
    assert summed(record(1), record(2, ms=later_ms), late)["events"] == events


def test_clocks_may_step_back() -> None:
    lines = [record(n, ms=ms) for n, ms in enumerate((9000, 5000, 4000, 8000, 1000, 9500))]
    again = [record(n, PATH, name=b"PATH", ms=ms) for n, ms in enumerate((9000, 5000))]
    document = summed(*lines, *again)
    # The first still waits; the second ended when one three seconds later began.
    assert document["events"] == 7
    assert document["records"] == 8


def test_an_end_without_event() -> None:
    document = summed(record(1, b"", name=b"EOE"), record(2), record(2, b"", name=b"EOE"))
    assert (document["events"], document["stray_ends"]) == (1, 1)


def test_messages_are_events_alone() -> None:
    body = b"pid=1 uid=0 auid=5 ses=1 msg='op=x exe=\"/a\" res=success'"
    document = summed(*[record(1, body, name=b"USER_LOGIN")] * 3)
    assert document["events"] == 3
    assert rows(document, "exe") == {"/a": 3}


def test_a_flood_of_open_events_is_bounded() -> None:
    count = 270_000
    document = summed(*[record(n, b"x=y", name=b"PATH") for n in range(count)])
    assert document["events"] == count
    assert document["events_cut_short"] > 0


def test_the_same_serial_at_another_time_is_another_event() -> None:
    assert summed(record(1), record(1, CALL, ms=1))["events"] == 2


def test_events_and_records_by_tenths_of_a_second() -> None:
    sums = LogSums((), with_tenths=True)
    lines = [
        record(1, ms=1_000_000),
        record(2, ms=1_000_099),
        record(3, ms=1_000_100),
        record(1, PATH, name=b"PATH", ms=1_000_000),
        record(4, ms=999_950),
    ]
    sums.reader.begin_file()
    sums.reader.feed(b"".join(lines))
    sums.reader.end_file()
    first = sums.tenths.rows()[0][0]
    rows = [(number - first, *counts) for number, *counts in sums.tenths.rows()]
    assert rows == [(0, 1, 1), (1, 2, 3), (2, 1, 1)]
    assert not sums.tenths.left_out


def test_tenths_are_counted_only_where_they_are_wanted() -> None:
    sums = LogSums(())
    sums.reader.begin_file()
    sums.reader.feed(record(1))
    sums.reader.end_file()
    assert sums.tenths.rows() == []


def test_more_tenths_than_there_is_room_for_at_first() -> None:
    sums = LogSums((), with_tenths=True)
    sums.reader.begin_file()
    sums.reader.feed(b"".join(record(n, ms=1_000_000 + 100 * n) for n in range(10_000)))
    sums.reader.end_file()
    assert len(sums.tenths.rows()) == 10_000
