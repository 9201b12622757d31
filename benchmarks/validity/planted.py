"""A planted slow-down is found: 5 % is called worse, and 3 % has an interval without 1.

    sudo python benchmarks/validity/planted.py --results /tmp/planted

Each run has the reference and two cells that differ from it by work of the worker's own
(`--busy-ns`), with the blocks and operations of the plan `overhead`. How much was really planted
is measured by the worker and printed; what to ask for is taken from the run before.
"""

from __future__ import annotations

import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.validity.live import ELAPSED, against, finish, guarded, options, run_plan
from harness.model.run import Sample
from harness.run.plan.file import load_plan_file

PLANTED = {"slower-5": 0.05, "slower-3": 0.03}
FIRST_GUESS_NS = {"udp": 300, "syscalls": 5}
PLAN = """summary = "a slow-down of known size"
reference = "{scenario}"
scenarios = ["{scenario}"]
workloads = ["{workload}"]

[invalid]
slowdown_percent = 10
retries = 2

"""
CELL = '[[cells]]\nname = "{name}"\nscenario = "{scenario}"\noptions = {{ busy-ns = {busy_ns} }}\n'
CALIBRATION_BLOCKS = 3
MIN_SHARE = 19 / 20


@dataclass(frozen=True, slots=True)
class Planted:
    """What one run showed of a cell: asked for and measured per operation, in ns."""

    asked_ns: int
    measured_ns: float
    reference_ns: float

    @property
    def share(self) -> float:
        """Of the reference's time."""
        return self.measured_ns / self.reference_ns

    def next_ask(self, share: float) -> int:
        """What to ask for to plant so much; a loop on the clock always overshoots a little."""
        overshoot_ns = self.measured_ns - self.asked_ns
        return max(round(share * self.reference_ns - overshoot_ns), 1)


def main() -> int:
    """Run the proof; 0 where the claim holds."""
    overhead = load_plan_file("overhead")
    parser = options(__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--workload", choices=FIRST_GUESS_NS, default="udp")
    parser.add_argument("--scenario", default="no-audit", help="in which the worker is slower")
    parser.add_argument("--blocks", type=int, default=overhead.blocks.default)
    parser.add_argument("--ops", type=int, help="the plan's, if not given")
    given = parser.parse_args()
    given.ops = given.ops or overhead.ops[given.workload]
    ask = dict.fromkeys(PLANTED, FIRST_GUESS_NS[given.workload])
    _, found = _run(given, ask, CALIBRATION_BLOCKS, seed=0)
    rows = []
    print(f"{'run':>3}  {'cell':8} {'planted':>8} {'ratio':>7}  {'95 % interval':15} verdict")
    for number in range(1, given.runs + 1):
        ask = {name: found[name].next_ask(share) for name, share in PLANTED.items()}
        new, found = _run(given, ask, given.blocks, seed=number)
        rows += new
        for row in new:
            print(
                f"{number:3}  {row['cell']:8} {100 * row['planted_share']:6.2f} % "
                f"{row['ratio']:7.3f}  {row['ci_low']:.3f} to {row['ci_high']:.3f}  "
                f"{row['verdict']}",
                flush=True,
            )
    return _judge(rows, given.runs, given.output)


def _run(
    given: Any, ask: dict[str, int], blocks: int, seed: int
) -> tuple[list[dict[str, Any]], dict[str, Planted]]:
    cells = "".join(
        CELL.format(name=name, scenario=given.scenario, busy_ns=busy) for name, busy in ask.items()
    )
    text = PLAN.format(scenario=given.scenario, workload=given.workload) + cells
    stored = run_plan(text, given.results, blocks=blocks, ops=given.ops, seed=seed)
    counted = [sample for sample in stored.samples if sample.valid and not sample.warm_up]
    reference_ns = _mean(counted, given.scenario, lambda sample: sample.metrics[ELAPSED])
    found = {
        name: Planted(asked, _mean(counted, name, _busy_ns_per_op), reference_ns)
        for name, asked in ask.items()
    }
    rows = [
        {
            "run": stored.name,
            "cell": comparison.cell.scenario,
            "planted_share": found[comparison.cell.scenario].share,
            "reference_ns": reference_ns,
            "ratio": comparison.ratio,
            "ci_low": comparison.ci_low,
            "ci_high": comparison.ci_high,
            "verdict": comparison.verdict,
            "invalid_trials": len(stored.samples) - sum(s.valid for s in stored.samples),
        }
        for comparison in against(list(stored.samples), given.scenario)
        if comparison.cell.scenario in PLANTED
    ]
    return rows, found


def _busy_ns_per_op(sample: Sample) -> float:
    document = sample.workload_document
    return float(document["details"]["busy_ns"]) / int(document["ops"])


def _mean(samples: list[Sample], scenario: str, value: Any) -> float:
    return statistics.geometric_mean(value(s) for s in samples if s.scenario == scenario)


def _judge(rows: list[dict[str, Any]], runs: int, output: Path | None) -> int:
    worse = sum(row["verdict"] == "worse" for row in rows if row["cell"] == "slower-5")
    above = sum(row["ci_low"] > 1 for row in rows if row["cell"] == "slower-3")
    for name in PLANTED:
        ratios = [row["ratio"] / (1 + row["planted_share"]) for row in rows if row["cell"] == name]
        spread = statistics.stdev(ratios) if len(ratios) > 1 else 0.0
        halves = [row["ci_high"] / row["ratio"] - 1 for row in rows if row["cell"] == name]
        print(
            f"{name}: found / planted {statistics.fmean(ratios):.4f}, spread over runs "
            f"{100 * spread:.2f} %, half interval {100 * statistics.fmean(halves):.2f} %"
        )
    report = {"runs": runs, "worse_of_5": worse, "above_1_of_3": above, "rows": rows}
    claim = (
        f"5 % is called worse in {worse} of {runs} runs, the interval of 3 % excludes no change in "
        f"{above} of {runs}; 19 of 20 are wanted"
    )
    return finish(report, output, holds=min(worse, above) >= MIN_SHARE * runs, claim=claim)


if __name__ == "__main__":
    sys.exit(guarded(main))
