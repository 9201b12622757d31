"""auditd, with and without Laurel, and beside our multicast consumer, on the live kernel."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from harness.consumers import auditd
from harness.consumers.auditd import AuditdConsumer, AuditdRunning
from harness.consumers.base import ConsumerSetup
from harness.consumers.catalog import CONSUMERS
from harness.kernel.client import AuditClient
from harness.kernel.lease.lease import take_lease
from harness.model.run import Cell, Sample, Trial
from harness.processes.line_process import ChildFailedError
from harness.run.plan.plan import make_plan
from harness.run.trials.trial import Bench, run_trial
from tests.support.command import ROOT
from tests.support.patience import PATIENCE_S
from tests.support.programs import needs
from tests.support.requests import asked

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.usefixtures("audit_host"),
    needs("auditd"),
]

OPS = 2000
LAUREL = pytest.param("auditd-laurel", marks=needs("laurel"))
NAMES = ("auditd", "auditd-enriched", LAUREL, "auditd+multicast")
PID_FILE = Path("/run/auditd.pid")


def measure(
    name: str,
    folder: Path,
    *,
    workload: str = "udp",
    ops: int = OPS,
    rate_per_s: float | None = None,
    **more: Any,
) -> Sample:
    """One trial under the rules of the plan consumers, which name a login uid of its load."""
    cell = Cell(workload=workload, scenario="rules", consumer=name)
    request = asked(
        plan="consumers",
        consumers=(name,),
        rate_per_s=rate_per_s,
        consumer_paths=more.get("binaries", {}),
    )
    with take_lease(command=f"test of {name}") as lease, AuditClient() as client:
        bench = Bench(
            plan=make_plan(request),
            lease=lease,
            client=client,
            consumers={name: CONSUMERS[name]},
            cpus={},
            trial_timeout_s=PATIENCE_S,
            folder=folder,
            **more,
        )
        sample = run_trial(bench, Trial(index=7, cell=cell, block=0, position=0, seed=7, ops=ops))
        assert client.status().pid == 0
        assert lease.check() == ()  # rules, limits and all as they were asked for
    assert running_programs() == []
    assert list(folder.glob("auditbench-*")) == []
    assert not PID_FILE.exists()
    return sample


def running_programs() -> list[str]:
    """Those of auditd and Laurel that run now; who reaps orphans, and when, is not theirs."""
    return [
        process.info["name"]
        for process in psutil.process_iter(["name", "status"])
        if process.info["name"] in ("auditd", "laurel")
        and process.info["status"] != psutil.STATUS_ZOMBIE
    ]


@pytest.mark.parametrize("name", NAMES)
def test_every_connect_is_accounted_for(name: str, tmp_path: Path) -> None:
    # At this rate none of them falls behind, whoever else uses the machine.
    sample = measure(name, tmp_path, rate_per_s=2000)
    assert sample.invalid_reason == ""
    ledger = sample.ledger
    assert ledger.generated == ledger.complete == OPS
    terms = (ledger.partial, ledger.refused, ledger.vanished, ledger.unexplained, ledger.lost)
    assert terms == (0, 0, 0, 0, 0)
    document = sample.consumer_document
    assert (document["mode"], document["socket_drops"]) == ("unicast", 0)
    assert document["serials"]["gaps"] == 0
    assert len(document["markers"]) >= 2
    assert sample.metrics["consumer_written_bytes_per_event"] > 100
    assert sample.metrics["consumer_memory_bytes"] > 1 << 20
    beside = {"auditd-laurel": {"laurel"}, "auditd+multicast": {"consumer"}}
    assert costs(sample) == {"auditd", *beside.get(name, ())}
    if name == "auditd+multicast":
        assert document["beside"]["name"] == "multicast-assemble"
        other = document["beside"]["document"]
        assert other["mode"] == "multicast"
        assert other["sessions"] == document["sessions"] | other["sessions"]
        assert (other["events"]["partial"], other["serials"]["gaps"]) == (0, 0)


def costs(sample: Sample) -> set[str]:
    """The processes whose CPU time is told apart."""
    start = "cpu_process_ns_per_event:"
    return {name.removeprefix(start) for name in sample.metrics if name.startswith(start)}


@pytest.mark.parametrize("name", ["auditd-enriched", LAUREL])
def test_every_command_is_accounted_for(name: str, tmp_path: Path) -> None:
    sample = measure(name, tmp_path, workload="shells", ops=100)
    assert sample.invalid_reason == ""
    assert sample.ledger.generated == sample.ledger.complete
    assert (sample.ledger.partial, sample.ledger.unexplained) == (0, 0)


class Killer:
    """Kills the registered daemon when the load has made some events."""

    def __init__(self) -> None:
        self.pulses = 0

    def __call__(self, backlog: int, lost: int) -> None:
        """The second look at the queue is in the middle of the load."""
        self.pulses += 1
        if self.pulses == 2:
            with AuditClient() as client:
                os.kill(client.status().pid, signal.SIGKILL)


@needs("laurel")
def test_killed_in_the_middle_it_is_named_and_all_is_given_back(tmp_path: Path) -> None:
    sample = measure("auditd-laurel", tmp_path, ops=200_000, on_pulse=Killer())
    assert not sample.valid
    assert sample.invalid_reason == "auditd was killed by SIGKILL"


@needs("laurel")
def test_a_plugin_that_dies_is_named(tmp_path: Path) -> None:
    def kill(backlog: int, lost: int) -> None:
        for child in psutil.Process(registered()).children():
            if child.name() == "laurel":
                child.kill()

    sample = measure("auditd-laurel", tmp_path, ops=200_000, on_pulse=kill)
    assert sample.invalid_reason == "laurel, a process of auditd, ended"


def registered() -> int:
    with AuditClient() as client:
        return client.status().pid


def setup_in(folder: Path, **more: Any) -> ConsumerSetup:
    folder.chmod(0o700)
    return ConsumerSetup(marker="auditbench-sync-test", folder=folder, **more)


@contextmanager
def running(setup: ConsumerSetup, name: str = "auditd") -> Iterator[AuditdRunning]:
    """A consumer in its seat, with audit as it is."""
    with take_lease(command="test of consumers") as lease:
        consumer = CONSUMERS[name].start(setup)
        try:
            assert isinstance(consumer, AuditdRunning)
            yield consumer
        finally:
            consumer.end()
            lease.clear_stale_daemon()


def program(path: Path, text: str) -> Path:
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("cpus", [(), (0,)])
def test_a_wrong_program_is_told_in_one_line(tmp_path: Path, cpus: tuple[int, ...]) -> None:
    setup = setup_in(tmp_path, cpus=cpus, binary=program(tmp_path / "x", "echo boom; exit 3\n"))
    with pytest.raises(ChildFailedError) as caught, running(setup):
        pass
    assert caught.value.one_line() == "auditd ended with 3: boom"


def test_a_configuration_that_it_refuses_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditd, "CONF", "no_such_setting = 1\n")
    with pytest.raises(ChildFailedError) as caught, running(setup_in(tmp_path)):
        pass
    assert caught.value.one_line().startswith("auditd ended with 6: it refused its configuration")


def test_a_laurel_that_ends_at_once_is_told(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    script = program(
        tmp_path / "bin/laurel", "case $* in *dry*) ;; *) echo no >&2; exit 1;; esac\n"
    )
    setup = setup_in(tmp_path, binary=script)
    with pytest.raises(ChildFailedError) as caught, running(setup, "auditd-laurel"):
        pass
    assert caught.value.one_line() == "laurel ended at once: no"
    assert registered() == 0
    assert running_programs() == []


@needs("mount")
def test_with_the_disk_nearly_full_it_is_given_up(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=72m", "test", disk], check=True)
    try:
        with running(setup_in(disk)) as consumer:
            consumer.look()
            (disk / "filling").write_bytes(bytes(16 << 20))
            with pytest.raises(ChildFailedError, match=r"auditd was aborted: 5\d MiB are left"):
                consumer.look()
    finally:
        subprocess.run(["umount", disk], check=True)


def test_one_that_does_not_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AuditdRunning, "stop_timeout_s", 0.3)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    stubborn = f"exec {sys.executable} -P -m tests.fakes.stubborn_daemon\n"
    setup = setup_in(tmp_path, binary=program(tmp_path / "stubborn", stubborn))
    with (
        running(setup) as consumer,
        pytest.raises(ChildFailedError, match=r"auditd did not end within 0\.3 s of being asked"),
    ):
        consumer.stop()
    assert registered() == 0


def test_beside_another_auditd_it_does_not_start(tmp_path: Path) -> None:
    other = tmp_path / "auditd"
    shutil.copy("/bin/sleep", other)
    process = subprocess.Popen([other, "60"])
    try:
        with pytest.raises(
            ChildFailedError, match=f"another auditd is running \\(pid {process.pid}\\)"
        ):
            AuditdConsumer("auditd", "", log_format="RAW").start(setup_in(tmp_path))
    finally:
        process.kill()
        process.wait()


@needs("laurel")
def test_it_tells_its_version() -> None:
    found = CONSUMERS["auditd"].find(None)
    both = CONSUMERS["auditd-laurel"].find(None)
    assert found is not None
    assert both is not None
    assert found.version[0].isdecimal()
    assert found.version in both.version
