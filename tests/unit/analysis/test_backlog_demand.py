"""How long a queue gets, by arithmetic and by a queue that is simulated record by record."""

from __future__ import annotations

import pytest

from harness.analysis.searches.backlog_demand import Demand, busiest, longest_after, longest_queue
from tests.support.backlogs.simulated import longest_simulated


@pytest.mark.parametrize(
    ("demand", "drain_per_s"),
    [
        (Demand(rate_per_s=2000, burst=80_000, made_per_s=120_000), 40_000),
        (Demand(rate_per_s=0, burst=5_000, made_per_s=50_000), 10_000),
        (Demand(rate_per_s=9_000, burst=20_000, made_per_s=30_000), 10_000),
        (Demand(rate_per_s=2000, burst=10_000, made_per_s=100_000, pause_s=0.5), 40_000),
        (Demand(rate_per_s=2000, burst=60_000, made_per_s=100_000, pause_s=0.1), 40_000),
        (Demand(rate_per_s=1000, burst=4_000, made_per_s=20_000), 30_000),
    ],
)
def test_a_simulated_queue_gets_as_long_as_arithmetic_says(
    demand: Demand, drain_per_s: float
) -> None:
    computed = longest_queue(demand, drain_per_s)
    assert computed is not None
    assert longest_simulated(demand, drain_per_s) == pytest.approx(computed, rel=0.01, abs=5)


def test_a_burst_is_held_but_for_what_is_taken_meanwhile() -> None:
    # 80,000 come in one second; 30,000 of them are taken by then.
    demand = Demand(rate_per_s=0, burst=80_000, made_per_s=80_000)
    assert longest_queue(demand, 30_000) == 50_000


def test_a_pause_takes_nothing() -> None:
    demand = Demand(rate_per_s=1000, burst=500, made_per_s=100_000, pause_s=2)
    assert longest_queue(demand, 30_000) == 2500


@pytest.mark.parametrize("drain_per_s", [1000, 999.0])
def test_a_queue_that_is_drained_too_slowly_grows_for_good(drain_per_s: float) -> None:
    assert longest_queue(Demand(rate_per_s=1000, burst=1, made_per_s=9e9), drain_per_s) is None


def tenths(counts: dict[int, int]) -> list[tuple[int, int, int]]:
    return [(number, events, 4 * events) for number, events in sorted(counts.items())]


def test_the_busiest_times_begin_anywhere() -> None:
    steady = dict.fromkeys(range(0, 1200), 2)
    found = busiest(tenths(steady | {605: 400, 611: 300}))
    assert found.tenth == 400
    # Both peaks are within one second, though not of one second of the clock.
    assert found.second == 400 + 300 + 8 * 2
    assert found.minute == 700 + 598 * 2
    assert found.rate_per_s == pytest.approx(found.minute / 60)
    # A token bucket of them admits a tenth, a second and the minute.
    for window_s, events in ((0.1, found.tenth), (1, found.second)):
        assert found.burst + found.rate_per_s * window_s >= events - 1
    assert found.burst < found.second


def test_a_gap_is_not_passed_over() -> None:
    found = busiest(tenths({0: 10, 10: 10, 5000: 1}))
    assert (found.tenth, found.second, found.minute) == (10, 10, 20)


def test_a_log_that_is_shorter_than_a_minute() -> None:
    found = busiest(tenths(dict.fromkeys(range(100), 5)))
    assert (found.minute, found.minute_s, found.rate_per_s) == (500, 10.0, 50.0)
    assert found.burst == 1


def test_times_between_a_second_and_a_minute_are_told() -> None:
    busy = dict.fromkeys(range(300, 400), 500)
    found = busiest(tenths(dict.fromkeys(range(0, 1200), 2) | busy))
    longer = dict(found.longer)
    assert longer == {2: 10_000, 5: 25_000, 10: 50_000, 20: 50_200, 40: 50_600}
    # Neither the burst nor the rate has them: a drain between the two leaves a queue.
    assert found.burst + found.rate_per_s * 10 < longer[10]
    assert longest_after(found.longer, 2000) == (10, 30_000)
    assert longest_after(found.longer, 6000)[1] < 0


def test_a_single_event() -> None:
    found = busiest([(17, 1, 4)])
    assert (found.tenth, found.rate_per_s, found.burst) == (1, 1.0, 1)


def test_no_events() -> None:
    with pytest.raises(ValueError, match="no events"):
        busiest([])
