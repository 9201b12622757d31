"""Windows of a long trial, from looks at a made-up /proc."""

from __future__ import annotations

import os

import pytest

from harness.consumers.base import ConsumerReport
from harness.run.trials.growth import MOST_LOOKS, WINDOWS, Growth

S = 1_000_000_000


def test_windows_have_memory_cpu_per_event_and_delay() -> None:
    growth = Growth((1,), 1.0)
    # 60 s, 1,000 events per second, 2 ms of CPU per second, 1 KiB more per second.
    growth.looks = [(t * S // 4, 1024 * t // 4, t * 500_000) for t in range(241)]
    delays = tuple(float(second) for second in range(60))
    report = ConsumerReport(
        0, 0, delays_ms=delays, delays_at_ns=tuple(second * S + 1 for second in range(60))
    )
    moments = growth.moments(0, 60 * S, 60_000, report)
    assert len(moments) == WINDOWS
    assert [moment.t_ms for moment in moments[:2]] == [500, 1500]
    assert {round(moment.cpu_ns_per_event or 0) for moment in moments} == {2000}
    assert [moment.delay_ms for moment in moments] == list(delays)
    assert moments[30].memory_bytes == pytest.approx(1024 * 30, rel=0.02)


def test_one_look_in_each_window_is_enough() -> None:
    growth = Growth((1,))
    growth.looks = [(S * second + 1, 1024, second * 2_000_000) for second in range(60)]
    moments = growth.moments(0, 60 * S, 60_000, ConsumerReport(0, 0))
    first, *rest = [moment.cpu_ns_per_event for moment in moments]
    assert first is None
    assert {round(value or 0) for value in rest} == {2000}


def test_what_is_not_known_is_not_made_up() -> None:
    growth = Growth((1,), 1.0)
    growth.looks = [(S * t, 100, 7) for t in range(30)]
    moments = growth.moments(0, 60 * S, None, ConsumerReport(0, 0))
    assert len(moments) == 30
    assert {moment.cpu_ns_per_event for moment in moments} == {None}
    assert {moment.delay_ms for moment in moments} == {None}


def test_it_reads_living_processes_and_not_more_often_than_asked() -> None:
    growth = Growth((os.getpid(),), 3600)
    growth.look()
    growth.look()
    ((_, memory, cpu),) = growth.looks
    assert memory > 0
    assert cpu > 0
    gone = Growth((os.getpid(), 2**22))
    gone.look()
    assert gone.looks == []


def test_however_long_it_lasts_it_keeps_no_more() -> None:
    growth = Growth((os.getpid(),), 0)
    growth.looks = [(second, 1, 1) for second in range(MOST_LOOKS)]
    growth.period_s = 1e-9
    growth.look()
    assert len(growth.looks) == MOST_LOOKS // 2 + 1
    assert growth.period_s == 2e-9
