"""The slopes of a soak: a planted one is found, and noise alone is none."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from harness.analysis.soak import slope_per_hour, trends
from harness.model.run import Sample, SoakMoment
from tests.support.samples import bare_sample

HOUR_MS = 3_600_000
MIB = 2**20


def soaked(
    memory: Callable[[float], float], *, hours: float = 1.0, block: int = 1, delays: bool = True
) -> Sample:
    """Sixty windows with this memory by the hour, and steady CPU and delay with noise."""
    chance = random.Random(7)
    moments = tuple(
        SoakMoment(
            t_ms=round(hours * HOUR_MS * window / 60),
            memory_bytes=round(memory(hours * window / 60)),
            cpu_ns_per_event=5000 * chance.uniform(0.9, 1.1),
            delay_ms=chance.uniform(1, 3) if delays else None,
        )
        for window in range(60)
    )
    return bare_sample("rules-scoped", block, {}, soak=moments)


def test_a_planted_growth_is_found_with_its_size() -> None:
    chance = random.Random(1)
    leak = soaked(lambda hour: 40 * MIB + 2 * MIB * hour + chance.uniform(0, MIB / 10))
    memory, cpu, delay = trends([leak])
    assert memory.growing == "memory"
    assert memory.is_shown
    assert memory.low is not None
    assert memory.high is not None
    assert memory.low < 2 * MIB < memory.high
    assert memory.per_hour == pytest.approx(2 * MIB, rel=0.1)
    assert not cpu.is_shown
    assert not delay.is_shown
    assert cpu.low is not None
    assert cpu.high is not None
    assert cpu.low < 0 < cpu.high


@pytest.mark.parametrize("follows", [0.0, 0.5, 0.8])
def test_noise_that_lasts_is_no_growth(follows: float) -> None:
    """As of a neighbour that comes and goes: each window is partly like the one before."""
    shown = 0
    for seed in range(100):
        chance, value, points = random.Random(seed), 0.0, []
        for window in range(54):
            value = follows * value + chance.gauss(0, 1)
            points.append((window * HOUR_MS / 60, 100 + value))
        _, low, high = slope_per_hour(points)
        assert low is not None
        assert high is not None
        shown += low > 0 or high < 0
    assert shown <= 14


def test_one_step_is_no_growth() -> None:
    for step in range(5, 50):
        chance = random.Random(step)
        points = [
            (window * HOUR_MS / 60, 40 + (window >= step) + chance.uniform(0, 0.01))
            for window in range(54)
        ]
        _, low, _ = slope_per_hour(points)
        assert low is not None
        assert low <= 0, step


def test_the_slope_is_per_hour_whatever_the_length() -> None:
    (memory, *_) = trends([soaked(lambda hour: MIB * hour, hours=0.25)])
    assert memory.per_hour == pytest.approx(MIB, rel=0.01)
    assert memory.seconds == pytest.approx(0.25 * 3600 * 53 / 60, rel=0.01)


def test_what_fills_in_the_first_tenth_is_no_growth() -> None:
    (memory, *_) = trends([soaked(lambda hour: 40 * MIB * min(hour / 0.08, 1.0))])
    assert memory.per_hour == 0
    assert not memory.is_shown


def test_a_moment_of_a_neighbour_moves_nothing() -> None:
    (memory, *_) = trends([soaked(lambda hour: 90 * MIB if 0.5 < hour < 0.55 else MIB)])
    assert memory.per_hour == 0


def test_too_few_points_have_no_slope_and_no_delay_no_row() -> None:
    assert slope_per_hour([(0, 1), (1, 2)]) == (None, None, None)
    assert slope_per_hour([(0, 1)] * 20) == (None, None, None)
    sample = soaked(lambda hour: MIB, delays=False)
    assert [trend.growing for trend in trends([sample])] == ["memory", "cpu"]
    few = bare_sample("rules-scoped", 1, {}, soak=sample.soak[-3:])
    assert [trend.per_hour for trend in trends([few])] == [None, None]


def test_the_warm_up_is_no_soak() -> None:
    assert trends([soaked(lambda hour: MIB, block=0)]) == []
