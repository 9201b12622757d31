"""The adapters of go-audit, osqueryd and Auditbeat on the live kernel, with stand-ins for them.

Only the load's login uid is recorded. What a stand-in says and does is by its program's source; see
tests/fakes. Nothing here says anything about the programs themselves.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from harness.consumers import osqueryd
from harness.consumers.base import ConsumerSetup
from harness.consumers.catalog import CONSUMERS, find_consumer
from harness.consumers.foreign import ready
from harness.consumers.foreign.running import ForeignRunning
from harness.kernel.client import AuditClient
from harness.kernel.lease.lease import Lease, take_lease
from harness.kernel.rules.text import parse_rule
from harness.model.run import Cell, Sample, Trial
from harness.model.state import AuditState
from harness.run.plan.plan import make_plan
from harness.run.trials.trial import Bench, run_trial
from tests.kernel.conftest import NOBODY
from tests.support.patience import PATIENCE_S
from tests.support.requests import asked
from tests.support.stand_ins import make_stand_in

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("audit_host")]

OPS = 2000
STAND_INS = {
    "go-audit": "go_audit",
    "osqueryd": "osqueryd",
    "osqueryd-persist": "osqueryd",
    "osqueryd-config": "osqueryd",
    "auditbeat": "auditbeat",
    "auditbeat-multicast": "auditbeat",
}
ONE_OF_EACH = ("go-audit", "osqueryd-config", "auditbeat", "auditbeat-multicast")


@pytest.fixture(autouse=True)
def _shorter_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-ins ask for their rows five times as often as the program they stand for."""
    monkeypatch.setattr(osqueryd, "QUIET_S", 0.6)


def program_of(name: str) -> str:
    return (
        name.split("-config", maxsplit=1)[0]
        .split("-persist", maxsplit=1)[0]
        .split("-multicast", maxsplit=1)[0]
    )


def running_programs() -> list[int]:
    """The processes of stand-ins that run now; they bear the names of their programs."""
    names = {program_of(name) for name in STAND_INS}
    found = []
    for path in Path("/proc").glob("[0-9]*/comm"):
        with suppress(OSError):
            if path.read_text().strip() in names:
                found.append(int(path.parent.name))
    return found


@contextmanager
def bench_of(name: str, program: Path, folder: Path, **more: Any) -> Iterator[Bench]:
    """What a trial needs, with the audit of this host borrowed."""
    request = asked(plan="consumers", consumers=(name,), consumer_paths={name: program})
    with take_lease(command=f"test of {name}") as lease, AuditClient() as client:
        yield Bench(
            plan=make_plan(request),
            lease=lease,
            client=client,
            consumers={name: find_consumer(name)},
            cpus={},
            trial_timeout_s=PATIENCE_S,
            binaries={name: program},
            folder=folder,
            **more,
        )


def measure(bench: Bench, ops: int = OPS) -> Sample:
    """One trial of the load under the plan's rules."""
    (name,) = bench.consumers
    cell = Cell(workload="udp", scenario="rules", consumer=name)
    sample = run_trial(bench, Trial(index=7, cell=cell, block=0, position=0, seed=7, ops=ops))
    assert bench.client.status().pid == 0
    assert bench.lease.check() == ()  # rules, limits and all as they were asked for
    assert running_programs() == []
    assert list(bench.folder.glob("auditbench-*")) == []
    return sample


@pytest.mark.parametrize("name", ["osqueryd", *ONE_OF_EACH])
def test_every_connect_is_accounted_for(name: str, tmp_path: Path) -> None:
    with bench_of(name, make_stand_in(tmp_path, STAND_INS[name]), tmp_path) as bench:
        sample = measure(bench)
    assert sample.invalid_reason == ""
    document = sample.consumer_document
    mode = "multicast" if name == "auditbeat-multicast" else "unicast"
    assert (document["mode"], document["socket_drops"]) == (mode, 0)
    assert document["pid"] > 0
    own = document["own_count"]
    if program_of(name) == "osqueryd":
        assert own["socket_events"] == own["events"] == sample.metrics["events_received"] == OPS
        assert sample.ledger.complete is None
    else:
        ledger = sample.ledger
        assert ledger.generated == ledger.complete == OPS
        terms = (ledger.partial, ledger.refused, ledger.vanished, ledger.unexplained, ledger.lost)
        assert terms == (0, 0, 0, 0, 0)
        assert ledger.markers_missing == 0
        assert document["serials"]["gaps"] == 0
    if name == "go-audit":
        assert own == {"missed_sequences": 0, "receive_errors": 0}
    if program_of(name) == "auditbeat":
        assert own["received_msgs"] >= 4 * OPS
    assert sample.metrics["consumer_written_bytes_per_event"] > 100
    assert sample.metrics[f"cpu_process_ns_per_event:{program_of(name)}"] > 0


