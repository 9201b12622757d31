"""What the load generators cost beyond the calls they make: ratios to a plain C loop.

    python benchmarks/generator_cost/compare.py [--blocks 20] [--cpu N] [--json] [WORKLOAD …]

Compiles `twin.c`, then runs generator and twin in blocks, in random order within each block, on
one CPU, and prints for each workload the geometric mean of the ratios generator / twin with a
95 % t interval. Below 1.05 is what the project promises; this prints, it does not assert.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from scipy.stats import t as student

HERE = Path(__file__).parent
OPS = {"syscalls": 1_000_000, "udp": 30_000, "files": 20_000, "shells": 500}
PROMISED = 1.05


def compile_twin(folder: Path) -> Path:
    """The twin as an executable in `folder`, compiled as the extensions are."""
    program = folder / "twin"
    compiler = os.environ.get("CC", "cc")
    subprocess.run([compiler, "-O3", "-o", str(program), str(HERE / "twin.c")], check=True)
    return program


def twin_ns(twin: Path, workload: str, ops: int, cpu: int) -> float:
    """Nanoseconds per operation of the C loop."""
    done = subprocess.run(
        [str(twin), workload, str(ops)],
        check=True,
        capture_output=True,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {cpu}),
    )
    return float(done.stdout)


def generator_ns(workload: str, ops: int, cpu: int) -> float:
    """Nanoseconds per operation of the generator, from its own document."""
    command = [sys.executable, "-P", "-m", "workloads", workload, "--ops", str(ops)]
    done = subprocess.run(
        [*command, "--cpu", str(cpu), "--no-session"], check=True, capture_output=True, text=True
    )
    document = json.loads(done.stdout)
    if document["failures"] or document["ops"] != ops:
        raise SystemExit(f"{workload}: {document['failures']} operations failed")
    return float(document["elapsed_ns"]) / ops


def measure(workload: str, twin: Path, blocks: int, cpu: int, dice: random.Random) -> list[float]:
    """The ratio of every block but the first, which warms up; prints progress."""
    ops, ratios = OPS[workload], []
    sides: dict[str, Callable[[], float]] = {
        "twin": lambda: twin_ns(twin, workload, ops, cpu),
        "generator": lambda: generator_ns(workload, ops, cpu),
    }
    for block in range(blocks + 1):
        order = dice.sample(sorted(sides), k=2)
        took = {side: sides[side]() for side in order}
        print(f"{workload} block {block}: {took}", file=sys.stderr)
        if block:
            ratios.append(took["generator"] / took["twin"])
    return ratios


def interval(ratios: list[float]) -> tuple[float, float, float]:
    """Geometric mean and 95 % t interval of the ratios."""
    logs = [math.log(ratio) for ratio in ratios]
    middle = statistics.fmean(logs)
    half = student.ppf(0.975, len(logs) - 1) * statistics.stdev(logs) / math.sqrt(len(logs))
    return math.exp(middle), math.exp(middle - half), math.exp(middle + half)


def main() -> None:
    """Measures and prints one line per workload."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("workloads", nargs="*", choices=[*OPS, []], metavar="WORKLOAD")
    parser.add_argument("--blocks", type=int, default=20)
    parser.add_argument("--cpu", type=int, default=max(os.sched_getaffinity(0)))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        twin = compile_twin(Path(folder))
        for workload in chosen.workloads or OPS:
            dice = random.Random(f"{chosen.seed} {workload}")
            ratios = measure(workload, twin, chosen.blocks, chosen.cpu, dice)
            results[workload] = dict(zip(("ratio", "low", "high"), interval(ratios), strict=True))
    if chosen.json:
        print(json.dumps(results))
        return
    for workload, found in results.items():
        verdict = "within" if found["high"] <= PROMISED else "above or inconclusive:"
        print(
            f"{workload:<9} generator / C loop = {found['ratio']:.4f}  "
            f"95 % [{found['low']:.4f}, {found['high']:.4f}]  {verdict} {PROMISED}"
        )


if __name__ == "__main__":
    main()
