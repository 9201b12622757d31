"""Measuring once more: what is asked of the second run, and what the two come to together.

The runs behind it are made up; what measures is replaced by what hands them out.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.answers.gate import GateRules
from harness.answers.limits import read_limits
from harness.errors import InterruptedRunError
from harness.model.gate import GateReport
from harness.model.run import AA
from harness.run import session
from harness.run.gate import gate_plan
from harness.run.plan.plan import Plan
from harness.run.request import Conduct, Request
from harness.run.runner import Silence
from harness.run.session import Outcome
from tests.support.requests import asked
from tests.support.stored.altered_runs import Change, altered_run, lossy, slower, unexplained

LIMITS = ("no-rules/elapsed:50%", "rules/elapsed:200%", "lost:0")


class Runs:
    """Hands out one made-up run after the other, and keeps what was asked for."""

    def __init__(self, tmp_path: Path, runs: list[list[Change]]) -> None:
        self.plans: list[Plan] = []
        self.labels: list[str] = []
        self._left = [
            altered_run(tmp_path / "h-1" / f"run-{number}", *changes)
            for number, changes in enumerate(runs, start=1)
        ]

    def __call__(self, plan: Plan, conduct: Conduct, *_: object) -> Outcome:
        self.plans.append(plan)
        self.labels.append(conduct.label)
        return Outcome(self._left.pop(0), interrupted=False)


@pytest.fixture
def measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Runs]:
    def prepare(*runs: list[Change]) -> Runs:
        found = Runs(Path(tempfile.mkdtemp(dir=tmp_path)), list(runs))
        monkeypatch.setattr(session, "run_session", found)
        return found

    return prepare


def judge(tmp_path: Path, request: Request, *limits: str) -> GateReport:
    rules = GateRules(read_limits(limits or LIMITS))
    request = replace(request, conduct=Conduct(results=tmp_path, label="mine"))
    return gate_plan(request, rules, Silence, lambda text: None)


REQUEST = asked(workloads=("udp", "shells"), seed=7)


def test_what_is_within_is_measured_once(tmp_path: Path, measured: Callable[..., Runs]) -> None:
    runs = measured([])
    report = judge(tmp_path, REQUEST)
    assert report.verdict == "pass"
    assert len(runs.plans) == len(report.results) == 1


def test_the_second_run_is_of_what_is_concerned(
    tmp_path: Path, measured: Callable[..., Runs]
) -> None:
    runs = measured([slower("rules", 1.5)], [slower("rules", 1.5)])
    report = judge(tmp_path, REQUEST)
    assert report.verdict == "fail"
    first, second = runs.plans
    assert len(first.cells()) == 2 * 7
    assert {(cell.workload, cell.scenario) for cell in second.cells()} == {
        ("udp", "no-audit"),
        ("udp", "no-audit" + AA),
        ("udp", "rules"),
    }
    assert second.seed == 8
    # A label is the name of a baseline, and the second run is not the whole one.
    assert runs.labels == ["mine", ""]
    # One login uid for what is compared, whatever the fewer rules would choose.
    assert [(plan.auid, plan.auid_free) for plan in runs.plans] == [("keep", True), ("keep", False)]
    (failed,) = [check for check in report.checks if check.outcome == "fail"]
    assert (failed.cell.scenario, failed.limit.text) == ("rules", "rules/elapsed:200%")
    assert [reading.run for reading in failed.readings] == ["h-1/run-1", "h-1/run-2"]
    others = [check for check in report.checks if check is not failed]
    assert all(len(check.readings) == 1 for check in others)


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ([], "pass"),
        ([slower("rules", 1.2, spread=0.3)], "inconclusive"),
        ([slower("rules", 1.5)], "fail"),
        ([slower("rules", 1.5), unexplained("no-audit")], "untrustworthy"),
    ],
)
def test_the_second_measurement_decides(
    tmp_path: Path, measured: Callable[..., Runs], second: list[Change], expected: str
) -> None:
    measured([slower("rules", 1.5)], second)
    assert judge(tmp_path, REQUEST, "rules/elapsed:200%").verdict == expected


def test_a_run_without_loss_does_not_undo_one_with(
    tmp_path: Path, measured: Callable[..., Runs]
) -> None:
    measured([lossy("rules", every=4)], [])
    report = judge(tmp_path, REQUEST)
    assert report.verdict == "inconclusive"
    (check,) = [check for check in report.checks if check.outcome == "inconclusive"]
    assert [reading.outcome for reading in check.readings] == ["fail", "pass"]
    measured([lossy("rules", every=4)], [lossy("rules")])
    assert judge(tmp_path, REQUEST).verdict == "fail"


def test_what_cannot_be_relied_on_is_not_measured_again(
    tmp_path: Path, measured: Callable[..., Runs]
) -> None:
    runs = measured([slower("rules", 1.5), unexplained("rules")])
    assert judge(tmp_path, REQUEST).verdict == "untrustworthy"
    assert len(runs.plans) == 1


def test_rule_files_are_measured_beside_the_reference_only(
    tmp_path: Path, measured: Callable[..., Runs]
) -> None:
    (tmp_path / "rules.rules").write_text("-D\n")
    request = asked(workloads=("udp",), rule_files=(tmp_path / "rules.rules",))
    runs = measured([slower("rules", 1.5)], [])
    judge(tmp_path, request, "rules/elapsed:200%")
    for plan in runs.plans:
        names = [cell.scenario for cell in plan.cells()]
        assert names == ["no-audit", "no-audit" + AA, "rules"]
    runs = measured([])
    judge(tmp_path, request, "no-rules/elapsed:200%")
    assert "no-rules" in [cell.scenario for cell in runs.plans[0].cells()]


def test_a_stopped_run_decides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = altered_run(tmp_path / "h-1" / "run-1")
    monkeypatch.setattr(session, "run_session", lambda *_: Outcome(folder, interrupted=True))
    with pytest.raises(InterruptedRunError, match="run-1"):
        judge(tmp_path, REQUEST)
