"""What the benchmarks of consumers share: running consumers, the rule, the load."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from harness.consumers.auditd import CONF
from harness.errors import AuditbenchError
from harness.host.facts import read_host_facts
from harness.host.pinning import assign_cpus
from harness.host.process_cpu import read_process_cpu
from harness.kernel.client import AuditClient
from harness.kernel.lease.lease import Lease, take_lease
from harness.kernel.rules.file import parse_rules_text
from harness.model.state import AuditState
from harness.processes.line_process import LineProcess, module_command

AUID = 3_999_999_999
RULES = f"-a always,exit -F arch=b64 -S connect -F auid={AUID}\n"
RECORDS_PER_EVENT = 4
DEPTHS = ("discard", "count", "decode", "assemble", "store")
MARKER = "auditbench-sync-bench"


@dataclass(frozen=True, slots=True)
class Bench:
    """What all trials share."""

    lease: Lease
    client: AuditClient
    cpus: dict[str, tuple[int, ...]]
    state: AuditState


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
    conf.write_text(CONF.format(folder=folder, log_format="RAW"))
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


@contextlib.contextmanager
def open_bench(**limits: int) -> Iterator[Bench]:
    """The host's audit, borrowed for a benchmark; `limits` are those of an AuditState."""
    rules = tuple(rule.to_bytes() for rule in parse_rules_text(RULES, "bench").rules)
    cpus = assign_cpus(None, read_host_facts().cpu)
    state = AuditState(enabled=1, failure=0, rules=rules, **limits)
    with take_lease(command="benchmark of consumers") as lease, AuditClient() as client:
        yield Bench(lease, client, cpus, state)


def trial(
    bench: Bench, consumer: str, measure: Callable[[Bench, int], dict[str, float]]
) -> dict[str, float]:
    """What `measure` finds while this consumer is in its seat and the rule in force."""
    with tempfile.TemporaryDirectory(prefix="auditbench-", dir="/var/tmp") as name:
        folder = Path(name)
        folder.chmod(0o700)
        start = auditd(bench, folder) if consumer == "auditd" else builtin(bench, consumer, folder)
        with start as pid:
            bench.lease.register_child(pid)
            bench.lease.apply(bench.state)
            try:
                return measure(bench, pid)
            finally:
                bench.lease.apply(replace(bench.state, enabled=0))
                bench.lease.forget_child(pid)


@contextlib.contextmanager
def load(bench: Bench, *words: str) -> Iterator[LineProcess]:
    """A worker that is ready, under the login uid that the rule looks for."""
    options = [*words, "--control", "--auid", str(AUID)]
    if cpus := bench.cpus.get("workload"):
        options += ["--cpu", ",".join(map(str, cpus))]
    with LineProcess("workload", module_command("workloads", *options)) as worker:
        worker.expect("ready", timeout_s=30)
        yield worker


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
