"""Verdicts that the noise floor calls into question: the reference against itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.model.caution import Caution
from harness.model.reference import Reference
from harness.model.result import Comparison
from harness.model.run import AA

_CALLED = ("worse", "better")


def noise_cautions(
    comparisons: Sequence[Comparison], primary: str, reference: Reference
) -> list[Caution]:
    """Where the reference differs from itself, and where a difference is within what it does."""
    own = [comparison for comparison in comparisons if comparison.metric == primary]
    floors = [comparison for comparison in own if comparison.cell.scenario.endswith(AA)]
    called = [floor for floor in floors if floor.verdict in _CALLED]
    return [
        *(_differs_from_itself(floor) for floor in called),
        *(caution for floor in floors for caution in _within(floor, own, reference)),
    ]


def _differs_from_itself(floor: Comparison) -> Caution:
    return Caution(
        "noise",
        f"{floor.cell.workload}: the reference differs from itself "
        f"({floor.ratio:.3f}, {floor.ci_low:.3f} to {floor.ci_high:.3f})",
        "smaller differences are noise; run more blocks on a quieter machine",
    )


def _within(
    floor: Comparison, comparisons: Iterable[Comparison], reference: Reference
) -> list[Caution]:
    """One for all cells of the floor's workload, consumer and reference that are called within."""
    low, high = floor.ci_low, floor.ci_high
    if low is None or high is None:
        return []
    place, against = (floor.cell.workload, floor.cell.consumer), reference.of(floor.cell)
    names = [
        f"{compared.cell.scenario} ({compared.ratio:.3f}, {compared.verdict})"
        for compared in comparisons
        if (compared.cell.workload, compared.cell.consumer) == place
        and reference.of(compared.cell) == against
        and not compared.cell.scenario.endswith(AA)
        and compared.verdict in _CALLED
        and compared.ratio is not None
        and low <= compared.ratio <= high
    ]
    if not names:
        return []
    return [
        Caution(
            "noise",
            f"{floor.cell.workload}: within the noise floor ({low:.3f} to {high:.3f}): "
            + ", ".join(names),
            "do not rely on these verdicts; run more blocks on a quieter machine",
        )
    ]
