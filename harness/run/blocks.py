"""The blocks of a run: which blocks it has, and what ends it.

Without `--until-ci` it has the plan's blocks. With it, whole blocks are added until every
interval is narrow enough. Only the width of an interval is considered, never its position:
stopping as soon as a verdict is reached would produce false verdicts. `--max-time` ends either
after the block in which the time runs out.

After the warm-up a cell may be added for rules that waited for room in the backlog: it is measured
once at the end of the warm-up and then in every block, in a place drawn as that of any other.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from harness.analysis.ratio import paired_ratio
from harness.analysis.series import collect, paired
from harness.counted import counted
from harness.errors import UsageError
from harness.model.run import Cell, Sample, Trial
from harness.run.larger_backlog import further_cells, with_larger_backlogs
from harness.run.plan.plan import Plan
from harness.run.plan.schedule import apart, block, warm_up_of

LOOK_EVERY_BLOCKS = 4
DEFAULT_MAX_TIME_S = 3600.0
"""The limit for `--until-ci`: on a machine that is too noisy, a run would never end."""

Ending = Literal["blocks", "width", "time"]


@dataclass(frozen=True, slots=True)
class Width:
    """The widest interval: its larger half, as a share of the ratio."""

    cell: Cell
    share: float

    def words(self) -> str:
        """The width in words."""
        name = f"{self.cell.workload} × {self.cell.scenario}"
        if not math.isfinite(self.share):
            return f"{name} has no interval"
        return f"{name} is known to ±{100 * self.share:.2g} %"


class RunBlocks:
    """The blocks of a run, drawn one by one; iterate over it, and `take` the samples."""

    def __init__(
        self,
        plan: Plan,
        metric: str,
        *,
        on_more: Callable[[], None] = lambda: None,
        on_cells: Callable[[Plan], None] = lambda plan: None,
        clock: Callable[[], float] = time.monotonic,
        used_s: float = 0.0,
    ) -> None:
        """`used_s` is what a run that is resumed took before it was stopped."""
        self.plan = plan
        """It has the cells added after the warm-up, once they are."""
        self._metric, self._clock = metric, clock
        self._on_more, self._on_cells = on_more, on_cells
        self._apart = apart(plan)
        self._per_block = self._warm_up = len(block(plan, 0, first_index=0))
        self._samples: list[Sample] = []
        self._start_s = clock() - used_s
        limit_s = plan.max_time_s
        if limit_s is None and plan.until_ci is not None:
            limit_s = DEFAULT_MAX_TIME_S
        self._limit_s = limit_s
        self.blocks_planned = plan.blocks
        """Blocks that count and are scheduled so far."""
        self.blocks_done = 0
        self.ending: Ending | None = None
        self.width: Width | None = None
        """The width of the widest interval at the last check."""
        self._looked_at = 0

    @property
    def trials_planned(self) -> int:
        """The number of trials of the run, as far as it is settled."""
        before = sum(map(len, self._apart)) + self._warm_up
        return before + self.blocks_planned * self._per_block

    @property
    def trials_expected(self) -> int:
        """The number it will probably have; may be smaller or larger than planned."""
        trials = self.trials_planned
        if self.plan.until_ci is not None and self.width is not None and self.ending is None:
            narrower = (self.width.share / self.plan.until_ci) ** 2
            if math.isfinite(narrower):
                more = math.ceil(self._looked_at * narrower) - self.blocks_planned
                trials += max(more, 0) * self._per_block
        done, used_s = len(self._samples), self._clock() - self._start_s
        if self._limit_s is not None and done and used_s > 0:
            trials = min(trials, max(math.ceil(done * self._limit_s / used_s), done))
        return trials

    def take(self, sample: Sample) -> None:
        """Take a sample that was measured and saved."""
        self._samples.append(sample)

    def __iter__(self) -> Iterator[list[Trial]]:
        """The blocks, until the run ends; then `ending` has the reason."""
        yield from self._apart
        index = sum(map(len, self._apart))
        yield block(self.plan, 0, first_index=index)
        if further := self._further(index + self._warm_up):
            yield further
        index += self._warm_up
        while self.ending is None:
            number = self.blocks_done + 1
            yield block(self.plan, number, first_index=index)
            index += self._per_block
            self.blocks_done = number
            if (ending := self._ending()) is not None:
                self.blocks_planned, self.ending = number, ending

    def _further(self, first_index: int) -> list[Trial]:
        """The warm-up of the cells to add; empty if there are none."""
        warm_up = [sample for sample in self._samples if sample.interleaved]
        plan = with_larger_backlogs(self.plan, warm_up)
        trials = warm_up_of(
            plan, further_cells(plan), first_index=first_index, first_position=self._warm_up
        )
        if trials:
            self.plan = plan
            self._per_block += len(trials)
            self._warm_up += len(trials)
            self._on_cells(plan)
            self._on_more()
        return trials

    def _ending(self) -> Ending | None:
        """The reason to end the run after the block just done; None if there are more."""
        if self.blocks_done >= self.blocks_planned:
            if self.plan.until_ci is None:
                return "blocks"
            self._look()
            if self.width is None or self.width.share <= self.plan.until_ci:
                return "width"
        if self._limit_s is not None and self._clock() - self._start_s >= self._limit_s:
            if self.plan.until_ci is not None:
                self._look()
            return "time"
        if self.blocks_done >= self.blocks_planned:
            self.blocks_planned += LOOK_EVERY_BLOCKS
            self._on_more()
        return None

    def _look(self) -> None:
        self.width = widest(self._samples, self.plan, self._metric)
        self._looked_at = self.blocks_done

    def course(self) -> dict[str, Any]:
        """What became of the plan: the trials that are settled, and how the run ended."""
        return {
            "blocks": self.blocks_planned,
            "trials": self.trials_planned,
            "ending": self.ending_document(),
        }

    def ending_document(self) -> dict[str, Any]:
        """How the run ended, and what still was the widest interval."""
        return {
            "ended_by": self.ending,
            "max_time_s": self._limit_s,
            "widest": f"{self.width.cell.workload} × {self.width.cell.scenario}"
            if self.width
            else None,
            "half_width": self.width.share
            if self.width and math.isfinite(self.width.share)
            else None,
        }

    def words(self) -> str:
        """The same for people; empty if simply the plan's blocks were measured."""
        blocks = counted(self.blocks_done, "block")
        if self.ending == "width" and self.plan.until_ci is not None:
            return f"ended by width: after {blocks} every interval is within {_share(self.plan)}"
        if self.ending == "time" and self._limit_s is not None:
            reached = f"; {self.width.words()}, not {_share(self.plan)}" if self.width else ""
            return f"ended by time: {self._limit_s:g} s were over after {blocks}{reached}"
        return ""


