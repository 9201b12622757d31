"""Rules that wait for room in the backlog, on the live kernel, and the cell that does not wait."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

from tests.support.command import auditbench_json
from tests.support.schemas import schema

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("audit_host")]

AUID = 2147480992
"""A login uid that only these loads have, so that no other process waits."""


def waited_in_warm_up(samples: list[dict], scenario: str) -> bool:
    return any(
        sample["ledger"]["waited_ms"] * 1e6 > 0.02 * sample["workload_document"]["elapsed_ns"]
        for sample in samples
        if sample["warm_up"] and sample["valid"] and sample["scenario"] == scenario
    )


def test_what_waits_in_the_warm_up_is_measured_with_a_larger_backlog(tmp_path: Path) -> None:
    (tmp_path / "small.rules").write_text(
        f"-b 16\n-f 0\n-a always,exit -F arch=b64 -S connect -F auid={AUID}\n", encoding="utf-8"
    )
    document = auditbench_json(
        "run", "--rules", "small.rules", "--scenario", "no-audit", "--workload", "udp",
        "--blocks", 2, "--ops", 20_000, "--auid", AUID, cwd=tmp_path,
    )  # fmt: skip
    jsonschema.validate(document, schema("result"))
    assert document["complete"]
    (path,) = tmp_path.glob("results/*/*/samples.jsonl")
    samples = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    plan = tomllib.loads((path.parent / "plan.toml").read_text(encoding="utf-8"))
    further = [s for s in plan["scenarios"]["udp"] if s.get("larger_backlog_of") == "small"]
    # On some machine at some time the queue may never have filled: then there is no further cell.
    assert bool(further) is waited_in_warm_up(samples, "small")
    for scenario in further:
        own = [s for s in samples if s["scenario"] == scenario["name"]]
        assert {s["block"] for s in own} == {0, 1, 2}
        assert {s["status_before"]["backlog_limit"] for s in own} == {scenario["backlog_limit"]}
        assert all(s["ledger"]["unexplained"] == 0 for s in own)
