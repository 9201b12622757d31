"""What a ratio means against a margin: worse, better, equal, or inconclusive."""

from __future__ import annotations

import math

from harness.analysis.discovery import LEVEL
from harness.analysis.ratio import CONFIDENCE, INNER_CONFIDENCE, Ratio, student_t
from harness.model.result import Verdict

MOST_BLOCKS = 1000
"""Nobody waits for more; a comparison that needs them is not promised a decision."""


def judge(ratio: Ratio | None, *, margin: float, less_is_better: bool = True) -> Verdict:
    """The verdict on a ratio to the reference.

    The whole 95 % interval beyond the margin: worse or better. The 90 % interval inside it (two
    one-sided tests at 5 %): equal. Everything else is inconclusive.
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
    return "equal" if inside else "inconclusive"


def confirmed(verdict: Verdict, q: float | None) -> Verdict:
    """The verdict on a metric looked at among many: a difference needs q ≤ LEVEL as well."""
    if verdict in ("worse", "better") and (q is None or q > LEVEL):
        return "inconclusive"
    return verdict


def blocks_to_decide(ratio: Ratio, *, margin: float) -> int | None:
    """About how many blocks in all would decide, if centre and spread stay as they are.

    None where nothing was paired, or more than MOST_BLOCKS would be needed: where the ratio lies
    at the margin itself no number is enough.
    """
    if ratio.deviation is None:
        return None
    centre, limit = abs(math.log(ratio.ratio)), math.log1p(margin)

    def decides(blocks: int) -> bool:
        error = (ratio.deviation or 0.0) / math.sqrt(blocks)
        outer = student_t((1 + CONFIDENCE) / 2, blocks - 1) * error
        inner = student_t((1 + INNER_CONFIDENCE) / 2, blocks - 1) * error
        return centre - outer > limit or centre + inner < limit

    if not decides(MOST_BLOCKS):
        return None
    enough, too_few = MOST_BLOCKS, min(max(ratio.n, 1), MOST_BLOCKS - 1)
    while enough - too_few > 1:
        middle = (enough + too_few) // 2
        enough, too_few = (middle, too_few) if decides(middle) else (enough, middle)
    return enough
