"""Signed ranks, bootstrap and false discovery control: against known answers and other code."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import false_discovery_control, wilcoxon

from harness.analysis import bootstrap
from harness.analysis.bootstrap import bca_intervals
from harness.analysis.discovery import blocks_for_family, q_values
from harness.analysis.ratio import ratio_of_logs
from harness.analysis.signed_rank import rank_centre, rank_interval, rank_p


def draw(blocks: int, seed: int = 1) -> list[float]:
    return [float(value) for value in np.random.default_rng(seed).normal(0.01, 0.03, blocks)]


def test_p_by_hand() -> None:
    # All differences on one side: one of the 2^n ways to sign them, and its mirror image.
    assert rank_p([1.0, 2.0, 3.0]) == 2 / 8
    assert rank_p([0.1] * 8) == 2 / 256
    assert rank_p([0.0] * 5) == 1.0
    assert rank_p([0.3]) is None
    # Of the means of two, only -1 itself is below zero: ranks that sum to at most 1, twice.
    assert rank_p([-1.0, 2.0, 3.0, 4.0]) == 2 * 2 / 16


@pytest.mark.parametrize("blocks", [6, 9, 20, 45])
def test_p_is_what_scipy_says(blocks: int) -> None:
    values = draw(blocks, seed=blocks)
    assert rank_p(values) == pytest.approx(wilcoxon(values, method="exact").pvalue, abs=1e-12)


def test_p_of_very_many_blocks() -> None:
    values = draw(150)
    other = wilcoxon(values, method="approx", correction=True)
    assert rank_p(values) == pytest.approx(other.pvalue, rel=1e-6)


@pytest.mark.parametrize("blocks", [6, 8, 11, 14, 25, 70])
def test_the_interval_is_what_the_test_does_not_reject(blocks: int) -> None:
    values = draw(blocks, seed=blocks)
    intervals = rank_interval(values, (0.95, 0.9))
    assert intervals is not None
    (low, high), (inner_low, inner_high) = intervals
    assert low <= inner_low < rank_centre(values) < inner_high <= high
    inside, outside = 1e-9, -1e-9
    for end, sign in ((low, 1), (high, -1)):
        kept = rank_p([value - end - sign * inside for value in values])
        rejected = rank_p([value - end - sign * outside for value in values])
        assert kept is not None
        assert rejected is not None
        assert rejected <= 0.05 < kept


def test_the_centre_is_the_median_of_the_means_of_two() -> None:
    assert rank_centre([1.0, 2.0, 6.0]) == pytest.approx(2.75)  # 1 1.5 2 3.5 4 6
    assert rank_centre([1.0, 3.0]) == 2.0
    assert rank_centre([5.0]) == 5.0


def test_bad_trials_move_the_mean_and_not_the_centre() -> None:
    calm = draw(20)
    # In three blocks the cell was disturbed, in two the reference.
    burst = {3: 0.25, 9: 0.25, 15: 0.25, 5: -0.25, 17: -0.25}
    slow = [value + burst.get(place, 0.0) for place, value in enumerate(calm)]
    before, after = ratio_of_logs(calm), ratio_of_logs(slow)
    assert abs(math.log((after.mean or 0) / (before.mean or 1))) > 0.012
    assert abs(math.log(after.ratio / before.ratio)) < 0.01
    width = math.log((after.ci_high or 0) / (after.ci_low or 1))
    assert width < 0.8 * math.log((after.t_high or 0) / (after.t_low or 1))


def test_six_blocks_give_the_whole_range_and_five_student_t() -> None:
    six = [0.05, 0.01, 0.03, 0.02, 0.04, 0.06]
    found = ratio_of_logs(six)
    assert (found.ci_low, found.ci_high) == (pytest.approx(math.exp(0.01)), math.exp(0.06))
    assert found.t_low != found.ci_low
    assert rank_interval(six[:5], (0.95,)) is None
    five = ratio_of_logs(six[:5])
    assert (five.ci_low, five.ci_high) == (five.t_low, five.t_high)
    assert five.ratio == five.mean


def test_the_bootstrap_is_as_wide_as_student_t_where_noise_is_normal() -> None:
    for blocks in (20, 40):
        found = ratio_of_logs(draw(blocks))
        [interval] = bca_intervals([draw(blocks)])
        assert interval is not None
        assert found.t_low is not None
        assert found.t_high is not None
        width, student = interval[1] - interval[0], math.log(found.t_high / found.t_low)
        assert width == pytest.approx(student, rel=0.06)


def test_no_bootstrap_of_few_blocks_or_with_one_far_out() -> None:
    burst = [*draw(24), 2.0]
    found = bca_intervals([draw(19), draw(25), burst, [0.5] * 20])
    assert found[0] is None
    assert found[1] is not None
    assert found[2] is None
    assert found[3] == (0.5, 0.5)
    assert bca_intervals([]) == []


def test_the_bootstrap_says_the_same_again_and_in_company() -> None:
    rows = [draw(20, seed) for seed in range(bootstrap._ROWS_AT_ONCE + 3)]
    together = bca_intervals(rows)
    assert together[1] == pytest.approx(bca_intervals([rows[1]])[0], rel=1e-9)
    assert together[-1] == pytest.approx(bca_intervals([rows[-1]])[0], rel=1e-9)


def test_q_by_hand() -> None:
    # Sorted 0.01, 0.03, 0.04: times 3/1, 3/2, 3/3, and no q above that of the next.
    assert q_values([0.04, None, 0.01, 0.03]) == [
        pytest.approx(0.04),
        None,
        pytest.approx(0.03),
        pytest.approx(0.04),
    ]
    assert q_values([None]) == [None]
    assert q_values([]) == []


def test_q_is_what_scipy_says() -> None:
    few = [0.0, 1.0, *draw(9, seed=2), *draw(9, seed=2)]
    for ps in ([abs(p) for p in few], [abs(p) * 20 for p in draw(40) if abs(p) * 20 <= 1]):
        assert q_values(ps) == list(false_discovery_control(ps, method="bh"))


@pytest.mark.parametrize("tests", [1, 10, 100])
def test_blocks_for_a_family(tests: int) -> None:
    blocks = blocks_for_family(tests)
    assert tests * 2 / 2**blocks <= 0.05 < tests * 2 / 2 ** (blocks - 1)
