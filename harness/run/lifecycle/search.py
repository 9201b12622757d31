"""The search that a plan is for, if it is for one."""

from __future__ import annotations

from collections.abc import Callable

from harness.run.capacity.blocks import CapacityBlocks
from harness.run.plan.plan import Plan
from harness.run.searching import SearchBlocks
from harness.run.size.blocks import SizeBlocks


def search_of(
    plan: Plan,
    *,
    on_more: Callable[[], None] = lambda: None,
    on_cells: Callable[[Plan], None] = lambda plan: None,
) -> SearchBlocks | None:
    """Its blocks; None for a plan whose trials are known beforehand."""
    if plan.sizing is not None:
        return SizeBlocks(plan, plan.sizing, on_more=on_more, on_cells=on_cells)
    if plan.capacity is not None:
        return CapacityBlocks(plan, plan.capacity, on_more=on_more, on_cells=on_cells)
    return None
