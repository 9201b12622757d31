"""When a kernel is booted once more: where its boots do not agree on what events cost."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.model.count import CONSUMER, EVENTS, INSTRUCTIONS, KAUDITD
from harness.run.counted_boots import MOST_BOOTS, Spread
from tests.support.samples import bare_sample


def spread(metric: str, *counts: float, kernel: str = "6.1") -> Spread:
    """Boots that counted these."""
    found = Spread()
    for boot, value in enumerate(counts, start=1):
        sample = bare_sample("rules", boot, {metric: value}, workload="connect")
        found.add(replace(sample, kernel=kernel))
    return found


@pytest.mark.parametrize(
    ("metric", "counts", "again"),
    [
        (INSTRUCTIONS, (50_000, 50_900), False),
        (INSTRUCTIONS, (50_000, 51_100), True),
        (KAUDITD, (10_000, 10_900), False),
        (KAUDITD, (10_000, 11_200), True),
        (CONSUMER, (10_000, 11_200), True),
        (EVENTS, (1, 2), False),
        (KAUDITD, (0.01, 0.05), False),
        (INSTRUCTIONS, (50_000,), False),
    ],
)
def test_two_boots_are_enough_where_they_agree(
    metric: str, counts: tuple[float, ...], again: bool
) -> None:
    assert spread(metric, *counts).kernels_to_boot_again() == (["6.1"] if again else [])


def test_more_boots_make_the_mean_better() -> None:
    assert spread(KAUDITD, 10_000, 11_200).kernels_to_boot_again()
    assert not spread(KAUDITD, 10_000, 11_200, 10_600).kernels_to_boot_again()


def test_there_is_an_end_to_it() -> None:
    counts = [10_000.0 * number for number in range(1, MOST_BOOTS + 1)]
    assert spread(KAUDITD, *counts[:-1]).kernels_to_boot_again()
    assert not spread(KAUDITD, *counts).kernels_to_boot_again()
