"""A/A on the live kernel: equal cells are called worse or better in at most 5 % of comparisons.

    sudo python benchmarks/validity/aa.py --results /tmp/aa

One run. Every block holds pairs of equal cells: without audit and under rules, for two workloads.
The blocks are cut into groups; a pair in a group is one comparison in each of three metrics, and no
trial is in two comparisons of a metric. Each is judged by its interval alone, as the primary metric
of a run is.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.validity.live import ELAPSED, against, finish, guarded, options, run_plan

METRICS = (ELAPSED, "cpu_workload_ns_per_op", "latency_p50_ns")
SCENARIOS = ("no-audit", "rules")
WORKLOADS = {"udp": 2_000, "syscalls": 200_000}
PLAN = """summary = "pairs of equal cells"
scenarios = []
workloads = ["udp", "syscalls"]
"""
CELL = '[[cells]]\nname = "{name}"\nscenario = "{scenario}"\n'
WRONG = ("worse", "better")
MOST_FALSE = 0.05


def main() -> int:
    """Run the proof; 0 where the claim holds."""
    parser = options(__doc__.splitlines()[0])
    parser.add_argument("--comparisons", type=int, default=200)
    parser.add_argument("--blocks", type=int, default=6, help="of one comparison")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    pairs = len(SCENARIOS) * len(WORKLOADS) * len(METRICS)
    groups = -(-given.comparisons // pairs)
    ops = "[ops]\n" + "".join(f"{name} = {count}\n" for name, count in WORKLOADS.items())
    cells = "".join(
        CELL.format(name=f"{scenario}-{half}", scenario=scenario)
        for scenario in SCENARIOS
        for half in ("a", "b")
    )
    stored = run_plan(
        PLAN + ops + cells, given.results, blocks=groups * given.blocks, seed=given.seed
    )
    rows = []
    for group in range(groups):
        blocks = range(1 + group * given.blocks, 1 + (group + 1) * given.blocks)
        samples = [sample for sample in stored.samples if sample.block in blocks]
        for scenario in SCENARIOS:
            halves = [sample for sample in samples if sample.scenario[:-2] == scenario]
            rows += [
                {
                    "group": group,
                    "workload": found.cell.workload,
                    "scenario": scenario,
                    "metric": metric,
                    "ratio": found.ratio,
                    "ci_low": found.ci_low,
                    "ci_high": found.ci_high,
                    "verdict": found.verdict,
                }
                for metric in METRICS
                for found in against(halves, f"{scenario}-a", metric)
                if found.cell.scenario.endswith("-b")
            ]
    return _judge(rows, given.output)


def _judge(rows: list[dict[str, Any]], output: Path | None) -> int:
    print(f"{'workload':9} {'scenario':11} {'metric':22} {'n':>4} {'false':>6} {'without 1':>10}")
    names = ("workload", "scenario", "metric")
    for key in dict.fromkeys(tuple(row[name] for name in names) for row in rows):
        own = [row for row in rows if tuple(row[name] for name in names) == key]
        print(
            f"{key[0]:9} {key[1]:11} {key[2]:22} {len(own):4} {_false(own):6} {_excluding(own):10}"
        )
    share = _false(rows) / len(rows) if rows else 1.0
    print(f"all {len(rows)}: {_false(rows)} false verdicts, {_excluding(rows)} intervals without 1")
    report = {
        "comparisons": len(rows),
        "verdicts": Counter(row["verdict"] for row in rows),
        "false_share": share,
        "intervals_without_1": _excluding(rows),
        "rows": rows,
    }
    claim = f"{100 * share:.1f} % of {len(rows)} A/A comparisons are called different, at most 5 %"
    return finish(report, output, holds=share <= MOST_FALSE, claim=claim)


def _false(rows: list[dict[str, Any]]) -> int:
    return sum(row["verdict"] in WRONG for row in rows)


def _excluding(rows: list[dict[str, Any]]) -> int:
    """Intervals that exclude what is true, whatever the margin: about 1 in 20 should."""
    intervals = [(row["ci_low"], row["ci_high"]) for row in rows if row["ci_low"] is not None]
    return sum(not low <= 1 <= high for low, high in intervals)


if __name__ == "__main__":
    sys.exit(guarded(main))
