"""What receiving a record costs, by consumer, side by side on the live kernel.

    python benchmarks/consumer_cost/compare.py [--blocks N] [--ops N]

Each block holds every consumer once, in random order: the built-in one at its depths, and auditd
with raw log where it is installed. The load is the same for all: UDP connects, each one event of
four records, under a rule that matches nothing else (it filters on a login uid that only the load
has). CPU is the consumer's own, all threads, between the start of the load and the moment when a
sync marker is through. Needs root; the host's audit state is given back.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from bench import DEPTHS, RECORDS_PER_EVENT, Bench, drain, load, open_bench, trial

from harness.analysis.ratio import Ratio, geometric_mean, paired_ratio
from harness.errors import AuditbenchError
from harness.host.process_cpu import read_process_cpu


def cpu_per_record(bench: Bench, pid: int, ops: int) -> dict[str, float]:
    """CPU of the consumer per record, in ns, and the records lost."""
    with load(bench, "udp", "--ops", str(ops)) as worker:
        before, lost = read_process_cpu(pid), bench.client.status().lost
        worker.send("go")
        worker.expect("result", timeout_s=300)
        drain(bench, pid)
        after = read_process_cpu(pid)
    assert before is not None
    assert after is not None
    used = after.delta(before)["run_ns"]
    assert used is not None
    return {
        "cpu": used / (ops * RECORDS_PER_EVENT),
        "lost": float(bench.client.status().lost - lost),
    }


def say(name: str, values: list[float], ratio: Ratio | None, lost: float) -> None:
    """One line of the table."""
    centre = geometric_mean(values) or 0.0
    interval = "–"
    if ratio is not None and ratio.ci_low is not None and ratio.ci_high is not None:
        interval = f"{ratio.ratio:.2f} ({ratio.ci_low:.2f} to {ratio.ci_high:.2f})"
    print(f"{name:18} {centre:9,.0f} ns per record   {interval:26} lost {lost:,.0f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=8)
    parser.add_argument("--ops", type=int, default=50_000)
    options = parser.parse_args()
    consumers = [*DEPTHS, *(["auditd"] if shutil.which("auditd") else [])]
    results: dict[str, list[dict[str, float]]] = {name: [] for name in consumers}
    with open_bench(backlog_limit=8192) as bench:
        for block in range(options.blocks + 1):
            for name in random.sample(consumers, len(consumers)):
                found = trial(bench, name, lambda b, pid: cpu_per_record(b, pid, options.ops))
                if block:
                    results[name].append(found)
            print(f"block {block}/{options.blocks}", file=sys.stderr)
    report(results)


def report(results: dict[str, list[dict[str, float]]]) -> None:
    """The table: every consumer against depth count, and auditd against ours."""
    cpu = {name: [one["cpu"] for one in found] for name, found in results.items()}
    print("CPU of the consumer; ratio to depth count with 95 % interval")
    for name, found in results.items():
        lost = sum(one["lost"] for one in found)
        say(name, cpu[name], paired_ratio(cpu[name], cpu["count"]), lost)
    for name in ("assemble", "store") if "auditd" in cpu else ():
        say(f"auditd / {name}", cpu["auditd"], paired_ratio(cpu["auditd"], cpu[name]), 0)


if __name__ == "__main__":
    try:
        main()
    except AuditbenchError as error:
        sys.exit(error.one_line())
