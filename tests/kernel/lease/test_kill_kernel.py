"""Whatever is killed at whatever moment: the host's audit state comes back exactly.

Rules are loaded and limits set beforehand, so that 'comes back' means something.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from harness.kernel.client import AuditClient
from harness.kernel.lease.snapshot import Snapshot, differences
from harness.kernel.rules.file import parse_rules_text
from tests.support.command import assert_one_line, auditbench, auditbench_json, start_auditbench
from tests.support.patience import PATIENCE_S
from tests.support.waiting import comes_true

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("audit_host")]

MOMENTS = 8
# Scoped to a session that does not exist: nothing is recorded by them.
BEFORE = """\
-a always,exit -F arch=b64 -S openat -F sessionid=4000000000 -k first
-w /etc/passwd -p wa -k second
-a always,exit -F arch=b64 -S execve -F sessionid=4000000000 -F key=third
-a never,exclude -F msgtype=BPF
"""
RUN = ("run", "--workload", "udp", "--scenario", "rules", "--ops", 2000, "--blocks", 500)


@pytest.fixture
def before() -> Iterator[Snapshot]:
    """A host with rules and limits of its own; put right again afterwards."""
    rules = [rule.to_bytes() for rule in parse_rules_text(BEFORE, "before").rules]
    with AuditClient() as client:
        limit = client.status().backlog_limit
        for rule in rules:
            client.add_rule(rule)
        client.set_status("backlog_limit", 321)
        client.set_status("rate_limit", 54321)
        try:
            yield Snapshot.capture(client)
        finally:
            for rule in client.list_rules():
                client.delete_rule(rule)
            client.set_status("backlog_limit", limit)
            client.set_status("rate_limit", 0)


def state() -> Snapshot:
    with AuditClient() as client:
        return Snapshot.capture(client)


def guards(harness: psutil.Process) -> list[psutil.Process]:
    return [child for child in _children(harness) if "harness.kernel.lease.guard" in _words(child)]


def children_named(harness: psutil.Process, module: str) -> list[psutil.Process]:
    return [child for child in _children(harness) if module in _words(child)]


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def gone(processes: list[psutil.Process]) -> bool:
    return not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes)


def trials_that_ended(folder: Path) -> int:
    """How many stored trials nobody killed, disturbed ones among them."""
    lines = [
        line
        for samples in folder.glob("results/*/*/samples.jsonl")
        for line in samples.read_text(encoding="utf-8").splitlines()
    ]
    return sum("killed by" not in line and "given up" not in line for line in lines)


def seated() -> tuple[int, str]:
    """The registered daemon's pid, and what the system says of it."""
    with AuditClient() as client:
        pid = client.status().pid
    try:
        return pid, str(psutil.Process(pid).as_dict(["cmdline", "status", "ppid", "create_time"]))
    except psutil.NoSuchProcess:
        return pid, "gone"


def start(tmp_path: Path) -> tuple[subprocess.Popen[bytes], psutil.Process]:
    run = start_auditbench(*RUN, cwd=tmp_path)
    return run, psutil.Process(run.pid)


@pytest.mark.parametrize("victim", ["harness", "guard", "both"])
def test_kill_at_random_moments(victim: str, before: Snapshot, tmp_path: Path) -> None:
    chance = random.Random(victim)
    for _ in range(MOMENTS):
        run, harness = start(tmp_path)
        try:
            time.sleep(chance.uniform(0.2, 1.5))
            if victim != "guard":
                # A child that is born after they were listed would not be waited for.
                run.send_signal(signal.SIGSTOP)
            family = _children(harness)
            if victim != "harness":
                for guard in guards(harness):
                    guard.kill()
            if victim == "guard":
                time.sleep(chance.uniform(0.0, 0.5))
                run.send_signal(signal.SIGINT)
                run.wait(PATIENCE_S)
            else:
                run.kill()
                run.wait(PATIENCE_S)
        finally:
            if run.poll() is None:
                run.kill()
                run.wait()
        assert comes_true(lambda family=family: gone(family)), "a child outlived the harness"
        told = auditbench("restore", cwd=tmp_path).stdout if victim == "both" else ""
        assert comes_true(lambda: state() == before), (told, differences(state(), before))
        with AuditClient() as client:
            assert comes_true(lambda client=client: client.status().pid == 0), (told, seated())


@pytest.mark.parametrize("victim", ["consumer", "workloads"])
def test_kill_children_at_random_moments(victim: str, before: Snapshot, tmp_path: Path) -> None:
    chance = random.Random(victim)
    run, harness = start(tmp_path)
    killed = 0
    try:
        deadline = time.monotonic() + PATIENCE_S
        while killed < MOMENTS and time.monotonic() < deadline:
            assert run.poll() is None, "the run ended because a child was killed"
            time.sleep(chance.uniform(0.2, 1.2))
            for child in children_named(harness, victim)[:1]:
                child.kill()
                killed += 1
                # Three failed trials in a row would rightly end the run.
                whole = trials_that_ended(tmp_path)
                assert comes_true(lambda whole=whole: trials_that_ended(tmp_path) > whole)
        run.send_signal(signal.SIGINT)
        assert run.wait(PATIENCE_S) == 5
    finally:
        if run.poll() is None:
            run.kill()
            run.wait()
    assert killed == MOMENTS
    assert comes_true(lambda: state() == before)
    # Where the host is slow, more trials are killed than end, and the result is rightly doubted.
    told = auditbench("show", "--json", cwd=tmp_path)
    assert told.returncode in (0, 3), told.stderr
    document = json.loads(told.stdout)
    assert document["invalid_trials"] >= MOMENTS / 2
    assert document["trials"] > document["invalid_trials"]
    assert any(victim.rstrip("s") in warning["what"] for warning in document["warnings"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stop_signals_keep_what_was_measured(
    number: signal.Signals, before: Snapshot, tmp_path: Path
) -> None:
    run, _ = start(tmp_path)
    samples = lambda: [*tmp_path.glob("results/*/*/samples.jsonl")]  # noqa: E731
    try:
        assert comes_true(lambda: bool(samples()) and samples()[0].stat().st_size > 0)
        run.send_signal(number)
        assert run.wait(PATIENCE_S) == 5
    finally:
        if run.poll() is None:
            run.kill()
            run.wait()
    assert state() == before
    # Stopped in the warm-up: there is something to show, but nothing to rely on.
    document = auditbench_json("show", cwd=tmp_path, code=3)
    assert not document["complete"]
    assert document["trials"] >= 1


def test_a_second_run_is_refused_by_the_name_of_the_first(before: Snapshot, tmp_path: Path) -> None:
    run, harness = start(tmp_path)
    try:
        assert comes_true(lambda: bool(guards(harness)))
        second = auditbench("run", "--blocks", 1, "--ops", 10, cwd=tmp_path)
        assert_one_line(second, 4, f"pid {run.pid}", "--wait")
    finally:
        os.kill(run.pid, signal.SIGINT)
        run.wait(PATIENCE_S)
    assert state() == before
