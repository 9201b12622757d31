"""What each part of a rule file adds to a call, from trials under random parts of it.

A trial's time is the sum of what a call takes in its block without rules, of having rules at all,
and of each part that was in force. Least squares finds the terms; trials that lie far from what
all others say are left aside, as a disturbed one would move every term.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.analysis.ratio import student_t
from harness.counted import counted
from harness.errors import UntrustworthyError
from harness.model.rules.timed_cost import Time

_FAR = 5.0
"""A residual of so many median residuals is left aside."""
_MOST_LEFT_ASIDE = 0.25
"""More trials than this share are not disturbed ones: they are how this host is."""
_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class PartTrial:
    """One trial: its block, the parts in force, whether any rule was, and ns per call."""

    block: int
    parts: frozenset[int]
    has_rules: bool
    ns: float


@dataclass(frozen=True, slots=True)
class Taxes:
    """The terms. `parts` are in the order of their numbers."""

    no_rules: Time
    any_rule: Time
    parts: tuple[Time, ...]
    used: int
    left_aside: int


def taxes_of(trials: Sequence[PartTrial], parts: int) -> Taxes:
    """The terms of `parts` parts; UntrustworthyError if too few trials tell them apart."""
    blocks = sorted({trial.block for trial in trials})
    matrix = _matrix(trials, blocks, parts)
    times = np.array([trial.ns for trial in trials])
    kept = _undisturbed(matrix, times)
    found = _solved(matrix[kept], times[kept])
    halves = _half_widths(matrix[kept], times[kept], found)
    terms = [
        Time(float(ns), float(ns - half), float(ns + half))
        for ns, half in zip(found, halves, strict=True)
    ]
    base = terms[: len(blocks)]
    count = len(base)
    return Taxes(
        no_rules=Time(
            sum(term.ns for term in base) / count,
            sum(term.low_ns for term in base) / count,
            sum(term.high_ns for term in base) / count,
        ),
        any_rule=terms[count],
        parts=tuple(terms[count + 1 :]),
        used=int(kept.sum()),
        left_aside=int((~kept).sum()),
    )


def tells_apart(cells: Iterable[tuple[frozenset[int], bool]], parts: int) -> bool:
    """Whether trials under these cells tell `parts` parts and having rules at all apart.

    A cell has the parts in force, and whether any rule is.
    """
    trials = [PartTrial(0, frozenset(), has_rules=False, ns=0.0)]
    trials += [PartTrial(0, chosen, has_rules, 0.0) for chosen, has_rules in cells]
    matrix = _matrix(trials, (0,), parts)
    return bool(np.linalg.matrix_rank(matrix) == matrix.shape[1])


def _matrix(trials: Sequence[PartTrial], blocks: Sequence[int], parts: int) -> NDArray[np.float64]:
    rows = [
        [
            *(float(trial.block == block) for block in blocks),
            float(trial.has_rules),
            *(float(part in trial.parts) for part in range(parts)),
        ]
        for trial in trials
    ]
    # Without a trial it has no row, and as many columns.
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(blocks) + 1 + parts)


def _undisturbed(matrix: NDArray[np.float64], times: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which trials are not left aside. One goes at a time, the farthest: it draws those that share
    a term with it away from the rest, and they are near again without it.
    """
    kept = np.ones(len(times), dtype=bool)
    for _ in range(int(len(times) * _MOST_LEFT_ASIDE)):
        apart = np.abs(times - matrix @ _solved(matrix[kept], times[kept]))
        farthest = int(np.argmax(np.where(kept, apart, -1.0)))
        if apart[farthest] <= max(_FAR * float(np.median(apart[kept])), 1e-9):
            break
        without = kept.copy()
        without[farthest] = False
        if not _determines(matrix[without]):
            break
        kept = without
    return kept


def _determines(matrix: NDArray[np.float64]) -> bool:
    """Whether these trials determine every term, and leave some to tell how sure it is."""
    trials, terms = matrix.shape
    return trials > terms and bool(np.linalg.matrix_rank(matrix) == terms)


def _solved(matrix: NDArray[np.float64], times: NDArray[np.float64]) -> NDArray[np.float64]:
    if not _determines(matrix):
        raise UntrustworthyError(
            f"{counted(len(times), 'usable trial is', 'usable trials are')} too few to tell "
            f"{matrix.shape[1]} terms apart",
            remedy="give more --blocks",
        )
    return np.asarray(np.linalg.lstsq(matrix, times, rcond=None)[0], dtype=np.float64)


def _half_widths(
    matrix: NDArray[np.float64], times: NDArray[np.float64], found: NDArray[np.float64]
) -> NDArray[np.float64]:
    free = len(times) - matrix.shape[1]
    variance = float(((times - matrix @ found) ** 2).sum()) / free
    errors = np.sqrt(variance * np.diag(np.linalg.inv(matrix.T @ matrix)))
    widths: NDArray[np.float64] = errors * student_t((1 + _CONFIDENCE) / 2, free)
    return widths
