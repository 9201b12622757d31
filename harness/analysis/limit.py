"""Limits of a gate: their grammar, and what an interval says about one.

[NAME/…]METRIC:LIMIT    elapsed:5%   udp/rules/p99:20us   lost:0   head/blind:0
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping

from harness.analysis.ratio import student_t
from harness.errors import UsageError, did_you_mean, near_names, one_of
from harness.model.gate import BLIND, LOST, Limit, Outcome
from harness.model.result import LossComparison, Verdict

UNITS_NS = {"ns": 1.0, "us": 1e3, "µs": 1e3, "μs": 1e3, "ms": 1e6, "s": 1e9}
UNITS_BYTES = {"B": 1.0, "KiB": 2.0**10, "MiB": 2.0**20, "GiB": 2.0**30}
NUMBER = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*(%|[A-Za-zµμ]+)?")
EXAMPLE = "write it like elapsed:5%, rules/p99:20us or lost:0"
MOST_BLOCKS = 100_000
"""More than this is as good as never."""


def parse_limit(text: str, metrics: Mapping[str, str]) -> Limit:
    """Read one limit. `metrics` gives the full name of every metric by each of its names.

    Raises UsageError for what does not parse, and for an unknown metric with those like it.
    """
    where, colon, amount = text.rpartition(":")
    *scope, name = where.split("/")
    match = NUMBER.fullmatch(amount.strip())
    if not colon or not match or not all(scope) or not name:
        raise UsageError(f"--fail {text!r} is not a limit", remedy=EXAMPLE)
    if name == LOST:
        return _loss_limit(text, match, tuple(scope))
    return _bound(text, _metric(name, metrics), match, tuple(scope))


def split_limits(words: Iterable[str]) -> tuple[tuple[Limit, ...], tuple[str, ...]]:
    """The limits on coverage, and the words of all others; UsageError for one that allows losses.

    What is no longer recorded is found in a guest, and not in any run.
    """
    blind, others = [], []
    for word in words:
        where, colon, amount = word.rpartition(":")
        *scope, name = where.split("/")
        if name != BLIND or not colon:
            others.append(word)
        elif amount.strip() != "0" or not all(scope):
            raise UsageError(
                f"--fail {word!r}: the only limit on what is no longer recorded is 0",
                remedy="write head/blind:0, head being a rule file",
            )
        else:
            blind.append(Limit(word, BLIND, 0.0, "coverage", tuple(scope)))
    return tuple(blind), tuple(others)


def _metric(name: str, metrics: Mapping[str, str]) -> str:
    if name in metrics:
        return metrics[name]
    known = (*metrics, LOST, BLIND)
    near = near_names(name, known)
    remedy = did_you_mean(near) if near else one_of(name, known)
    raise UsageError(f"no metric to set a limit to is called {name!r}", remedy=remedy)


def _loss_limit(text: str, match: re.Match[str], scope: tuple[str, ...]) -> Limit:
    if float(match[1]) != 0 or match[2] not in (None, "%"):
        raise UsageError(
            f"--fail {text!r} allows events to be lost; the only limit on loss is 0",
            remedy="write lost:0, or leave it out",
        )
    return Limit(text, LOST, 0.0, "loss", scope)


def _bound(text: str, metric: str, match: re.Match[str], scope: tuple[str, ...]) -> Limit:
    value, unit = float(match[1]), match[2]
    if unit == "%" and value > -100:
        return Limit(text, metric, 1 + value / 100, "reference", scope)
    if unit in UNITS_NS and value > 0:
        return Limit(text, metric, value * UNITS_NS[unit], "time", scope)
    if unit in UNITS_BYTES and value > 0:
        return Limit(text, metric, value * UNITS_BYTES[unit], "size", scope)
    raise UsageError(
        f"--fail {text!r} is not a limit",
        remedy=f"give a percentage above -100%, or a time with its unit, or a size; {EXAMPLE}",
    )


def judge_interval(low: float | None, high: float | None, bound: float) -> Outcome:
    """Fails only when the whole interval is beyond the bound, passes only when all is below."""
    if low is None or high is None:
        return "inconclusive"
    if low > bound:
        return "fail"
    return "pass" if high <= bound else "inconclusive"


def judge_loss(loss: LossComparison) -> Outcome:
    """Any trial with loss fails; inconclusive where nobody could have seen it."""
    if loss.trials_with_loss:
        return "fail"
    return "inconclusive" if loss.share is None or not loss.trials else "pass"


def judge_shares(a: LossComparison, b: LossComparison) -> Verdict:
    """B against A where only the trials with loss are known, not how much each lost.

    Decided where the exact intervals of both shares do not touch. `no-reference` where neither lost
    anything, or nobody could have seen it.
    """
    if None in (a.share_low, a.share_high, b.share_low, b.share_high):
        return "no-reference"
    if not a.trials_with_loss and not b.trials_with_loss:
        return "no-reference"
    if (b.share_low or 0.0) > (a.share_high or 0.0):
        return "worse"
    return "better" if (a.share_low or 0.0) > (b.share_high or 0.0) else "inconclusive"


def settle(limit: Limit, first: Outcome, second: Outcome) -> Outcome:
    """The outcome of a cell that was measured again because it was beyond the limit.

    The second measurement decides alone, as the first was looked at to choose it. Loss that
    happened is not undone by a run without: that stays inconclusive.
    """
    if limit.basis == "loss" and first == "fail" and second in ("pass", "no-events"):
        return "inconclusive"
    return second


def blocks_to_decide(
    estimate: float, low: float, high: float, bound: float, blocks: int
) -> int | None:
    """About how many blocks bring the interval to one side of the bound, if all stays as it is.

    `low` and `high` are the 95 % interval of a ratio or time from so many blocks; None where the
    estimate is so near the bound that no number of blocks would do.
    """
    if low <= 0 or math.isinf(high):
        return None
    distance = abs(math.log(estimate / bound))
    # The half towards the bound: an interval from ranks need not be the same on both sides.
    half = math.log(high / estimate) if bound > estimate else math.log(estimate / low)
    deviation = half / student_t(0.975, blocks - 1) * math.sqrt(blocks)
    if distance == 0:
        return None
    needed = blocks + 1
    while needed < MOST_BLOCKS:
        if student_t(0.975, needed - 1) * deviation / math.sqrt(needed) <= distance:
            return needed
        needed = max(needed + 1, needed * 21 // 20)
    return None
