"""The order of trials: every block contains every cell once, in an order drawn from the seed.

The cells of one workload are adjacent. A block's order depends only on its cells, the seed and its
number, so a longer run begins like a shorter one.
"""

from __future__ import annotations

import random
from dataclasses import replace

from harness.model.run import Cell, Trial
from harness.run.plan.plan import Plan


def apart(plan: Plan) -> list[list[Trial]]:
    """The blocks of the states that cannot be interleaved: they come first. Empty without any."""
    cells = [cell for cell in plan.cells() if not plan.scenario_of(cell).interleaved]
    if not cells:
        return []
    return [
        _block(plan, cells, block, first_index=block * len(cells))
        for block in range(plan.blocks + 1)
    ]


def block(plan: Plan, number: int, *, first_index: int) -> list[Trial]:
    """The block with this number; 0 is the warm-up. Its first trial gets `first_index`."""
    cells = [cell for cell in plan.cells() if plan.scenario_of(cell).interleaved]
    return _block(plan, cells, number, first_index=first_index)


def warm_up_of(
    plan: Plan, cells: list[Cell], *, first_index: int, first_position: int
) -> list[Trial]:
    """The warm-up of cells that were added after block 0: the end of that block."""
    return [
        replace(trial, position=first_position + trial.position)
        for trial in _block(plan, cells, 0, first_index=first_index)
    ]


def _block(plan: Plan, cells: list[Cell], number: int, *, first_index: int) -> list[Trial]:
    order = list(cells)
    # Not for secrets: the same seed must give the same order again.
    random.Random(f"{plan.seed}:{number}").shuffle(order)  # noqa: S311
    # Cells that are compared are close in time: noise comes in bursts of about a second.
    first = {cell.workload: place for place, cell in reversed(list(enumerate(order)))}
    workers = {cell: plan.scenario_of(cell).workers for cell in cells}
    together = {
        (cell.workload, workers[cell]): place for place, cell in reversed(list(enumerate(order)))
    }
    order.sort(key=lambda cell: (first[cell.workload], together[cell.workload, workers[cell]]))
    if plan.backwards:
        order.reverse()
    return [
        Trial(
            index=first_index + position,
            cell=cell,
            block=number,
            position=position,
            seed=plan.seed,
            ops=plan.ops_in(cell.workload, number),
        )
        for position, cell in enumerate(order)
    ]
