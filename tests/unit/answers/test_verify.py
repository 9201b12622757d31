"""RAW and an output side by side: exactly what was done to the output is found."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.answers.verify.verify import match_events
from harness.answers.verify.window import MOST_TEXT_BYTES
from harness.model.verify import EOE, Kind, Matched, Record

START_MS = 1_700_000_000_000
Event = list[Record]


def event(number: int, records: int = 3, *, stamp_ms: int | None = None) -> Event:
    """An event of a time of its own; no two records are alike."""
    stamp_ms = START_MS + 7 * number if stamp_ms is None else stamp_ms
    return [
        Record(stamp_ms, number, 1300 + kind, b"record %d of %d" % (kind, number), b"shown")
        for kind in range(records)
    ]


def flat(events: list[Event]) -> list[Record]:
    return [record for each in events for record in each]


def counts(matched: Matched) -> dict[str, int]:
    return {each.kind: each.events for each in matched.findings}


def firsts(matched: Matched) -> dict[str, int]:
    return {each.kind: each.first.event.serial for each in matched.findings if each.first}


def test_a_log_is_complete_against_itself() -> None:
    events = [event(number) for number in range(50)]
    matched = match_events(flat(events), flat(events))
    assert matched.findings == ()
    assert (matched.events, matched.records, matched.whole, matched.outside) == (50, 150, 50, 0)


FAULTS: dict[str, Kind | None] = {
    "leave": None,
    "drop": "missing",
    "lose a record": "cut",
    "cut a record": "cut",
    "change a record": "changed",
    "lengthen a record": "changed",
    "add a record": "not-in-raw",
    "double": "doubled",
    "double a record": "doubled",
    "delay": "out-of-order",
}


def spoiled(events: list[Event], deeds: dict[int, str]) -> list[Event]:
    """The events with these faults; what is delayed goes behind all others."""
    output, delayed = [], []
    for number, records in enumerate(events):
        first, *rest = records
        match deeds.get(number, "leave"):
            case "leave":
                output.append(records)
            case "lose a record":
                output.append(rest)
            case "cut a record":
                output.append([first._replace(text=first.text[:-3]), *rest])
            case "change a record":
                output.append([first._replace(text=b"another"), *rest])
            case "lengthen a record":
                output.append([first._replace(text=first.text + b" more"), *rest])
            case "add a record":
                output.append([*records, first._replace(type=1399, text=b"one more")])
            case "double":
                output.append([*records, *records])
            case "double a record":
                output.append([*records, rest[0]])
            case "delay":
                delayed.append(records)
            case deed:
                assert deed == "drop"
    return [*output, *delayed]


@settings(deadline=None)
@given(
    st.integers(3, 60).flatmap(
        lambda size: st.tuples(
            st.just(size),
            st.dictionaries(st.integers(1, size - 2), st.sampled_from(list(FAULTS)), max_size=12),
        )
    ),
    st.sampled_from([3, 17]),
    st.randoms(use_true_random=False),
)
def test_exactly_what_was_done_is_found(
    case: tuple[int, dict[int, str]], distance_ms: int, chance: random.Random
) -> None:
    """The first and the last event stay, so that all others are within both."""
    size, deeds = case
    events = [event(number, stamp_ms=START_MS + distance_ms * number) for number in range(size)]
    output = spoiled(events, deeds)
    for records in output:
        chance.shuffle(records)
    matched = match_events(flat(events), flat(output))
    done = [(FAULTS[deed], number) for number, deed in deeds.items()]
    assert counts(matched) == {
        kind: sum(each == kind for each, _ in done)
        for kind in dict.fromkeys(kind for kind, _ in done if kind)
    }
    assert firsts(matched) == {
        kind: min(number for each, number in done if each == kind) for kind in counts(matched)
    }
    assert matched.whole == size - sum(kind is not None for kind, _ in done)
    assert matched.unplaced == matched.outside == 0


@settings(deadline=None, max_examples=30)
@given(st.randoms(use_true_random=False))
def test_events_that_overlap_in_raw_may_stand_in_any_order(chance: random.Random) -> None:
    """Consumers write an event at its end, and others did begin before that."""
    raw = flat([event(number, stamp_ms=START_MS) for number in range(20)])
    chance.shuffle(raw)
    ends: dict[int, int] = {record.serial: place for place, record in enumerate(raw)}
    by_end = [event(number, stamp_ms=START_MS) for number in sorted(ends, key=lambda n: ends[n])]
    assert match_events(raw, flat(by_end)).findings == ()


def test_the_end_record_counts_for_the_order_alone() -> None:
    first, second = event(1, stamp_ms=START_MS), event(2, stamp_ms=START_MS)
    end = Record(START_MS, 1, EOE, b"", b"")
    late = [*first, *second]
    assert counts(match_events(late, [*second, *first])) == {"out-of-order": 1}
    assert match_events([*first, *second, end], [*second, *first]).findings == ()
    assert match_events([*first, *second, end], [*first, end, *second]).records == 6


def test_more_events_in_the_output_speak_against_raw_only_between_its_own() -> None:
    events = [event(number) for number in range(100)]
    raw = events[20:40] + events[41:80]
    matched = match_events(flat(raw), flat(events))
    assert counts(matched) == {"not-in-raw": 1}
    assert firsts(matched) == {"not-in-raw": 40}
    assert matched.outside == 40


def test_raw_may_begin_and_end_within_an_event() -> None:
    events = [event(number) for number in range(20)]
    raw = flat(events)[2:-2]
    raw[-1] = raw[-1]._replace(text=raw[-1].text[:-4])
    matched = match_events(raw, flat(events), is_raw_torn=lambda: True)
    assert matched.findings == ()
    assert matched.whole == 20
    assert counts(match_events(raw, flat(events))) == {"changed": 1}
    del raw[10]
    matched = match_events(raw, flat(events), is_raw_torn=lambda: True)
    assert counts(matched) == {"not-in-raw": 1}


def test_an_event_held_back_from_before_raw_is_outside() -> None:
    events = [event(number) for number in range(30)]
    held_back = [*events[1:20], events[0], *events[20:]]
    matched = match_events(flat(events[5:]), flat(held_back))
    assert matched.findings == ()
    assert matched.outside == 5


def test_missing_beginnings_and_ends_are_counted() -> None:
    events = [event(number) for number in range(100)]
    matched = match_events(flat(events), flat(events[10:50] + events[52:93]))
    assert counts(matched) == {"missing": 19}
    assert (matched.first_missing, matched.last_missing) == (10, 7)


def long(*absent: range, size: int) -> Iterator[Record]:
    for number in range(size):
        if not any(number in each for each in absent):
            yield from event(number, 2)


@pytest.mark.parametrize("absent", [range(1000), range(500, 4500), range(4000, 5000), range(0)])
def test_gaps_longer_than_the_window_are_missing_and_nothing_else(absent: range) -> None:
    matched = match_events(long(size=5000), long(absent, size=5000), window=50)
    assert counts(matched) == ({"missing": len(absent)} if absent else {})
    assert matched.whole == 5000 - len(absent)
    assert matched.unplaced == matched.outside == 0


def test_an_output_that_covers_far_more_than_raw_is_complete() -> None:
    matched = match_events(
        long(range(3000), range(3100, 9000), size=9000), long(size=9000), window=50
    )
    assert matched.findings == ()
    assert (matched.events, matched.outside, matched.unplaced) == (100, 8900, 0)


def test_what_is_beyond_the_window_is_not_called_fine() -> None:
    events = [event(number) for number in range(500)]
    swapped = events[250:] + events[:250]
    matched = match_events(flat(events), flat(swapped), window=20)
    assert counts(matched)["missing"] > 200
    assert matched.unplaced > 200
    within = match_events(flat(events), flat(swapped))
    assert counts(within) == {"out-of-order": 250}
    assert within.unplaced == 0


def test_a_late_copy_is_not_called_fine() -> None:
    events = [event(number) for number in range(500)]
    matched = match_events(flat(events), flat([*events[:400], events[3], *events[400:]]), window=20)
    assert matched.findings == ()
    assert matched.unplaced == 1


@pytest.mark.parametrize("stamp_ms", [0, START_MS * 5, START_MS + 900, START_MS + 100_000_000])
def test_a_forged_time_disturbs_nothing_else(stamp_ms: int) -> None:
    events = [event(number) for number in range(3000)]
    forged = event(1500, stamp_ms=stamp_ms)
    output = [*events[:1500], forged, *events[1500:]]
    matched = match_events(flat(events), flat(output), window=400)
    assert counts(matched).keys() <= {"not-in-raw"}
    assert matched.whole == 3000
    matched = match_events(flat(output), flat(events), window=400)
    assert counts(matched) == {"missing": 1}


def test_a_clock_that_is_set_back_and_a_long_call_disturb_nothing() -> None:
    ahead = [event(number, stamp_ms=START_MS + 3_600_000 + number) for number in range(1000)]
    back = [event(1000 + number, stamp_ms=START_MS + number) for number in range(1000)]
    forth = [event(2000 + number, stamp_ms=START_MS + 9_000_000 + number) for number in range(1000)]
    events = [*ahead, *back, *forth]
    events.insert(500, event(5000, stamp_ms=START_MS - 86_400_000))
    output = [each for number, each in enumerate(events) if number not in (700, 1500, 1501, 2500)]
    matched = match_events(flat(events), flat(output), window=100)
    assert counts(matched) == {"missing": 4}
    assert matched.unplaced == 0


def test_serials_of_several_boots_are_told_apart() -> None:
    boots = [
        [event(number, stamp_ms=START_MS + 10_000_000 * boot + number) for number in range(300)]
        for boot in range(4)
    ]
    output = [*boots[0], *boots[1][:100], *boots[2], *boots[3]]
    matched = match_events(flat([each for boot in boots for each in boot]), flat(output), window=50)
    assert counts(matched) == {"missing": 200}
    assert firsts(matched) == {"missing": 100}


def test_a_record_that_raw_has_twice_is_wanted_twice() -> None:
    records = [*event(1), event(1)[0]]
    around = [event(0)], [event(2)]
    both = lambda middle: flat([*around[0], middle, *around[1]])  # noqa: E731
    assert match_events(both(records), both(records)).findings == ()
    assert counts(match_events(both(records), both(event(1)))) == {"cut": 1}


def test_one_event_without_end_is_bounded() -> None:
    text = b"x" * 4096
    records = (
        Record(START_MS, 1, 1302, b"%d %s" % (number, text), b"")
        for number in range(3 * MOST_TEXT_BYTES // 4096)
    )
    matched = match_events(records, iter(event(2)))
    assert matched.records == 3 * MOST_TEXT_BYTES // 4096
    assert counts(matched).keys() == {"missing"}


def test_the_record_that_shows_a_fault_is_named() -> None:
    events = [event(number) for number in range(10)]
    output = spoiled(events, {3: "cut a record", 4: "lose a record", 5: "change a record"})
    found = {each.kind: each.first for each in match_events(flat(events), flat(output)).findings}
    cut, changed = found["cut"], found["changed"]
    assert cut is not None
    assert changed is not None
    assert (cut.type, cut.raw, cut.output) == (1300, b"record 0 of 3", b"record 0 o")
    assert (changed.type, changed.raw, changed.output) == (1300, b"record 0 of 5", b"another")
