"""Consumers that work without audit on the live kernel: exact counts, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from harness.consumers.base import Consumer, ConsumerSetup, RunningConsumer
from harness.consumers.ebpf import EbpfConsumer
from harness.consumers.process_events import ProcessEventsConsumer
from harness.errors import AuditbenchError
from harness.processes.identity import ProcessId, identify, is_alive, wait_gone
from harness.processes.line_process import ChildFailedError, LineProcess, module_command
from tests.support.command import ROOT
from tests.support.patience import PATIENCE_S
from tests.support.programs import needs, program

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("audit_host")]

HARNESS = """
import sys, time
from pathlib import Path
from harness.consumers.base import ConsumerSetup
from harness.consumers.catalog import CONSUMERS
running = CONSUMERS[sys.argv[1]].start(ConsumerSetup(marker="x", folder=Path(sys.argv[2])))
print(*running.pids, flush=True)
time.sleep(60)
"""


@pytest.fixture(params=[EbpfConsumer(), ProcessEventsConsumer()], ids=lambda each: each.name)
def consumer(request: pytest.FixtureRequest) -> Consumer:
    """One that this host has."""
    consumer: Consumer = request.param
    if consumer.name == "ebpf":
        program("bpftrace")
    try:
        consumer.find(None)
    except AuditbenchError as error:
        pytest.skip(str(error))
    return consumer


@pytest.fixture
def running(consumer: Consumer, tmp_path: Path) -> Iterator[RunningConsumer]:
    """It, ready; the host's mounts stay as they are meanwhile, and no process is left."""
    before = mounts()
    running = consumer.start(ConsumerSetup(marker="none", folder=tmp_path, cpus=(0,)))
    processes = identified(running.pids)
    try:
        assert mounts() == before
        yield running
    finally:
        running.end()
        assert wait_gone(processes, 0) == []
        assert mounts() == before


def mounts() -> str:
    return Path("/proc/self/mountinfo").read_text(encoding="utf-8")


def identified(pids: Iterable[int]) -> list[ProcessId]:
    """The processes, all of which run."""
    found = [process for pid in pids if (process := identify(pid)) is not None]
    assert found
    assert all(is_alive(process) for process in found)
    return found


def press(running: RunningConsumer, *load: str) -> None:
    """One load, of which the consumer is told who acts."""
    with LineProcess("workload", module_command("workloads", *load, "--control")) as worker:
        ready = worker.expect("ready", timeout_s=PATIENCE_S)
        for pid in ready["acting_pids"]:
            running.attribute_tree(pid)
        worker.send("go")
        assert worker.expect("result", timeout_s=PATIENCE_S)["failures"] == 0
    running.look()


def test_every_call_of_the_load_is_counted(consumer: Consumer, running: RunningConsumer) -> None:
    """By its audit session, and where it has none by its tree; what others do is left out."""
    press(running, "udp", "--ops", "2000", "--auid", "4242")
    subprocess.run(["/bin/sh", "-c", "/bin/true"], check=True)
    press(running, "shells", "--ops", "50", "--auid", "unset")
    assert running.wait_marker(1, 10)
    report = running.stop()
    assert report.document is not None
    count = report.document["own_count"]
    assert count["lost"] == 0
    if consumer.name == "ebpf":
        assert count["by_syscall"] == {"execve": 50, "connect": 2000, "bind": 0}
        assert count["events"] == 2050
        # At least the shell between the loads, and what the harness did to see that it is ready.
        assert count["others"] >= 1 + 3
        assert report.written_bytes is not None
        assert report.written_bytes > 2050 * 50
        assert report.delays_ms
    else:
        assert count["by_syscall"] == {"execve": 50}
        assert count["events"] == count["forks"] == 50
    assert sum(report.cpu_by_process.values()) == report.cpu_user_ns + report.cpu_system_ns > 0
    assert report.peak_memory_bytes


@pytest.mark.parametrize("consumer", [EbpfConsumer()], ids=["ebpf"], indirect=True)
def test_what_the_buffer_cannot_take_is_told(
    consumer: Consumer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tiny buffer and a reader that stands: every connect is either written or lost."""
    monkeypatch.setattr("harness.consumers.ebpf.BUFFER_PAGES", 1)
    running = consumer.start(ConsumerSetup(marker="none", folder=tmp_path))
    try:
        os.kill(running.pids[0], signal.SIGSTOP)
        press(running, "udp", "--ops", "2000", "--auid", "4242")
        os.kill(running.pids[0], signal.SIGCONT)
        assert running.wait_marker(1, 10)
        document = running.stop().document
    finally:
        running.end()
    assert document is not None
    count = document["own_count"]
    assert count["lost"] > 0
    # Of what is lost, nobody knows whose it was.
    assert 2000 <= count["events"] + count["lost"] < 3000
    assert count["by_syscall"]["connect"] == count["events"] < 2000


def test_its_own_death_is_told(running: RunningConsumer) -> None:
    running.look()
    os.kill(running.pids[0], signal.SIGKILL)
    os.waitid(os.P_PID, running.pids[0], os.WEXITED | os.WNOWAIT)
    with pytest.raises(ChildFailedError, match="was killed by SIGKILL") as told:
        running.look()
    assert " connect " not in str(told.value)
    with pytest.raises(ChildFailedError, match="was killed by SIGKILL"):
        running.stop()


def test_it_does_not_outlive_the_harness(consumer: Consumer, tmp_path: Path) -> None:
    before = mounts()
    with subprocess.Popen(
        [sys.executable, "-P", "-c", HARNESS, consumer.name, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    ) as harness:
        assert harness.stdout is not None
        processes = identified(map(int, harness.stdout.readline().split()))
        harness.kill()
    assert wait_gone(processes, 10) == []
    assert mounts() == before


@needs("bpftrace")
def test_a_probe_that_cannot_be_attached_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        EbpfConsumer().find(None)
    except AuditbenchError as error:
        pytest.skip(str(error))
    script = tmp_path / "probe.bt"
    script.write_text("tracepoint:syscalls:sys_enter_frobnicate { exit() }\n")
    monkeypatch.setattr("harness.consumers.ebpf.SCRIPT", script)
    with pytest.raises(ChildFailedError, match=r"ebpf could not be started: .*frobnicate") as told:
        EbpfConsumer().start(ConsumerSetup(marker="none", folder=tmp_path))
    assert "CONFIG_FTRACE_SYSCALLS" in told.value.remedy
    assert "\n" not in str(told.value)