def rule_of_nobody() -> bytes:
    rule = parse_rule(["-a", "always,exit", "-S", "connect", "-F", f"pid={NOBODY}"]).rule
    assert rule is not None
    return rule.to_bytes()


@contextmanager
def started(name: str, lease: Lease, folder: Path) -> Iterator[ForeignRunning]:
    """A stand-in, ready, in front of a kernel with one rule and audit off."""
    lease.apply(AuditState(enabled=0, rules=(rule_of_nobody(),)))
    binary = make_stand_in(folder, STAND_INS[name])
    (folder / "trial").mkdir()
    setup = ConsumerSetup(marker="none", folder=folder / "trial", binary=binary)
    running = CONSUMERS[name].start(setup)
    try:
        assert isinstance(running, ForeignRunning)
        yield running
    finally:
        running.end()
        lease.clear_stale_daemon()


@pytest.mark.parametrize(
    ("name", "meanwhile", "afterwards"),
    [
        ("go-audit", {"enabled": 0}, {"enabled": 0}),
        ("osqueryd", {"enabled": 0}, {"enabled": 0}),
        (
            "osqueryd-config",
            {"enabled": 1, "backlog_limit": 4096, "backlog_wait_time": 0, "failure": 0},
            {"enabled": 0, "backlog_limit": 0, "backlog_wait_time": 60000, "failure": 1},
        ),
        (
            "auditbeat",
            {"enabled": 1, "backlog_limit": 8192, "backlog_wait_time": 0, "failure": 0},
            {"enabled": 1, "backlog_limit": 8192, "backlog_wait_time": 0, "failure": 0},
        ),
        ("auditbeat-multicast", {"enabled": 1}, {"enabled": 1}),
    ],
)
def test_what_it_does_to_the_kernel_is_done_when_it_is_ready(
    name: str, meanwhile: dict[str, int], afterwards: dict[str, int], tmp_path: Path
) -> None:
    with take_lease(command=f"test of {name}") as lease:
        with started(name, lease, tmp_path) as running:
            status = lease.client.status()
            assert status.pid == (running.process.pid if CONSUMERS[name].registers else 0)
            assert {field: getattr(status, field) for field in meanwhile} == meanwhile
            rules = {"go-audit": 0, "osqueryd-config": 2}.get(name, 1)
            assert len(lease.client.list_rules()) == rules
            running.stop()
            status = lease.client.status()
            assert {field: getattr(status, field) for field in afterwards} == afterwards
        changed = bool(lease.check())
        assert changed == bool(CONSUMERS[name].changes)
        lease.apply(AuditState(enabled=0, rules=(rule_of_nobody(),)))
        assert lease.check() == ()


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_killed_in_the_middle_it_is_named_and_the_state_is_as_before(
    name: str, tmp_path: Path
) -> None:
    killed = []

    def kill(backlog: int, lost: int) -> None:
        if not killed:
            killed.extend(running_programs())
            os.kill(killed[0], signal.SIGKILL)

    program = make_stand_in(tmp_path, STAND_INS[name])
    with bench_of(name, program, tmp_path, on_pulse=kill) as bench:
        sample = measure(bench, ops=60_000)
    assert len(killed) == 1
    assert not sample.valid
    assert sample.invalid_reason.startswith(f"{program_of(name)} was killed by SIGKILL")


@pytest.mark.parametrize("name", ["go-audit", "auditbeat-multicast"])
def test_one_that_never_gets_ready_is_told(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ready, "READY_TIMEOUT_S", 0.7)
    program = make_stand_in(tmp_path, STAND_INS[name], "never-ready")
    with bench_of(name, program, tmp_path) as bench:
        sample = measure(bench)
    what = "join audit's multicast group" if "multicast" in name else "register as the audit daemon"
    assert sample.invalid_reason == f"{program_of(name)} did not {what} within 0.7 s"


@pytest.mark.parametrize("name", ["go-audit", "osqueryd", "auditbeat"])
def test_one_that_ends_at_once_is_told_in_its_own_words(name: str, tmp_path: Path) -> None:
    program = make_stand_in(tmp_path, STAND_INS[name], "dies-at-start")
    with bench_of(name, program, tmp_path) as bench:
        sample = measure(bench)
    assert sample.invalid_reason == f"{name} ended with 1: {name}: told to die"


def test_one_that_does_not_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "osqueryd-config"
    monkeypatch.setattr("harness.consumers.osqueryd._Running.stop_timeout_s", 0.3)
    program = make_stand_in(tmp_path, STAND_INS[name], "deaf")
    with bench_of(name, program, tmp_path) as bench:
        sample = measure(bench, ops=100)
    reason = f"{program_of(name)} did not end within 0.3 s of being asked, and was killed"
    assert sample.invalid_reason == reason
