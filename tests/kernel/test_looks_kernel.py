"""Who looks at a full queue on the live kernel does not keep the load asleep."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.command import auditbench_json

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("audit_host")]

STOPPED_MS, WAIT_JIFFIES, HIGHEST_HZ = 450, 2500, 1000
PLAN = f"""\
summary = "A consumer that stands still for a moment"
reference = "no-audit"
workloads = ["udp"]
auid = "2147480124"

[[cells]]
name = "no-audit"
scenario = "no-audit"

[[cells]]
name = "stalled"
scenario = "rules-scoped"
backlog_limit = 64
backlog_wait_time = {WAIT_JIFFIES}
rcvbuf_bytes = 106496
stop_after_ms = 20
stop_for_ms = {STOPPED_MS}
"""


def test_a_load_goes_on_once_its_consumer_does(tmp_path: Path) -> None:
    """The queue is looked at while it is full, and the kernel then wakes one who waits only."""
    (tmp_path / "stall.toml").write_text(PLAN, encoding="utf-8")
    auditbench_json("run", "stall.toml", "--blocks", 2, "--ops", 5000, cwd=tmp_path)
    (path,) = tmp_path.glob("results/*/*/samples.jsonl")
    samples = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    waited_ms = [
        sample["ledger"]["waited_ms"] for sample in samples if sample["scenario"] == "stalled"
    ]
    assert len(waited_ms) == 3
    # It waits for the consumer, and never for the end of its wait time.
    assert all(0.5 * STOPPED_MS < waited < 1000 * WAIT_JIFFIES / HIGHEST_HZ for waited in waited_ms)
