"""Other releases, plugins and journald on the live kernel: the programs that `make consumers` got.

Where one was not got, that of this host stands in for it.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.consumers.base import ConsumerAbsentError, ConsumerSetup
from harness.consumers.catalog import CONSUMERS
from harness.consumers.foreign.kept import kept_program
from harness.kernel.client import AuditClient
from harness.kernel.lease.lease import take_lease
from harness.model.run import Sample
from harness.model.state import AuditState
from tests.kernel.consumers.test_consumers_auditd_kernel import OPS, costs, measure
from tests.support.programs import needs, program
from tests.support.stand_ins import make_stand_in

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("audit_host"), needs("auditd")]

RATE_PER_S = 2000
JOURNALS = pytest.mark.skipif(
    not Path("/usr/lib/systemd/systemd-journald").exists()
    and not Path("/lib/systemd/systemd-journald").exists(),
    reason="journald is not installed: this distribution serves no package of it",
)


def binaries(name: str, folder: Path) -> dict[str, Path]:
    """Nothing where its own program is found, else another that does the same."""
    try:
        CONSUMERS[name].find(None)
    except ConsumerAbsentError:
        if name in ("go-audit", "auditbeat", "auditbeat-multicast"):
            stand_in = name.removesuffix("-multicast").replace("-", "_")
            return {name: make_stand_in(folder, stand_in)}
        return {name: Path(program("laurel" if "laurel" in name else "auditd"))}
    return {}


def accounted(sample: Sample) -> tuple[int | None, ...]:
    """What is not whole, by stage."""
    ledger = sample.ledger
    return ledger.partial, ledger.refused, ledger.vanished, ledger.unexplained, ledger.lost


@pytest.mark.parametrize(
    ("name", "processes"),
    [
        ("auditd-3", {"auditd"}),
        ("auditd-4", {"auditd"}),
        pytest.param("auditd-laurel-0.8", {"auditd", "laurel"}, marks=needs("laurel")),
        pytest.param("auditd-syslog", {"auditd", "audisp-syslog"}, marks=needs("unshare")),
        pytest.param("journald", {"systemd-journal"}, marks=JOURNALS),
        pytest.param("auditd+journald", {"auditd", "systemd-journal"}, marks=JOURNALS),
        ("go-audit", {"go-audit"}),
        ("auditbeat", {"auditbeat"}),
        ("auditbeat-multicast", {"auditbeat"}),
    ],
)
def test_every_connect_is_accounted_for(name: str, processes: set[str], tmp_path: Path) -> None:
    found = binaries(name, tmp_path)
    sample = measure(name, tmp_path, rate_per_s=RATE_PER_S, binaries=found)
    assert sample.invalid_reason == ""
    assert sample.ledger.generated == sample.ledger.complete == OPS
    assert accounted(sample) == (0, 0, 0, 0, 0)
    assert sample.ledger.duplicate_records == 0
    assert costs(sample) == processes
    if "beside" in sample.consumer_document:
        other = sample.consumer_document["beside"]["document"]
        # It may join in the middle of an event of another's.
        assert (other["events"]["complete"] >= OPS, other["serials"]["gaps"]) == (True, 0)


@pytest.mark.parametrize("release", ["auditd", "auditd-3", "auditd-4"])
def test_what_a_socket_could_not_take_is_in_the_log_of_auditd(release: str, tmp_path: Path) -> None:
    """auditd 4's plugin drops what its client's socket has no room for, and counts nothing."""
    auditd = CONSUMERS[release].find(None).path
    sample = measure("auditd-af-unix", tmp_path, binaries={"auditd-af-unix": auditd})
    assert sample.invalid_reason == ""
    ledger = sample.ledger
    assert ledger.complete
    kept_back = (ledger.partial or 0) + (ledger.vanished or 0)
    assert (ledger.generated, ledger.unexplained, ledger.lost) == (OPS, 0, 0)
    assert ledger.complete + kept_back == OPS
    log = sample.consumer_document["beside"]["document"]
    assert (log["events"]["partial"], log["serials"]["gaps"]) == (0, 0)
    assert log["events"]["complete"] >= OPS


@pytest.mark.parametrize("name", ["auditd-af-unix-slow", "auditd-af-unix-suspend"])
def test_what_a_slow_client_does_not_get_is_in_the_log_of_auditd(name: str, tmp_path: Path) -> None:
    """More than socket, plugin and queue hold: what is lost is lost behind auditd."""
    sample = measure(name, tmp_path, ops=6000)
    assert sample.invalid_reason == ""
    assert sample.ledger.complete is not None
    assert sample.ledger.complete < 6000
    assert sample.ledger.lost == 0  # no counter of the kernel shows it
    log = sample.consumer_document["beside"]["document"]
    assert (log["events"]["partial"], log["serials"]["gaps"]) == (0, 0)
    assert log["events"]["complete"] >= 6000


@JOURNALS
@pytest.mark.parametrize("name", ["journald", "auditd+journald"])
def test_what_journald_misses_at_full_speed_is_accounted_for(name: str, tmp_path: Path) -> None:
    """It reads nothing more after the first overrun of its socket: not even the closing marker."""
    sample = measure(name, tmp_path, ops=20_000)
    assert sample.invalid_reason == ""
    ledger = sample.ledger if name == "journald" else sample.beside_ledger
    assert ledger is not None
    assert (ledger.generated, ledger.unexplained, ledger.lost) == (20_000, 0, 0)
    assert ledger.complete is not None
    seen = ledger.complete + (ledger.partial or 0) + (ledger.vanished or 0)
    assert seen == 20_000
    stopped = [each for each in sample.warnings if "took nothing any more" in each]
    assert bool(stopped) == (ledger.markers_missing != 0)


@JOURNALS
def test_journald_leaves_mounts_and_audit_as_they_are(tmp_path: Path) -> None:
    mounts = Path("/proc/self/mountinfo").read_text()
    with take_lease(command="test of journald") as lease, AuditClient() as client:
        lease.apply(AuditState(enabled=0, rules=()))
        running = CONSUMERS["journald"].start(ConsumerSetup(marker="none", folder=tmp_path))
        try:
            assert client.status().enabled == 0
            running.stop()
        finally:
            running.end()
        assert lease.check() == ()
    assert Path("/proc/self/mountinfo").read_text() == mounts


def test_both_releases_run_beside_each_other() -> None:
    """Each with its own libraries, whatever the host has."""
    for name in ("auditd-3", "auditd-4"):
        auditctl = kept_program(name, "auditctl")
        if auditctl is not None:
            words = subprocess.check_output([auditctl, "-v"], text=True)
            assert words.startswith(f"auditctl version {name[-1]}.")
