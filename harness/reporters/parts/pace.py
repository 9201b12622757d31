"""Whether loads at a fixed rate came up to it, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harness.counted import counted
from harness.model.result import Result
from harness.model.run import Cell
from harness.reporters.parts.cells import CellNames
from harness.reporters.parts.rows import Row, rows
from harness.reporters.units import count

KEPT = 0.98
"""Of the operations asked for; fewer are not the rate that the loss is to be known at."""
MOST_NAMED = 3
_ELAPSED = "elapsed_ns_per_op"


def pace_sentences(result: Result) -> list[str]:
    """A sentence per rate that was asked for: which cells did not come up to it."""
    everything = rows(result)
    names = CellNames(everything)
    by_rate: dict[float, list[Row]] = {}
    for row in everything:
        asked = _asked(result, row.cell)
        if asked is not None and row.estimate(_ELAPSED):
            by_rate.setdefault(asked, []).append(row)
    return [_sentence(rate, group, names) for rate, group in by_rate.items()]


def _asked(result: Result, cell: Cell) -> float | None:
    scenario = result.plan.scenario(cell.workload, cell.scenario)
    own = scenario.rate_per_s if scenario is not None else None
    return own or result.plan.rate_per_s


def _sentence(rate: float, group: Iterable[Row], names: CellNames) -> str:
    group = list(group)
    slow = list(_slow(rate, group, names))
    of = f"{counted(round(rate), 'operation')} per second"
    if not slow:
        return f"All cells kept up {of}."
    named = ", ".join(slow[:MOST_NAMED])
    more = f" and {len(slow) - MOST_NAMED} more" if len(slow) > MOST_NAMED else ""
    cells = counted(len(group), "cell")
    return f"{len(slow)} of {cells} did not keep up {of}: {named}{more}."


def _slow(rate: float, group: Iterable[Row], names: CellNames) -> Iterator[str]:
    """Those that reached less, the slowest first."""
    reached = {names.label(row.cell): 1e9 / (row.estimate(_ELAPSED) or 1e9) for row in group}
    for name, per_second in sorted(reached.items(), key=lambda each: each[1]):
        if per_second < KEPT * rate:
            yield f"{name} {count(round(per_second))}"
