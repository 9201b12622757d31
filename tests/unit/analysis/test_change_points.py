"""Changes of level: found where there is one, and seldom where there is none."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest

from harness.analysis.change_points import change_points
from harness.errors import UsageError


def noisy(runs: int, seed: int, *, sigma: float = 0.01) -> list[float]:
    return [float(value) for value in np.random.default_rng(seed).normal(0, sigma, runs)]


def test_a_step_is_found_at_its_place() -> None:
    for seed in range(20):
        logs = [value + (math.log(1.2) if i >= 7 else 0) for i, value in enumerate(noisy(15, seed))]
        (found,) = change_points(logs) or []
        assert found.place == 7
        assert found.after - found.before == pytest.approx(math.log(1.2), abs=0.03)
        assert found.before == pytest.approx(sum(logs[:7]) / 7)


def test_two_steps_there_and_back() -> None:
    logs = noisy(24, 3)
    logs[8:16] = [value + 0.1 for value in logs[8:16]]
    assert [found.place for found in change_points(logs) or []] == [8, 16]


def test_two_runs_are_a_level() -> None:
    logs = noisy(12, 7)
    logs[-2:] = [value + 0.2 for value in logs[-2:]]
    (found,) = change_points(logs) or []
    assert found.place == 10
    assert found.after == pytest.approx(sum(logs[-2:]) / 2)


def test_fewer_than_six_runs_are_not_judged() -> None:
    assert change_points([0.0, 0.0, 0.0, 1.0, 1.0]) is None
    assert [found.place for found in change_points([0.0, 0.0, 0.0, 1.0, 1.0, 1.0]) or []] == [3]


def test_one_run_alone_is_no_level() -> None:
    for place in (0, 5, 11):
        logs = noisy(12, 5)
        logs[place] += 1.0
        assert change_points(logs) == []


def test_histories_that_are_all_alike_have_none() -> None:
    assert change_points([0.5] * 10) == []


def test_a_change_within_the_runs_own_intervals_is_none() -> None:
    logs = [0.0] * 5 + [0.02] * 5
    assert len(change_points(logs) or []) == 1
    assert change_points(logs, [0.03] * 10) == []
    assert len(change_points(logs, [0.003] * 9 + [None]) or []) == 1


@pytest.mark.parametrize("runs", [6, 10, 30])
def test_noise_is_seldom_given_a_change(runs: int) -> None:
    histories = 200
    false = sum(bool(change_points(noisy(runs, 1000 + seed))) for seed in range(histories))
    # 5 % are allowed; more than 8 % would be seen in 200 histories.
    assert false <= 0.08 * histories


def test_without_ruptures_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ruptures", None)
    with pytest.raises(UsageError, match=r"pip install 'auditbench\[history\]'"):
        change_points(noisy(6, 1))
    assert change_points(noisy(5, 1)) is None
