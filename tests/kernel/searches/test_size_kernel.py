"""How large the backlog must be, on the live kernel: with a consumer that stands still, stopped by
Ctrl-C in the middle, and gone on with.
"""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness.kernel.client import AuditClient
from harness.store import SAMPLES, load_run
from tests.support.command import ROOT, auditbench, start_auditbench
from tests.support.patience import PATIENCE_S
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.kernel]
SCHEMA = json.loads((ROOT / "docs/schema/size.schema.json").read_text(encoding="utf-8"))
BURST = 15_000
WORDS = ("size", "--rules", "my.rules", "--rate", 200, "--burst", BURST, "--pause", "300ms")
MOST_RECORDS = 131_072


def stopped(place: Path) -> Path:
    """A search that was stopped after a few trials."""
    process = start_auditbench(*WORDS, "--trials", 2, "--no-live", cwd=place)
    try:
        wait_until(lambda: lines_of(place) >= 4, "four trials")
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 5
    finally:
        process.kill()
        process.communicate()
    (folder,) = place.glob("results/*/*")
    return folder


def lines_of(place: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in place.glob(f"results/*/*/{SAMPLES}"))


def test_a_search_is_stopped_and_gone_on_with(audit_host: AuditClient, tmp_path: Path) -> None:
    (tmp_path / "my.rules").write_text("-b 99\n-a always,exit -F arch=b64 -S connect\n")
    before = audit_host.status()
    folder = stopped(tmp_path)
    now = audit_host.status()
    assert (now.backlog_limit, now.enabled) == (before.backlog_limit, before.enabled)
    assert now.backlog_wait_time == before.backlog_wait_time
    done = auditbench("size", "--resume", "latest", "--json", cwd=tmp_path)
    assert done.returncode in (0, 3), done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    jsonschema.validate(document, SCHEMA)
    assert document["outcome"] in ("found", "none", "any"), document
    assert document["measured"]["records_per_op"] == pytest.approx(4, abs=0.01)
    assert "resumed" in [caution["name"] for caution in document["cautions"]]
    check_trials(folder)


def check_trials(folder: Path) -> None:
    """Every event of every trial is accounted for, and no limit was dangerous."""
    stored = load_run(folder)
    tried = [s for s in stored.samples if s.scenario.startswith("backlog-") and s.valid]
    assert len(tried) >= 2
    for sample in stored.samples:
        assert not sample.ledger.unexplained, sample
        assert sample.status_before is not None
        assert 0 < sample.status_before["backlog_limit"] <= MOST_RECORDS
        # Nobody else is recorded while the consumer stands still.
        assert sample.status_before["failure"] == 0
    for sample in tried:
        assert sample.ledger.generated is not None
        assert sample.ledger.generated > BURST
        # What the kernel counts as lost is what the ledger misses.
        whole = sample.ledger.complete == sample.ledger.generated
        assert whole or sample.ledger.lost or sample.ledger.vanished
