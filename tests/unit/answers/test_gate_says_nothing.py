"""Limits that can never be judged are mistakes; a cell without events says nothing of loss."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from harness.answers.gate import GateRules, gate_run
from harness.answers.judgeable import require_a_consumer
from harness.answers.limits import read_limits
from harness.errors import UsageError
from harness.model.gate import GateReport
from harness.model.reference import Reference
from harness.reporters.export.junit import gate_junit
from harness.reporters.gate import gate_page, gate_sentence
from tests.support.command import assert_one_line, auditbench
from tests.support.reports.pages import on_a_terminal
from tests.support.stored.altered_runs import altered_run, lossy


def unused_by_reference(sample: dict[str, Any]) -> None:
    if sample["scenario"].startswith("no-audit"):
        sample["metrics"]["cpu_total_ns_per_op"] = 0.0


def gate(folder: Path, *limits: str, passes: bool = False) -> GateReport:
    return gate_run(folder, GateRules(read_limits(limits), inconclusive_passes=passes))


def test_a_percentage_of_what_the_reference_does_not_use_is_a_mistake(tmp_path: Path) -> None:
    run = altered_run(tmp_path / "run", unused_by_reference)
    words = ["gate", "--run", run, "--fail", "elapsed:500%", "--fail", "rules/cpu:5%"]
    done = auditbench(*words, cwd=tmp_path)
    assert_one_line(done, 2, "'rules/cpu:5%' can never be judged", "rules/cpu:20us")
    assert gate(run, "rules/cpu:20s").verdict == "pass"


def test_it_is_a_mistake_before_anything_is_measured() -> None:
    (relative,) = read_limits(["cpu-consumer:5%"])
    (absolute,) = read_limits(["cpu-consumer:5us"])
    with pytest.raises(UsageError, match="can never be judged"):
        require_a_consumer(relative, Reference(consumer="none"))
    require_a_consumer(relative, Reference(consumer="count"))
    require_a_consumer(absolute, Reference(consumer="none"))


@pytest.mark.parametrize("name", ["cpu-per-event", "memory", "delay"])
def test_so_is_what_only_consumers_can_be_compared_in(name: str) -> None:
    (relative,) = read_limits([f"{name}:5%"])
    for reference in (Reference(), Reference("no-audit"), Reference("no-audit", "none")):
        with pytest.raises(UsageError, match="can never be judged"):
            require_a_consumer(relative, reference)
    require_a_consumer(relative, Reference(consumer="mine@base"))


def test_a_cell_without_events_is_not_within_a_limit_on_loss(tmp_path: Path) -> None:
    report = gate(altered_run(tmp_path / "run"), "lost:0")
    outcomes = {check.cell.scenario: check.outcome for check in report.checks}
    assert outcomes["no-rules"] == "no-events"
    assert outcomes["rules"] == "pass"
    assert report.verdict == "pass"
    assert "1 of 4 checks is within its limit; in 3 no event could be lost." in gate_sentence(
        report
    )
    assert "no events" in on_a_terminal(gate_page(report))
    kinds = {
        case[0].get("type")
        for case in ET.fromstring(gate_junit(report)).iter("testcase")
        if len(case) and case[0].tag == "skipped"
    }
    assert kinds == {"no-events"}


def test_a_gate_of_which_no_cell_had_events_tests_nothing(tmp_path: Path) -> None:
    run = altered_run(tmp_path / "run")
    report = gate(run, "no-rules/lost:0")
    assert report.verdict == "inconclusive"
    assert gate_sentence(report) == ("The gate is inconclusive: no event could be lost in 1 check.")
    assert gate(run, "no-rules/lost:0", passes=True).verdict == "pass"
    done = auditbench("gate", "--run", run, "--fail", "no-rules/lost:0", cwd=tmp_path)
    assert done.returncode == 3


def test_a_loss_is_a_loss_also_beside_cells_without_events(tmp_path: Path) -> None:
    report = gate(altered_run(tmp_path / "run", lossy("rules")), "lost:0")
    assert report.verdict == "fail"