def _share(plan: Plan) -> str:
    return f"±{100 * (plan.until_ci or 0):g} %"


def compared_cells(plan: Plan) -> list[Cell]:
    """The interleaved cells that are compared with another cell."""
    cells = plan.cells()
    return [
        cell
        for cell in cells
        if plan.scenario_of(cell).interleaved
        and (reference := plan.reference.of(cell)) != cell
        and reference in cells
    ]


def refuse_endless(plan: Plan) -> None:
    """Raise UsageError if `--until-ci` waits for an interval, and nothing is compared."""
    if plan.until_ci is not None and not compared_cells(plan):
        raise UsageError(
            "--until-ci has no interval to wait for: the plan compares nothing",
            remedy="give more scenarios, or a number of --blocks",
        )


def widest(samples: list[Sample], plan: Plan, metric: str) -> Width | None:
    """The widest 95 % interval, as results print it, among all interleaved cells that are compared.

    Infinite if a cell has none yet; None if nothing is compared.
    """
    series = collect((sample for sample in samples if sample.interleaved), metric)
    widths = []
    for cell in compared_cells(plan):
        reference = plan.reference.of(cell)
        ratio = paired_ratio(*paired(series.get(cell, {}), series.get(reference, {})))
        share = math.inf
        if ratio is not None and ratio.ci_low is not None and ratio.ci_high is not None:
            share = max(ratio.ci_high / ratio.ratio - 1, 1 - ratio.ci_low / ratio.ratio)
        widths.append(Width(cell, share))
    return max(widths, key=lambda width: width.share, default=None)
