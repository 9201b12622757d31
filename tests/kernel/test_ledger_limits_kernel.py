"""The ledger at the least that limits can be, of the trial's own and of the host's: it closes.

The rules name a login uid that nothing else has, so that no other process's calls are recorded.
What the kernel records without a rule (a login elsewhere on the machine) may be lost all the same;
it is a bound, which is small here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.kernel.client import AuditClient
from tests.support.command import auditbench_json
from tests.support.patience import PATIENCE_S

pytestmark = [pytest.mark.kernel]

TRIALS = 7
OPERATIONS = 1000
AUID = "2147480123"
LIMITS = {
    "r5": {"rate_limit": 5},
    "b1": {"backlog_limit": 1, "backlog_wait_time": 0},
    "b2": {"backlog_limit": 2, "backlog_wait_time": 0},
}
TERMS = ("complete", "partial", "refused", "vanished", "suppressed", "unexplained")


def plan_of_limits(folder: Path) -> Path:
    """A plan with one cell per limit."""
    lines = [
        'summary = "the least limits"',
        f'reference = "{next(iter(LIMITS))}"',
        'workloads = ["udp"]',
        'consumers = ["assemble"]',
        f'auid = "{AUID}"',
        f"blocks.default = {TRIALS}",
        f"ops.udp = {OPERATIONS}",
    ]
    for name, limits in LIMITS.items():
        lines += ["[[cells]]", f'name = "{name}"', 'scenario = "pressure"']
        lines += [f"{limit} = {value}" for limit, value in limits.items()]
    path = folder / "limits.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def samples_in(folder: Path, scenario: str) -> list[dict[str, Any]]:
    """The valid trials of a scenario, the warm-up among them."""
    (path,) = folder.rglob("samples.jsonl")
    found = [json.loads(line) for line in path.read_text().splitlines()]
    return [sample for sample in found if sample["scenario"] == scenario and sample["valid"]]


def require_closed(samples: list[dict[str, Any]]) -> None:
    # On a machine where others press as well, a marker may not get through in time.
    assert len(samples) > TRIALS // 2
    for sample in samples:
        ledger = sample["ledger"]
        assert ledger["unexplained"] == 0, ledger
        assert ledger["generated"] == OPERATIONS == sum(ledger[term] for term in TERMS), ledger
        assert all(0 <= ledger[term] <= OPERATIONS for term in TERMS), ledger
        assert ledger["refused_low"] <= ledger["refused"] <= ledger["refused_high"]
        # The start marker came, and serials count from its own on.
        document = sample["consumer_document"]
        assert document["anchor"]["serial"] == document["serials"]["first"]
        assert all("1006" not in group["other"] for group in own(sample))
    assert sum(sample["ledger"]["foreign_lost"] for sample in samples) < OPERATIONS
    assert any(sample["ledger"]["lost"] for sample in samples)


def own(sample: dict[str, Any]) -> list[dict[str, Any]]:
    """The load's own group of events, where any of them arrived."""
    groups = sample["consumer_document"]["sessions"]
    session = str(sample["workload_document"]["session"])
    return [groups[session]] if session in groups else []


def test_own_limits(audit_host: AuditClient, tmp_path: Path) -> None:
    document = auditbench_json("run", plan_of_limits(tmp_path), cwd=tmp_path, timeout_s=PATIENCE_S)
    assert {ledger["trials_unexplained"] for ledger in document["ledgers"]} == {0}
    for name in LIMITS:
        require_closed(samples_in(tmp_path, name))


def test_limits_of_the_host(audit_host: AuditClient, tmp_path: Path) -> None:
    """Rules that set no limits are measured with the host's, which the run gives back."""
    limits = {"rate_limit": 20, "backlog_limit": 77}
    rules = tmp_path / "load.rules"
    rules.write_text(f"-a always,exit -F arch=b64 -S connect -F auid={AUID}\n")
    before = audit_host.status()
    words = ("run", "--rules", rules, "--scenario", "no-audit", "--workload", "udp")
    words += ("--auid", AUID, "--ops", OPERATIONS, "--blocks", TRIALS)
    try:
        audit_host.set_statuses(limits.items())
        document = auditbench_json(*words, cwd=tmp_path, timeout_s=PATIENCE_S)
        after = audit_host.status()
        assert {name: getattr(after, name) for name in limits} == limits
    finally:
        audit_host.set_statuses([(name, getattr(before, name)) for name in limits])
    assert {ledger["trials_unexplained"] for ledger in document["ledgers"]} == {0}
    samples = samples_in(tmp_path, "load")
    require_closed(samples)
    for sample in samples:
        assert {name: sample["status_before"][name] for name in limits} == limits
