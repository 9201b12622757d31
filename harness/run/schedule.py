"""The order of trials: every block holds every cell once, in an order drawn from the seed."""

from __future__ import annotations

import random

from harness.model import Cell, Trial
from harness.run.plan import Plan


def schedule(plan: Plan) -> list[Trial]:
    """All trials in order: first the states that cannot be interleaved, then the blocks.

    Block 0 is the warm-up. The order within a block depends on the seed and the block only.
    """
    apart = [cell for cell in plan.cells() if not plan.scenario_of(cell).interleaved]
    together = [cell for cell in plan.cells() if plan.scenario_of(cell).interleaved]
    trials: list[Trial] = []
    for cells in (apart, together):
        for block in range(plan.blocks + 1):
            trials += _block(plan, cells, block, first_index=len(trials))
    return trials


def _block(plan: Plan, cells: list[Cell], block: int, *, first_index: int) -> list[Trial]:
    order = list(cells)
    # Not for secrets: the same seed must give the same order again.
    random.Random(f"{plan.seed}:{block}").shuffle(order)  # noqa: S311
    return [
        Trial(
            index=first_index + position,
            cell=cell,
            block=block,
            position=position,
            seed=plan.seed,
            ops=plan.ops[cell.workload],
        )
        for position, cell in enumerate(order)
    ]
