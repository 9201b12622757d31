"""Proof by simulation that `--until-ci` keeps its word: `python benchmarks/validity/until_ci.py`.

Runs are made up as in simulate.py, but how long each is the product's own rule decides
(`harness.run.blocks`): block after block, until the widest interval is narrow enough. Who stops
when an interval is narrow stops when it is narrow by chance, so the interval that is printed then
could hold the truth less often than it says. Here is how often it does, of all compared cells and
of the widest one; and, as the warning, what becomes of equal cells where one looks as often and
stops at a difference.

Exit code 1 if a claim of docs/validity.md does not hold.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

# The processes share the work; threads of the linear algebra below them would only fight.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.validity.noises import NOISES, TRIAL_NOISE
from benchmarks.validity.simulate import (
    DIFFERENT,
    EFFECTS,
    METRIC,
    REFERENCE,
    Tally,
    holds,
    made_up_plan,
    made_up_sample,
)
from harness.analysis.against_reference import compare
from harness.analysis.ratio import paired_ratio
from harness.analysis.series import collect, paired
from harness.model.reference import DEFAULT_MARGIN
from harness.model.result import Comparison
from harness.model.run import Cell, Sample
from harness.run.blocks import LOOK_EVERY_BLOCKS, RunBlocks
from harness.run.plan.options import MIN_BLOCKS_UNTIL_CI
from harness.run.plan.plan import Plan

CELLS = {1: (REFERENCE, "same"), 5: tuple(EFFECTS)}
"""By how many are compared: the widest of five is less easily narrow by chance than one alone."""
WIDTHS = (0.05, 0.02, 0.01)
MOST_BLOCKS = 300
"""Then `--max-time` ends the run. A block takes a second here."""
MIN_COVERAGE, MOST_FALSE = 0.93, 0.05


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table: the machine, how many cells are compared, and what is asked for."""

    noise: str
    cells: int
    until_ci: float

    @property
    def words(self) -> str:
        return f"{self.noise}, {self.cells} cells, ±{100 * self.until_ci:g} %"


@dataclass(slots=True)
class Row:
    """What came of a setting; `blocks` of every run."""

    tally: Tally = field(default_factory=Tally)
    blocks: list[int] = field(default_factory=list)

    def add(self, other: Row) -> None:
        self.tally.add(other.tally)
        self.blocks += other.blocks


def simulate(setting: Setting, replications: range, seed: int) -> Row:
    """Make up one run per number in `replications`, as long as the rule wants it, and judge it."""
    row = Row()
    plan = replace(
        made_up_plan(MIN_BLOCKS_UNTIL_CI, CELLS[setting.cells]),
        until_ci=setting.until_ci,
        max_time_s=MOST_BLOCKS,
    )
    # Asked for something else the same machine runs longer, not otherwise.
    place = (list(NOISES).index(setting.noise), setting.cells)
    for replication in replications:
        chance = np.random.default_rng((seed, *place, replication))
        made = replace(plan, seed=int(chance.integers(2**32)))
        samples, blocks = _run(made, setting.noise, chance)
        row.blocks.append(blocks.blocks_done)
        row.tally.note("ended by width", blocks.ending == "width")
        row.tally.note("ended at the first look", blocks.blocks_done == MIN_BLOCKS_UNTIL_CI)
        for comparison in compare(samples, [METRIC], plan.reference):
            if comparison.verdict != "reference":
                widest = blocks.width is not None and comparison.cell == blocks.width.cell
                _note(row.tally, comparison, widest=widest)
        row.tally.note("stopped at a difference", _would_be_fooled(samples, blocks.blocks_done))
    return row


def _run(plan: Plan, noise: str, chance: np.random.Generator) -> tuple[list[Sample], RunBlocks]:
    """The trials of a run, and how it came to its end."""
    now_s = 0.0
    blocks = RunBlocks(plan, METRIC.name, clock=lambda: now_s)
    most = (MOST_BLOCKS + LOOK_EVERY_BLOCKS) * len(plan.cells())
    logs = NOISES[noise](chance, most) + chance.normal(0, TRIAL_NOISE, most)
    samples: list[Sample] = []
    for block in blocks:
        for trial in block:
            value = EFFECTS[trial.cell.scenario] * math.exp(logs[trial.index])
            samples.append(made_up_sample(trial.cell, trial.block, trial.index, value))
            blocks.take(samples[-1])
        now_s += 1
    return samples, blocks


def _note(tally: Tally, comparison: Comparison, *, widest: bool) -> None:
    truth = EFFECTS[comparison.cell.scenario]
    covered = holds(comparison.ci_low, comparison.ci_high, truth)
    tally.note("covered", covered)
    if widest:
        tally.note("widest covered", covered)
    if truth == 1:
        tally.note("false verdict", comparison.verdict in DIFFERENT)
        tally.note("no change excluded", not covered)
    if truth > 1:
        percent = round(100 * (truth - 1))
        tally.note(f"{percent} % worse", comparison.verdict == "worse")


