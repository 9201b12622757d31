"""Two builds of a consumer in one run: what is planted is found, and equal builds are not worse.

    sudo python benchmarks/consumer_builds/planted.py --results /tmp/builds [--runs 20]

Compiles `consumer.c`, and makes of it a build as it is and others that spend more CPU time for
each event: 0 %, 5 % and 10 % of what an event costs the first, which a short run measures before.
Each is compared with the first in runs of their own, in turn, as `run` and `gate` do it.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.validity.live import finish, guarded, options, run_plan
from harness.answers.builds import COST
from harness.answers.gate import GateRules, gate_run
from harness.answers.limits import read_limits
from harness.answers.result import make_result
from harness.store import StoredRun

HERE = Path(__file__).parent
PLANTED = (0.0, 0.05, 0.10)
LIMIT = "cpu-per-event:5%"
FIRST, SECOND = "mine@base", "mine@head"
CALIBRATION_BLOCKS = 4
MIN_SHARE = 19 / 20
PLAN = """summary = "two builds of one consumer"
workloads = ["udp"]
scenarios = ["rules-scoped"]
consumers = ["{first}", "{second}"]
auid = "2147480124"

[[own_consumers]]
name = "mine"
command = "consumer"

[[own_consumers]]
name = "{first}"
program = "{folder}/base"

[[own_consumers]]
name = "{second}"
program = "{folder}/head"
"""


def main() -> int:
    """Run the proof; 0 where the claim holds."""
    parser = options(__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=20, help="of each planted cost")
    parser.add_argument("--blocks", type=int, default=64)
    parser.add_argument("--ops", type=int, default=5000)
    parser.add_argument("--only", type=float, nargs="*", default=PLANTED, help="0, 0.05 or 0.1")
    parser.add_argument("--cost-ns", type=float, help="of an event, if it is known already")
    parser.add_argument("--seed", type=int, default=1, help="of the first run")
    given = parser.parse_args()
    folder = given.results / "programs"
    folder.mkdir(parents=True, exist_ok=True)
    _compile(folder)
    cost_ns = given.cost_ns or _calibrated(given, folder)
    print(f"an event costs the first build {cost_ns:,.0f} ns")
    print(f"{'run':>3} {'planted':>8} {'ratio':>7}  {'95 % interval':15} verdict       {LIMIT}")
    rows = []
    for number in range(given.seed, given.seed + given.runs):
        for share in given.only:
            rows.append(_row(given, folder, share, cost_ns, number))
    return _judge(rows, given.output, cost_ns)


def _compile(folder: Path) -> None:
    compiler = os.environ.get("CC", "cc")
    program = str(folder / "consumer")
    subprocess.run([compiler, "-O2", "-o", program, str(HERE / "consumer.c")], check=True)


def _make_build(folder: Path, label: str, extra_ns: float) -> None:
    program = folder / label
    program.write_text(f'#!/bin/sh\nexec "{folder}/consumer" {extra_ns:.0f}\n', encoding="utf-8")
    program.chmod(0o755)


def _run(given: Any, folder: Path, extra_ns: float, blocks: int, seed: int) -> StoredRun:
    _make_build(folder, "base", 0)
    _make_build(folder, "head", extra_ns)
    text = PLAN.format(first=FIRST, second=SECOND, folder=folder.resolve())
    return run_plan(text, given.results, blocks=blocks, ops=given.ops, seed=seed)


def _calibrated(given: Any, folder: Path) -> float:
    stored = _run(given, folder, 0, CALIBRATION_BLOCKS, seed=1)
    return statistics.geometric_mean(
        sample.metrics[COST] for sample in stored.samples if sample.valid and not sample.warm_up
    )


def _row(given: Any, folder: Path, share: float, cost_ns: float, seed: int) -> dict[str, Any]:
    stored = _run(given, folder, share * cost_ns, given.blocks, seed)
    (build,) = make_result(stored).builds
    found = build.comparisons[0]
    gate = gate_run(stored.folder, GateRules(read_limits([LIMIT]), FIRST))
    (check,) = gate.checks
    row = {
        "run": stored.name,
        "planted": share,
        "ratio": found.ratio,
        "ci_low": found.ci_low,
        "ci_high": found.ci_high,
        "base_ns": found.reference,
        "blocks": found.blocks,
        "verdict": found.verdict,
        "gate": check.outcome,
        "invalid_trials": sum(not sample.valid for sample in stored.samples),
    }
    low, high = found.ci_low or 0.0, found.ci_high or 0.0
    print(
        f"{seed:3} {100 * share:6.0f} % {found.ratio or 0:7.3f}  {low:.3f} to {high:.3f}  "
        f"{found.verdict:12}  {check.outcome}",
        flush=True,
    )
    return row


def _judge(rows: list[dict[str, Any]], output: Path | None, cost_ns: float) -> int:
    by_share = {share: [row for row in rows if row["planted"] == share] for share in PLANTED}
    holds, claims = True, []
    for share, found in by_share.items():
        if not found:
            continue
        if share == PLANTED[-1]:
            hits, what = sum(row["gate"] == "fail" for row in found), f"exceeds {LIMIT}"
        else:
            hits, what = sum(row["verdict"] == "worse" for row in found), "is worse"
        holds = holds and (hits >= MIN_SHARE * len(found) if share else not hits)
        claims.append(f"{100 * share:g} % more {what} in {hits} of {len(found)} runs")
    report = {"cost_ns": cost_ns, "rows": rows}
    return finish(report, output, holds=holds, claim="; ".join(claims))


if __name__ == "__main__":
    sys.exit(guarded(main))
