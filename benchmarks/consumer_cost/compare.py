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
import contextlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.analysis.ratio import Ratio, geometric_mean, paired_ratio
from harness.errors import AuditbenchError
from harness.host.facts import read_host_facts
from harness.host.pinning import assign_cpus
from harness.kernel.client import AuditClient
from harness.kernel.lease import Lease, WantedState, take_lease
from harness.kernel.rule_file import parse_rules_text
from harness.metrics.process_cpu import read_process_cpu
from harness.processes import LineProcess, module_command

AUID = 3_999_999_999
RULES = f"-a always,exit -F arch=b64 -S connect -F auid={AUID}\n"
RECORDS_PER_EVENT = 4
DEPTHS = ("discard", "count", "decode", "assemble", "store")
MARKER = "auditbench-sync-bench"
AUDITD_CONF = """\
local_events = yes
write_logs = yes
log_file = {folder}/log/audit.log
log_group = root
log_format = RAW
flush = INCREMENTAL_ASYNC
freq = 50
max_log_file = 4000
max_log_file_action = IGNORE
num_logs = 0
space_left = 2
space_left_action = IGNORE
admin_space_left = 1
admin_space_left_action = IGNORE
disk_full_action = IGNORE
disk_error_action = IGNORE
priority_boost = 0
name_format = NONE
plugin_dir = {folder}/plugins.d
"""


@dataclass(frozen=True, slots=True)
class Bench:
    """What all trials share."""

    lease: Lease
    client: AuditClient
    cpus: dict[str, tuple[int, ...]]
    ops: int
    rules: tuple[bytes, ...]


@contextlib.contextmanager
def builtin(bench: Bench, depth: str, folder: Path) -> Iterator[int]:
    """The built-in consumer, ready; its pid."""
    words = ["--control", "--mode", "unicast", "--depth", depth, "--marker", MARKER]
    if depth == "store":
        words += ["--store", str(folder / "audit.log")]
    if cpus := bench.cpus.get("consumer"):
        words += ["--cpu", ",".join(map(str, cpus))]
    with LineProcess("consumer", module_command("consumer", *words)) as process:
        process.expect("ready", timeout_s=10)
        yield process.pid
        process.send("stop")
        process.expect("result", timeout_s=60)


@contextlib.contextmanager
def auditd(bench: Bench, folder: Path) -> Iterator[int]:
    """auditd with raw log in a folder of its own, registered; its pid."""
    for name in ("log", "plugins.d"):
        (folder / name).mkdir(mode=0o750)
    conf = folder / "auditd.conf"
    conf.write_text(AUDITD_CONF.format(folder=folder))
    conf.chmod(0o640)
    command = ["auditd", "-n", "-s", "nochange", "-c", str(folder)]
    if cpus := bench.cpus.get("consumer"):
        command = ["taskset", "-c", ",".join(map(str, cpus)), *command]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10
        while bench.client.status().pid != process.pid:
            if process.poll() is not None or time.monotonic() > deadline:
                raise AuditbenchError("auditd did not register", remedy="look at its syslog")
            time.sleep(0.02)
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
        bench.lease.clear_stale_daemon()


def trial(bench: Bench, consumer: str) -> dict[str, float]:
    """CPU of the consumer and of kauditd per record, in ns, and the records lost."""
    with tempfile.TemporaryDirectory(prefix="auditbench-", dir="/var/tmp") as name:
        folder = Path(name)
        folder.chmod(0o700)
        start = auditd(bench, folder) if consumer == "auditd" else builtin(bench, consumer, folder)
        with start as pid:
            bench.lease.register_child(pid)
            bench.lease.apply(
                WantedState(enabled=1, backlog_limit=8192, failure=0, rules=bench.rules)
            )
            try:
                return measure(bench, pid)
            finally:
                bench.lease.apply(WantedState(enabled=0, failure=0, rules=bench.rules))
                bench.lease.forget_child(pid)


def measure(bench: Bench, pid: int) -> dict[str, float]:
    """Press, wait until all is through, and read the clocks."""
    words = ["udp", "--control", "--ops", str(bench.ops), "--auid", str(AUID)]
    if cpus := bench.cpus.get("workload"):
        words += ["--cpu", ",".join(map(str, cpus))]
    with LineProcess("workload", module_command("workloads", *words)) as worker:
        worker.expect("ready", timeout_s=30)
        before, lost = read_process_cpu(pid), bench.client.status().lost
        worker.send("go")
        document = worker.expect("result", timeout_s=300)
        drain(bench, pid)
        after = read_process_cpu(pid)
    assert before is not None
    assert after is not None
    used = after.delta(before)["run_ns"]
    assert used is not None
    records = bench.ops * RECORDS_PER_EVENT
    return {
        "cpu": used / records,
        "elapsed": document["elapsed_ns"] / bench.ops,
        "lost": float(bench.client.status().lost - lost),
    }


def drain(bench: Bench, pid: int) -> None:
    """Wait until the kernel's queue is empty and the consumer has come to rest.

    Alike for all consumers: ours could report a marker, auditd could not.
    """
    bench.client.send_user_message(f"{MARKER}:1")
    last, since = -1, time.monotonic()
    while time.monotonic() - since < 0.1:
        now = read_process_cpu(pid)
        used = now.run_ns if now is not None and now.run_ns is not None else 0
        if bench.client.status().backlog or used - last > 1_000_000:
            last, since = used, time.monotonic()
        time.sleep(0.02)


def say(name: str, values: list[float], ratio: Ratio | None, lost: float) -> None:
    centre = geometric_mean(values)
    interval = "–"
    if ratio is not None and ratio.ci_low is not None and ratio.ci_high is not None:
        interval = f"{ratio.ratio:.2f} ({ratio.ci_low:.2f} to {ratio.ci_high:.2f})"
    print(f"{name:10} {centre:9,.0f} ns per record   {interval:26} lost {lost:,.0f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=8)
    parser.add_argument("--ops", type=int, default=50_000)
    options = parser.parse_args()
    consumers = [*DEPTHS, *(["auditd"] if shutil.which("auditd") else [])]
    results: dict[str, list[dict[str, float]]] = {name: [] for name in consumers}
    rules = tuple(rule.to_bytes() for rule in parse_rules_text(RULES, "bench").rules)
    cpus = assign_cpus(None, read_host_facts().cpu)
    with take_lease(command="consumer_cost") as lease, AuditClient() as client:
        bench = Bench(lease, client, cpus, options.ops, rules)
        for block in range(options.blocks + 1):
            for name in random.sample(consumers, len(consumers)):
                found = trial(bench, name)
                if block:
                    results[name].append(found)
            print(f"block {block}/{options.blocks}", file=sys.stderr)
    count = [found["cpu"] for found in results["count"]]
    print("CPU of the consumer; ratio to depth count with 95 % interval")
    for name, found in results.items():
        values = [one["cpu"] for one in found]
        say(name, values, paired_ratio(values, count), sum(one["lost"] for one in found))
    if "auditd" in results:
        for name in ("assemble", "store"):
            ours = [one["cpu"] for one in results[name]]
            theirs = paired_ratio([one["cpu"] for one in results["auditd"]], ours)
            say(f"auditd / {name}", ours, theirs, 0)


if __name__ == "__main__":
    try:
        main()
    except AuditbenchError as error:
        sys.exit(error.one_line())
