"""Proof by simulation that verdicts hold: `python benchmarks/validity/simulate.py [-o FILE]`.

Runs are made up on machines whose noise is known: steady, drifting, bursty, bimodal. Each is
scheduled, paired and judged by the product's own functions, and what they say is held against what
is true. Every run has a reference, its A/A copy, another cell that is the same, and three that are
slower by 1, 3 and 5 %. Beside it, as the warning, the order that people use by hand: first all
trials of one, then all of the other, not paired.

Exit code 1 if a claim of docs/validity.md does not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

# The processes share the work; threads of the linear algebra below them would only fight.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import scipy.stats

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.validity.noises import NOISES, TRIAL_NOISE
from harness.analysis import bootstrap
from harness.analysis.against_reference import MetricView, compare
from harness.analysis.ratio import log_ratios, unpaired_ratio
from harness.analysis.series import collect, paired
from harness.analysis.verdict import judge
from harness.model.reference import DEFAULT_MARGIN, Reference
from harness.model.result import Comparison
from harness.model.run import Cell, Ledger, Sample, Scenario
from harness.run.plan.plan import Plan
from harness.run.plan.schedule import block

METRIC = MetricView("elapsed_ns_per_op", "ns")
REFERENCE = "reference"
EFFECTS = {REFERENCE: 1.0, "reference-aa": 1.0, "same": 1.0} | {
    f"slower-{percent}": 1 + percent / 100 for percent in (1, 3, 5)
}
"""What is true of every cell."""
BLOCKS = (8, 20, 40)
DIFFERENT = ("worse", "better")
UNKNOWN = Ledger(generated=None, complete=None, partial=None, lost=None)
ENOUGH = 1000
"""Comparisons below which a share is too uncertain to hold anything against it."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table."""

    noise: str
    blocks: int


@dataclass(slots=True)
class Tally:
    """How often something was true, of how many times it could have been."""

    hits: Counter[str] = field(default_factory=Counter)
    chances: Counter[str] = field(default_factory=Counter)

    def note(self, what: str, hit: bool) -> None:
        self.hits[what] += hit
        self.chances[what] += 1

    def add(self, other: Tally) -> None:
        self.hits.update(other.hits)
        self.chances.update(other.chances)

    def share(self, what: str) -> float | None:
        return self.hits[what] / self.chances[what] if self.chances[what] else None


def simulate(setting: Setting, replications: range, seed: int) -> Tally:
    """Make up one run per number in `replications`, judge it, and count what was right."""
    tally = Tally()
    plan = made_up_plan(setting.blocks)
    for replication in replications:
        place = list(NOISES).index(setting.noise)
        chance = np.random.default_rng((seed, place, setting.blocks, replication))
        samples = _samples(replace(plan, seed=int(chance.integers(2**32))), setting.noise, chance)
        if replication % 4 == 0 and setting.blocks >= bootstrap.MIN_BLOCKS_FOR_BCA:
            _note_textbook(tally, samples)
        for comparison in compare(samples, [METRIC], plan.reference):
            if comparison.verdict != "reference":
                _note(tally, comparison, EFFECTS[comparison.cell.scenario])
        _note_sequential(tally, setting, chance)
    return tally


def made_up_plan(blocks: int, cells: Iterable[str] = EFFECTS) -> Plan:
    """A plan of cells that EFFECTS names, the reference first."""
    return Plan(
        name="simulated",
        summary="",
        kind="kernel",
        question="cost",
        reference=Reference(scenario=REFERENCE),
        workloads=("udp",),
        scenarios={"udp": tuple(Scenario(name, "", enabled=1) for name in cells)},
        consumers=("assemble",),
        blocks=blocks,
        ops={"udp": 1},
        seed=0,
        margin=DEFAULT_MARGIN,
    )


def _samples(plan: Plan, noise: str, chance: np.random.Generator) -> list[Sample]:
    """The trials of a run in the order in which the product measures them, warm-up included."""
    trials = [
        trial
        for number in range(plan.blocks + 1)
        for trial in block(plan, number, first_index=number * len(EFFECTS))
    ]
    logs = NOISES[noise](chance, len(trials)) + chance.normal(0, TRIAL_NOISE, len(trials))
    values = np.exp(logs).tolist()
    return [
        made_up_sample(trial.cell, trial.block, trial.index, EFFECTS[trial.cell.scenario] * value)
        for trial, value in zip(trials, values, strict=True)
    ]


def made_up_sample(cell: Cell, number: int, index: int, value: float) -> Sample:
    """A trial of block `number` in which an operation took `value`; block 0 warms up."""
    return Sample(
        index=index,
        workload=cell.workload,
        scenario=cell.scenario,
        consumer=cell.consumer,
        block=number,
        position=0,
        seed=0,
        ops=1,
        started_at="",
        duration_ns=0,
        metrics={METRIC.name: value},
        ledger=UNKNOWN,
        warm_up=number == 0,
    )


def _note(tally: Tally, comparison: Comparison, truth: float) -> None:
    tally.note("covered", holds(comparison.ci_low, comparison.ci_high, truth))
    tally.note("covered by t", holds(comparison.t_low, comparison.t_high, truth))
    tally.note("has BCa", comparison.bca_low is not None)
    if comparison.bca_low is not None:
        tally.note("covered by BCa", holds(comparison.bca_low, comparison.bca_high, truth))
    if truth == 1:
        tally.note("false verdict", comparison.verdict in DIFFERENT)
        tally.note("p below 0.05", (comparison.p or 0) <= 0.05)
        return
    percent = round(100 * (truth - 1))
    tally.note(f"{percent} % seen", not holds(comparison.ci_low, comparison.ci_high, 1.0))
    tally.note(f"{percent} % worse", comparison.verdict == "worse")


