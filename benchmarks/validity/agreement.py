"""Elapsed time and CPU agree with `perf stat` and `/usr/bin/time` within 1 %.

    python benchmarks/validity/agreement.py          (apt-get install linux-perf time)

Both tools see whole processes, the worker only its timed section. So each workload is measured
twice: with many operations, and with one, which is all start-up and end. The differences of the
tools' readings are held against the worker's own. No audit and no root are needed. `time` reads in
steps of 10 ms: the section has to be long.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.validity.live import finish, options

OPS = {"syscalls": 60_000_000, "udp": 1_500_000}
START_UPS = 5
MOST_DIFFERENCE = 0.01
Reading = dict[str, float]


def main() -> int:
    """Run the proof; 0 where the claim holds."""
    parser = options(__doc__.splitlines()[0], runs=False)
    parser.add_argument("--scale", type=float, default=1.0, help="so many times the operations")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--cpu", default="0")
    given = parser.parse_args()
    rows = []
    print(f"{'workload':9} {'what':8} {'worker':>9} {'perf stat':>17} {'/usr/bin/time':>17}")
    for workload, ops in OPS.items():
        idle = [_measure(workload, 1, given.cpu) for _ in range(START_UPS)]
        start_up = {name: statistics.median(run[name] for run in idle) for name in idle[0]}
        for _ in range(given.repeat):
            whole = _measure(workload, max(round(ops * given.scale), 1), given.cpu)
            rows += _compare(workload, whole, start_up)
    worst = max(max(abs(row["perf_difference"]), abs(row["time_difference"])) for row in rows)
    claim = f"the largest difference is {100 * worst:.2f} %, at most 1 %"
    return finish({"rows": rows}, given.output, holds=worst <= MOST_DIFFERENCE, claim=claim)


def _compare(workload: str, whole: Reading, start_up: Reading) -> list[dict[str, Any]]:
    rows = []
    for what in ("elapsed", "cpu"):
        net = {
            tool: whole[f"{tool}_{what}_s"] - start_up[f"{tool}_{what}_s"]
            for tool in ("worker", "perf", "time")
        }
        row = {
            "workload": workload,
            "what": what,
            **{f"{tool}_s": seconds for tool, seconds in net.items()},
            "perf_difference": net["perf"] / net["worker"] - 1,
            "time_difference": net["time"] / net["worker"] - 1,
        }
        rows.append(row)
        print(
            f"{workload:9} {what:8} {net['worker']:7.3f} s "
            f"{net['perf']:7.3f} s {100 * row['perf_difference']:+5.2f} % "
            f"{net['time']:7.3f} s {100 * row['time_difference']:+5.2f} %",
            flush=True,
        )
    return rows


def _measure(workload: str, ops: int, cpu: str) -> Reading:
    """One run of the worker within `time` within `perf stat`, in seconds by tool."""
    worker = [sys.executable, "-P", "-m", "workloads", workload, "--ops", str(ops)]
    worker += ["--cpu", cpu, "--no-session"]
    with tempfile.TemporaryDirectory() as folder:
        perf, times = Path(folder) / "perf", Path(folder) / "time"
        command = ["perf", "stat", "-x", ";", "-o", str(perf), "-e", "task-clock,duration_time"]
        command += ["/usr/bin/time", "-f", "%e %U %S", "-o", str(times), *worker]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        document = json.loads(done.stdout)
        lines = [line.split(";") for line in perf.read_text().splitlines() if ";" in line]
        readings = {line[2]: float(line[0]) for line in lines}
        elapsed, user, system = map(float, times.read_text().split())
    return {
        "worker_elapsed_s": document["elapsed_ns"] / 1e9,
        "worker_cpu_s": (document["cpu_user_ns"] + document["cpu_system_ns"]) / 1e9,
        "perf_elapsed_s": readings["duration_time"] / 1e9,
        "perf_cpu_s": readings["task-clock"] / 1e3,
        "time_elapsed_s": elapsed,
        "time_cpu_s": user + system,
    }


if __name__ == "__main__":
    sys.exit(main())
