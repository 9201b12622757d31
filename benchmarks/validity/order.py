"""The order of the scenarios changes no verdict: forwards, backwards, and from another seed.

    sudo python benchmarks/validity/order.py --results /tmp/order

The plan `overhead` is run three times: as it is, with every block back to front, and with its
scenarios turned round and another seed. A verdict that is inconclusive in one run says nothing;
two that are decided must be the same.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.validity.live import DECIDED, ELAPSED, finish, guarded, options, run_plan
from harness.answers.result import make_result
from harness.run.plan.file import load_plan_file
from harness.scenarios.catalog import plan_path

SCENARIOS = re.compile(r"^scenarios = \[.*?\]", re.MULTILINE | re.DOTALL)


def main() -> int:
    """Run the proof; 0 where the claim holds."""
    overhead = load_plan_file("overhead")
    parser = options(__doc__.splitlines()[0])
    parser.add_argument("--blocks", type=int, default=overhead.blocks.default)
    parser.add_argument("--ops", type=int, help="of every trial; the plan's if not given")
    parser.add_argument("--workload", nargs="+", default=overhead.workloads)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    text = plan_path("overhead").read_text(encoding="utf-8")
    turned = f"scenarios = {list(overhead.scenarios[::-1])}"
    runs = {
        "forwards": (text, given.seed),
        "backwards": (f"backwards = true\n{text}", given.seed),
        "turned round": (SCENARIOS.sub(turned, text), given.seed + 1),
    }
    verdicts: dict[tuple[str, str], dict[str, str]] = {}
    for name, (plan, seed) in runs.items():
        stored = run_plan(
            plan,
            given.results,
            blocks=given.blocks,
            ops=given.ops,
            seed=seed,
            workloads=tuple(given.workload),
        )
        for found in make_result(stored).comparisons:
            if found.metric == ELAPSED and found.verdict != "reference":
                cell = (found.cell.workload, found.cell.scenario)
                verdicts.setdefault(cell, {})[name] = found.verdict
    print(f"{'workload':9} {'scenario':18} " + " ".join(f"{name:13}" for name in runs))
    for (workload, scenario), by_run in verdicts.items():
        words = " ".join(f"{by_run.get(name, '-'):13}" for name in runs)
        print(f"{workload:9} {scenario:18} {words}")
    changed = [
        cell
        for cell, by_run in verdicts.items()
        if len({verdict for verdict in by_run.values() if verdict in DECIDED}) > 1
    ]
    decided = sum(v in DECIDED for by_run in verdicts.values() for v in by_run.values())
    report = {
        "rows": [{"workload": w, "scenario": s, **by_run} for (w, s), by_run in verdicts.items()],
        "decided": decided,
    }
    claim = f"{len(changed)} of {len(verdicts)} verdicts change with the order ({decided} decided)"
    return finish(report, given.output, holds=not changed and decided > 0, claim=claim)


if __name__ == "__main__":
    sys.exit(guarded(main))