def holds(low: float | None, high: float | None, truth: float) -> bool:
    """Whether an interval holds the truth; one that is missing does not."""
    return low is not None and high is not None and low <= truth <= high


def _note_textbook(tally: Tally, samples: list[Sample]) -> None:
    """The bootstrap as it stands in the books, on two equal cells: why the product mends it."""
    series = collect(samples, METRIC.name)
    cell, reference = (Cell("udp", name, "assemble") for name in ("same", REFERENCE))
    logs = log_ratios(*paired(series[cell], series[reference])) or []
    found = scipy.stats.bootstrap(
        (np.array(logs),), np.mean, method="BCa", n_resamples=bootstrap.RESAMPLES, rng=1
    ).confidence_interval
    tally.note("covered by textbook BCa", bool(found.low <= 0 <= found.high))


def _note_sequential(tally: Tally, setting: Setting, chance: np.random.Generator) -> None:
    """Two equal cells measured one after the other, as many trials each."""
    trials = 2 * setting.blocks
    logs = NOISES[setting.noise](chance, trials) + chance.normal(0, TRIAL_NOISE, trials)
    values = np.exp(logs).tolist()
    found = unpaired_ratio(values[setting.blocks :], values[: setting.blocks])
    tally.note("sequential: false verdict", judge(found, margin=DEFAULT_MARGIN) in DIFFERENT)
    tally.note("sequential: no change excluded", judge(found, margin=0.0) in DIFFERENT)


def broken_claims(setting: Setting, tally: Tally) -> Iterator[str]:
    """What docs/validity.md claims and this row does not bear out."""
    where = f"{setting.noise}, {setting.blocks} blocks"
    for what in ("covered", "covered by BCa"):
        share = tally.share(what)
        if share is not None and tally.chances[what] >= ENOUGH and not 0.93 <= share <= 0.97:
            yield f"{where}: {what} {share:.1%}, not 93 to 97 %"
    false = tally.share("false verdict")
    if false is None or false > 0.05:
        yield f"{where}: false verdicts {false}, more than 5 %"
    if setting.noise == "steady" and setting.blocks >= 20:
        for what in ("3 % seen", "5 % worse"):
            share = tally.share(what)
            if share is None or share < 0.95:
                yield f"{where}: {what} {share}, fewer than 95 %"


COLUMNS = {
    "cover": "covered",
    "t": "covered by t",
    "BCa": "covered by BCa",
    "used": "has BCa",
    "book": "covered by textbook BCa",
    "false": "false verdict",
    "p≤.05": "p below 0.05",
    "1%": "1 % seen",
    "3%": "3 % seen",
    "5%": "5 % seen",
    "5%▲": "5 % worse",
    "seq.": "sequential: false verdict",
}


def table(rows: dict[Setting, Tally]) -> str:
    """Percentages, one row per setting; in Markdown, and readable as it is."""
    lines = [
        f"| {'noise':8} | blocks | " + " | ".join(f"{name:>5}" for name in COLUMNS) + " |",
        "|---|---:|" + "---:|" * len(COLUMNS),
    ]
    for setting, tally in rows.items():
        cells = (f"{_percent(tally, what):>5}" for what in COLUMNS.values())
        lines.append(f"| {setting.noise:8} | {setting.blocks:6} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _percent(tally: Tally, what: str) -> str:
    """In percent; in brackets where it rests on few cases."""
    share = tally.share(what)
    if share is None:
        return "–"
    few = what == "covered by BCa" and tally.chances[what] < ENOUGH
    return f"({100 * share:.0f})" if few else f"{100 * share:.1f}"


def document(rows: dict[Setting, Tally], options: dict[str, Any]) -> dict[str, Any]:
    return {
        "schema": "auditbench.simulation/1",
        **options,
        "trial_noise": TRIAL_NOISE,
        "margin": DEFAULT_MARGIN,
        "rows": [
            {
                "noise": setting.noise,
                "blocks": setting.blocks,
                "counts": {
                    what: {"hits": tally.hits[what], "of": chances}
                    for what, chances in tally.chances.items()
                },
                "broken_claims": list(broken_claims(setting, tally)),
            }
            for setting, tally in rows.items()
        ],
    }


def run(replications: int, seed: int, processes: int) -> dict[Setting, Tally]:
    """Every setting, its replications in pieces over nice processes."""
    rows = {Setting(noise, blocks): Tally() for noise in NOISES for blocks in BLOCKS}
    piece = max(1, replications // 8)
    with ProcessPoolExecutor(processes, initializer=os.nice, initargs=(10,)) as pool:
        jobs = [
            (setting, pool.submit(simulate, setting, numbers, seed))
            for setting in rows
            for first in range(0, replications, piece)
            for numbers in [range(first, min(first + piece, replications))]
        ]
        for setting, job in jobs:
            rows[setting].add(job.result())
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("-n", "--replications", type=int, default=2000, help="runs per row")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("-o", "--output", type=Path, help="write the counts as JSON")
    options = parser.parse_args()
    started = time.monotonic()
    rows = run(options.replications, options.seed, options.processes)
    seconds = time.monotonic() - started
    print(table(rows))
    broken = [claim for setting, tally in rows.items() for claim in broken_claims(setting, tally)]
    for claim in broken:
        print(f"does not hold: {claim}")
    print(f"{options.replications} runs per row, seed {options.seed}, {seconds:.0f} s")
    if options.output:
        about = {"replications": options.replications, "seed": options.seed}
        options.output.write_text(json.dumps(document(rows, about), indent=1) + "\n")
    return 1 if broken else 0


if __name__ == "__main__":
    raise SystemExit(main())
