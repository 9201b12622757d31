"""What a ratio means against a margin: worse, better, equivalent, or not to be told."""

from __future__ import annotations

from harness.analysis.ratio import Ratio
from harness.model import Verdict

DEFAULT_MARGIN = 0.02
"""A relative difference below this does not matter."""


def judge(ratio: Ratio | None, *, margin: float, less_is_better: bool = True) -> Verdict:
    """The verdict on a ratio to the reference.

    The whole 95 % interval beyond the margin: worse or better. The 90 % interval inside it (two
    one-sided tests at 5 %): equivalent. Everything else is inconclusive.
    """
    if ratio is None or ratio.ci_low is None or ratio.ci_high is None:
        return "inconclusive"
    upper, lower = 1 + margin, 1 / (1 + margin)
    if ratio.ci_low > upper:
        return "worse" if less_is_better else "better"
    if ratio.ci_high < lower:
        return "better" if less_is_better else "worse"
    inside = (
        ratio.inner_low is not None
        and ratio.inner_high is not None
        and lower < ratio.inner_low
        and ratio.inner_high < upper
    )
    return "equivalent" if inside else "inconclusive"
