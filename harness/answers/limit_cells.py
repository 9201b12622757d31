"""Which cells a limit is for: those of its names, without references and what only serves them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from harness.errors import UsageError, one_of
from harness.model.gate import Limit
from harness.model.reference import Reference
from harness.model.run import AA, Cell
from harness.renamed import hint


@dataclass(frozen=True, slots=True)
class ExcludedCells:
    """Cells that limits are not for by themselves: references, and what only serves them."""

    references: frozenset[Cell] = frozenset()
    helpers: frozenset[Cell] = frozenset()
    """A/A copies, states measured apart, scenarios with a larger backlog than the one asked about,
    and the plan's reference where another is used.
    """

    def leaves_out(self, limit: Limit, cell: Cell) -> bool:
        """Whether the limit is not for this cell though its names fit."""
        if cell in self.references and limit.basis == "reference":
            return True
        return cell in self.references | self.helpers and cell.scenario not in limit.scope


def excluded_cells(
    cells: Iterable[Cell],
    reference: Reference,
    usual: Collection[str],
    apart: Collection[str] = (),
) -> ExcludedCells:
    """The cells to leave out when comparing with `reference`; `usual` are the plan's own."""
    if reference == Reference():
        return ExcludedCells()
    everything = set(cells)
    lonely: set[Cell] = set()
    if reference.consumer is not None and reference.scenario is None:
        # A cell with a consumer of its own is compared with nothing.
        lonely = {cell for cell in everything if reference.of(cell) not in everything}
    served = reference.scenarios.union(usual)
    serving = {*served, *(name + AA for name in served), *apart}
    return ExcludedCells(
        references=frozenset(cell for cell in everything if reference.of(cell) == cell),
        helpers=frozenset(cell for cell in everything if cell.scenario in serving) | lonely,
    )


def select_cells(limit: Limit, cells: Iterable[Cell], excluded: ExcludedCells) -> list[Cell]:
    """The cells that a limit is for, in order; UsageError where there are none."""
    found: list[Cell] = []
    names: set[str] = set()
    for cell in dict.fromkeys(cells):
        own = {cell.workload, cell.scenario, cell.consumer}
        names |= own
        if own.issuperset(limit.scope) and not excluded.leaves_out(limit, cell):
            found.append(cell)
    if not found:
        raise _nothing_meant(limit, names)
    return found


def _nothing_meant(limit: Limit, names: set[str]) -> UsageError:
    what = f"--fail {limit.text!r} matches no compared cell"
    wrong = [name for name in limit.scope if name not in names]
    if not wrong:
        return UsageError(
            what, remedy="these names match only the reference, or no cell has all of them"
        )
    remedy = hint(wrong[0]) or one_of(wrong[0], sorted(names))
    return UsageError(f"{what}: nothing is called {wrong[0]!r}", remedy=remedy)
