"""A victim beside a noisy load on the live kernel: its stall is shown, and without audit it is not.

The rules name a login uid that only these loads have, so that no other process waits.
"""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from tests.support.command import auditbench, auditbench_json
from tests.support.schemas import schema

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("audit_host")]

STOPPED_MS = 600
PLAN = f"""\
summary = "A stopped consumer"
question = "victim"
reference = "no-audit"
workloads = ["connect"]
auid = "2147480124"

[victim]
workload = "udp"
rate_per_s = 200
seconds = 1.2

[[cells]]
name = "no-audit"
scenario = "no-audit"

[[cells]]
name = "stalled"
scenario = "rules-scoped"
backlog_limit = 64
backlog_wait_time = 1000
rcvbuf_bytes = 106496
stop_after_ms = 200
stop_for_ms = {STOPPED_MS}
"""


def test_the_stall_is_shown_with_audit_and_not_without(tmp_path: Path) -> None:
    (tmp_path / "stall.toml").write_text(PLAN, encoding="utf-8")
    document = auditbench_json("run", "stall.toml", "--blocks", 1, cwd=tmp_path)
    jsonschema.validate(document, schema("result"))
    assert document["complete"]
    assert document["invalid_trials"] == 0, document["warnings"]
    felt = {each["scenario"]: each for each in document["victims"]}
    assert list(felt) == ["alone", "no-audit", "stalled"]
    # The consumer stood still for so long; what is queued in its socket comes before.
    assert felt["stalled"]["longest_ns"] > 0.5 * STOPPED_MS * 1e6
    assert felt["stalled"]["longest_waiting_share"] > 0.5
    assert felt["stalled"]["waiting_share"] > 0
    for name in ("alone", "no-audit"):
        assert not felt[name]["longest_waiting_share"]
        assert felt[name]["waiting_share"] == 0
    (path,) = tmp_path.glob("results/*/*/samples.jsonl")
    samples = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for sample in samples:
        jsonschema.validate(sample, schema("sample"))
        alone = sample["scenario"] == "alone"
        assert bool(sample["workload_document"]) is not alone
        sessions = {
            found["session"]
            for found in (sample["workload_document"], sample["victim_document"])
            if found
        }
        assert len(sessions) == (1 if alone else 2)
    shown = auditbench("show", cwd=tmp_path)
    assert "the longest stall of an innocent udp load was" in shown.stdout.replace("\n", " ")
    drawn = auditbench("plot", "--kind", "victim", "-o", "victim.svg", cwd=tmp_path)
    assert drawn.returncode == 0, drawn.stderr
    assert "</svg>" in (tmp_path / "victim.svg").read_text(encoding="utf-8")
