"""Loss: how many trials lose events, and whether a cell loses more of them than its reference.

A trial lost something where the kernel's `lost` moved, or events arrived in part, vanished, or
are missing from what the rules demand. A trial that demands no event has none to lose.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from harness.analysis.ratio import CONFIDENCE, INNER_CONFIDENCE, student_t
from harness.analysis.series import Series, paired
from harness.model.reference import Reference
from harness.model.result import LossComparison, Verdict
from harness.model.run import Cell, Ledger, Sample

TOLERANCE = 0.001
"""Two loss ratios nearer than this share of the events are equal."""


def compare_losses(samples: Sequence[Sample], reference: Reference) -> list[LossComparison]:
    """One per cell that has a valid trial, in order of appearance; warm-up left out."""
    by_cell: dict[Cell, dict[int, Ledger]] = {}
    for sample in samples:
        if sample.valid and not sample.warm_up:
            by_cell.setdefault(sample.cell, {})[sample.block] = sample.ledger
    apart = {sample.cell for sample in samples if not sample.interleaved}
    found = []
    for cell, ledgers in by_cell.items():
        against = reference.of(cell)
        comparable = (cell in apart) == (against in apart)
        found.append(_compare(cell, ledgers, against, by_cell.get(against) if comparable else None))
    return found


def lost_any(ledger: Ledger) -> bool | None:
    """Whether the trial lost anything; None where nobody could have seen it."""
    ratio = loss_ratio(ledger)
    counts = (ledger.lost, ledger.partial, ledger.vanished)
    if any(counts) or ratio:
        return True
    if ratio is not None or None not in counts:
        return False
    return None


def loss_ratio(ledger: Ledger) -> float | None:
    """Events that did not arrive whole per event demanded and not suppressed; 0 where none was."""
    generated, suppressed, complete = ledger.generated, ledger.suppressed, ledger.complete
    if generated == 0 or (generated is not None and generated == suppressed):
        return 0.0
    if generated is None or complete is None:
        return None
    if suppressed is None:
        return 0.0 if complete >= generated else None
    return min(max(1 - complete / (generated - suppressed), 0.0), 1.0)


def exact_share(hits: int, trials: int) -> tuple[float, float]:
    """The 95 % interval of Clopper and Pearson for `hits` of `trials`, at least one."""
    # All of scipy.stats takes half a second to load.
    from scipy.special import betaincinv

    tail = (1 - CONFIDENCE) / 2
    low = float(betaincinv(hits, trials - hits + 1, tail)) if hits else 0.0
    high = float(betaincinv(hits + 1, trials - hits, 1 - tail)) if hits < trials else 1.0
    return low, high


def _compare(
    cell: Cell, ledgers: dict[int, Ledger], against: Cell, reference: dict[int, Ledger] | None
) -> LossComparison:
    known = [lost for ledger in ledgers.values() if (lost := lost_any(ledger)) is not None]
    hits = sum(known)
    low, high = exact_share(hits, len(known)) if known else (None, None)
    ratios = _ratios(ledgers)
    if cell == against or reference is None:
        values: list[float] = []
        others: list[float] = []
    else:
        values, others = paired(ratios, _ratios(reference))
    differences = [value - other for value, other in zip(values, others, strict=True)]
    outer, inner = _interval(differences, CONFIDENCE), _interval(differences, INNER_CONFIDENCE)
    return LossComparison(
        cell=cell,
        trials=len(known),
        trials_with_loss=hits,
        share=hits / len(known) if known else None,
        share_low=low,
        share_high=high,
        loss_ratio=_mean(list(ratios.values())),
        reference_loss_ratio=_mean(others),
        difference=_mean(differences),
        difference_low=outer[0] if outer else None,
        difference_high=outer[1] if outer else None,
        verdict="reference" if cell == against else _verdict(differences, outer, inner),
    )


def _ratios(ledgers: dict[int, Ledger]) -> Series:
    found = {block: loss_ratio(ledger) for block, ledger in ledgers.items()}
    return {block: ratio for block, ratio in found.items() if ratio is not None}


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


def _interval(differences: Sequence[float], confidence: float) -> tuple[float, float] | None:
    """Student's t about the mean, within what a difference of two shares can be."""
    blocks = len(differences)
    if blocks < 2:
        return None
    centre = math.fsum(differences) / blocks
    spread = math.fsum((value - centre) ** 2 for value in differences) / (blocks - 1)
    reach = student_t((1 + confidence) / 2, blocks - 1) * math.sqrt(spread / blocks)
    return max(centre - reach, -1.0), min(centre + reach, 1.0)


def _verdict(
    differences: Sequence[float],
    outer: tuple[float, float] | None,
    inner: tuple[float, float] | None,
) -> Verdict:
    if not differences:
        return "no-reference"
    if outer is None or inner is None:
        return "inconclusive"
    return judge_difference(outer, inner)


def judge_difference(outer: tuple[float, float], inner: tuple[float, float]) -> Verdict:
    """What a difference of loss ratios means, by its intervals of 95 and 90 %."""
    if outer[0] > 0:
        return "worse"
    if outer[1] < 0:
        return "better"
    near = inner[0] > -TOLERANCE and inner[1] < TOLERANCE
    return "equal" if near else "inconclusive"
