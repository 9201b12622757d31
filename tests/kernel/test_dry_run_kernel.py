"""A dry run leaves the kernel's audit as it is, and the run then begins with what it said."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.kernel.client import AuditClient
from harness.kernel.lease.snapshot import Snapshot
from tests.support.command import auditbench, auditbench_json

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("audit_host")]
WORDS = ("run", "--workload", "udp", "--scenario", "rules", "--blocks", 2, "--ops", 50, "--seed", 3)


def audit_state() -> Snapshot:
    with AuditClient() as client:
        return Snapshot.capture(client)


def test_nothing_is_changed_and_the_line_is_kept(tmp_path: Path) -> None:
    before = audit_state()
    preview = auditbench_json(*WORDS, "--dry-run", cwd=tmp_path)
    assert audit_state() == before
    assert list(tmp_path.iterdir()) == []
    assert preview["login"]["auid"] is not None
    done = auditbench(*WORDS, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert " ".join(preview["line"].split(";")[0].split()) in " ".join(done.stderr.split())
    again = auditbench_json(*WORDS, "--dry-run", cwd=tmp_path)
    assert "as trials took in 1 run here" in again["line"]
    assert audit_state() == before
