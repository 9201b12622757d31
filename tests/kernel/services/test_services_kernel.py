"""A service of the tests' own on the live kernel: its events, its price, and what a kill leaves."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.kernel.lease.lock import holder_of
from harness.kernel.lease.state_dir import DEFAULT_STATE_DIR
from harness.store import load_run
from tests.support.command import auditbench, start_auditbench
from tests.support.patience import PATIENCE_S
from tests.support.services.own import own_service, server_of
from workloads.services.processes import listening_addresses

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("audit_host")]

ACCEPTS = "-a always,exit -F arch=b64 -S accept,accept4 -F key=accepts\n"
OPS = 25


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the data of services goes."""
    place = tmp_path / "data"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    return place


def wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def test_what_a_server_accepts_is_recorded_and_its_exclusion_keeps_it_back(
    tmp_path: Path, data: Path
) -> None:
    own_service(tmp_path)
    (tmp_path / "accepts.rules").write_text(ACCEPTS)
    program = os.path.realpath(sys.executable)
    words = ("--rules", "accepts.rules", "--scenario", "no-audit", "--exclude-exe", program)
    words += ("--workload", "./mine.toml", "--auid", "unset")
    done = auditbench("run", *words, "--blocks", 1, "--ops", OPS, cwd=tmp_path)
    assert done.returncode in (0, 3), done.stderr
    assert "Operations per second" in done.stdout
    (folder,) = tmp_path.glob("results/*/*")
    stored = load_run(folder)
    used = [sample for sample in stored.samples if sample.valid]
    assert {sample.workload for sample in used} == {"mine"}
    for sample in used:
        # The connection by which the server was found to be ready may be accepted late.
        wanted = range(OPS, OPS + 2) if sample.scenario == "accepts" else range(1)
        assert sample.ledger.complete in wanted, sample.scenario
        assert sample.ledger.lost == 0
        if sample.scenario == "accepts":
            assert (sample.ledger.generated, sample.ledger.unexplained) == (None, None)
        assert sample.metrics["latency_p99_ns"] > 0
    assert stored.plan.services["mine"].text == (tmp_path / "mine.toml").read_text()
    assert not list(data.iterdir())


def test_kill_9_of_the_harness_leaves_no_server_no_port_and_no_data(
    tmp_path: Path, data: Path
) -> None:
    own_service(tmp_path, pause_s=0.01)
    where = tmp_path / "mine.where"
    words = ("run", "--workload", "mine.toml", "--scenario", "no-rules", "--blocks", 1)
    run = start_auditbench(*words, "--ops", 10**6, cwd=tmp_path)
    wait_for(lambda: where.exists() and len(where.read_text().split()) == 3, "no server started")
    pid, folder, _ = server_of(tmp_path)
    wait_for(lambda: bool(listening_addresses([pid])), "the server does not listen")
    run.send_signal(signal.SIGKILL)
    run.wait(PATIENCE_S)
    wait_for(lambda: not Path(f"/proc/{pid}").exists(), "the server is still there")
    wait_for(lambda: not folder.parent.exists(), "the data is still there")
    wait_for(lambda: holder_of(DEFAULT_STATE_DIR / "lock") is None, "the guard does not end")
    assert not list(data.iterdir())
    assert not listening_addresses([pid])