def _would_be_fooled(samples: list[Sample], blocks: int) -> bool:
    """Whether two equal cells looked different at any of the looks."""
    series = collect(samples, METRIC.name)
    cell, reference = (Cell("udp", name, "assemble") for name in ("same", REFERENCE))
    values, against = paired(series[cell], series[reference])
    for look in range(MIN_BLOCKS_UNTIL_CI, blocks + 1, LOOK_EVERY_BLOCKS):
        ratio = paired_ratio(values[:look], against[:look])
        if ratio is not None and not holds(ratio.ci_low, ratio.ci_high, 1.0):
            return True
    return False


def broken_claims(setting: Setting, row: Row) -> Iterator[str]:
    """What docs/validity.md claims and this row does not bear out."""
    for what in ("covered", "widest covered"):
        share = row.tally.share(what)
        if share is None or share < MIN_COVERAGE:
            yield f"{setting.words}: {what} {share}, less than 93 %"
    false = row.tally.share("false verdict")
    if false is None or false > MOST_FALSE:
        yield f"{setting.words}: false verdicts {false}, more than 5 %"


COLUMNS = {
    "cover": "covered",
    "widest": "widest covered",
    "false": "false verdict",
    "5%▲": "5 % worse",
    "first": "ended at the first look",
    "peek": "stopped at a difference",
}


def table(rows: dict[Setting, Row]) -> str:
    """Percentages, one row per setting; in Markdown, and readable as it is."""
    lines = [
        f"| {'noise':8} | cells | asked | blocks | "
        + " | ".join(f"{name:>6}" for name in COLUMNS)
        + " |",
        "|---|---:|---:|---:|" + "---:|" * len(COLUMNS),
    ]
    for setting, row in rows.items():
        shares = (row.tally.share(what) for what in COLUMNS.values())
        cells = (f"{'–' if share is None else f'{100 * share:.1f}':>6}" for share in shares)
        lines.append(
            f"| {setting.noise:8} | {setting.cells:5} | ±{100 * setting.until_ci:2g} % "
            f"| {np.median(row.blocks):6.0f} | {' | '.join(cells)} |"
        )
    return "\n".join(lines)


def document(rows: dict[Setting, Row], options: dict[str, Any]) -> dict[str, Any]:
    return {
        "schema": "auditbench.simulation-until-ci/1",
        **options,
        "trial_noise": TRIAL_NOISE,
        "margin": DEFAULT_MARGIN,
        "most_blocks": MOST_BLOCKS,
        "rows": [
            {
                "noise": setting.noise,
                "cells": setting.cells,
                "until_ci": setting.until_ci,
                "blocks": {
                    str(percent): float(np.percentile(row.blocks, percent))
                    for percent in (5, 50, 95)
                },
                "counts": {
                    what: {"hits": row.tally.hits[what], "of": chances}
                    for what, chances in row.tally.chances.items()
                },
                "broken_claims": list(broken_claims(setting, row)),
            }
            for setting, row in rows.items()
        ],
    }


def run(replications: int, seed: int, processes: int) -> dict[Setting, Row]:
    """Every setting, its replications in pieces over nice processes."""
    rows = {
        Setting(noise, cells, width): Row()
        for noise in NOISES
        for cells in CELLS
        for width in WIDTHS
    }
    piece = max(1, replications // 8)
    # Five cells are five comparisons, and take longer.
    runs = {1: replications, 5: max(1, replications // 2)}
    with ProcessPoolExecutor(processes, initializer=os.nice, initargs=(10,)) as pool:
        jobs = [
            (setting, pool.submit(simulate, setting, numbers, seed))
            for setting in rows
            for first in range(0, runs[setting.cells], piece)
            for numbers in [range(first, min(first + piece, runs[setting.cells]))]
        ]
        for setting, job in jobs:
            rows[setting].add(job.result())
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("-n", "--replications", type=int, default=2000, help="runs of one cell")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("-o", "--output", type=Path, help="write the counts as JSON")
    options = parser.parse_args()
    started = time.monotonic()
    rows = run(options.replications, options.seed, options.processes)
    seconds = time.monotonic() - started
    print(table(rows))
    broken = [claim for setting, row in rows.items() for claim in broken_claims(setting, row)]
    for claim in broken:
        print(f"does not hold: {claim}")
    many = f"{options.replications} runs of one cell, half as many of five"
    print(f"{many}, seed {options.seed}, {seconds:.0f} s")
    if options.output:
        about = {"replications": options.replications, "seed": options.seed}
        options.output.write_text(json.dumps(document(rows, about), indent=1) + "\n")
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
