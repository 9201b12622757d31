"""A run of the live kernel is stopped and resumed; with another host state it is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.kernel.client import AuditClient
from harness.run.lifecycle.resume import BROKEN_OFF
from harness.store import SAMPLES, load_run
from tests.support.command import assert_one_line, auditbench

pytestmark = [pytest.mark.kernel]
WORDS = ("run", "--workload", "udp", "--scenario", "rules", "--blocks", 3, "--ops", 50)


def stop_after(place: Path, trials: int) -> Path:
    """As if the run had been stopped after so many trials."""
    (folder,) = place.glob("results/*/*")
    lines = (folder / SAMPLES).read_bytes().splitlines(keepends=True)
    (folder / SAMPLES).write_bytes(b"".join(lines[:trials]))
    return folder


def test_a_run_is_resumed_with_events_counted(audit_host: AuditClient, tmp_path: Path) -> None:
    done = auditbench(*WORDS, cwd=tmp_path)
    assert done.returncode in (0, 3), done.stderr
    (folder,) = tmp_path.glob("results/*/*")
    whole = load_run(folder)
    cells = len({sample.cell for sample in whole.samples})
    # Trials that were disturbed stand there twice, so the cut is looked for.
    first_of_block = next(n for n, sample in enumerate(whole.samples) if sample.block == 2)
    stop_after(tmp_path, first_of_block + 1)
    again = auditbench("run", "--resume", "latest", cwd=tmp_path)
    assert again.returncode in (0, 3), again.stderr
    stored = load_run(folder)
    assert {sample.index for sample in stored.samples} == {s.index for s in whole.samples}
    assert sum(s.invalid_reason == BROKEN_OFF for s in stored.samples) <= 1
    rules = [s for s in stored.samples if s.scenario == "rules" and s.valid]
    assert all(s.ledger.generated == s.ledger.complete == 50 for s in rules)
    assert stored.plan.is_whole(4 * cells)
    cautions = [(caution.name, caution.what) for caution in stored.environment.cautions]
    assert len(set(cautions)) == len(cautions)


def test_another_host_state_is_refused(audit_host: AuditClient, tmp_path: Path) -> None:
    done = auditbench(*WORDS, cwd=tmp_path)
    assert done.returncode in (0, 3), done.stderr
    folder = stop_after(tmp_path, 4)
    before = (folder / SAMPLES).read_bytes()
    limit = audit_host.status().backlog_limit
    audit_host.set_status("backlog_limit", limit + 1)
    try:
        refused = auditbench("run", "--resume", "latest", cwd=tmp_path)
    finally:
        audit_host.set_status("backlog_limit", limit)
    assert_one_line(refused, 2, f"the host's backlog_limit was {limit} and is {limit + 1}")
    assert (folder / SAMPLES).read_bytes() == before
