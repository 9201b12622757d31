"""`--count` of run, gate and ab, with a stand-in for the guests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.answers.count_gate import read_count_limits
from harness.answers.gate import GateRules
from harness.cli import run_command
from harness.errors import InterruptedRunError, UntrustworthyError, UsageError
from harness.model.ab import CountAbReport
from harness.run import counting
from harness.run.counting import count_ab, count_and_gate, pair_to_count
from harness.run.lifecycle.loop import Outcome
from harness.run.request import Conduct, Counting, Load, Request, Subject
from tests.support.stored.counted_runs import counted_run

RULE = "-a always,exit -F arch=b64 -S mount\n"
AB = ("ab", "--count", "base.rules", "head.rules", "--no-cover")
COUNTS = {"no-audit": (300.0, 300.0), "base": (900.0, 900.0), "head": (915.0, 915.0)}


class Guests:
    """Stands in for `run_count`: stores what it is told, and remembers what it was asked for."""

    def __init__(self, **changes: Any) -> None:
        self.changes = {"counts": COUNTS, **changes}
        self.interrupted = False
        self.asked: list[Request] = []

    def __call__(self, request: Request, kernels: object, say: object) -> Outcome:
        self.asked.append(request)
        place = request.conduct.results / "h-1" / f"2026-01-0{len(self.asked)}T120000Z-overhead"
        return Outcome(counted_run(place, **self.changes), interrupted=self.interrupted)


@pytest.fixture
def guests(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Guests:
    monkeypatch.chdir(tmp_path)
    for name in ("base", "head"):
        (tmp_path / f"{name}.rules").write_text(RULE)
    stand_in = Guests()
    monkeypatch.setattr(counting, "run_count", stand_in)
    return stand_in


def asked(tmp_path: Path) -> Request:
    files = (tmp_path / "base.rules", tmp_path / "head.rules")
    conduct = Conduct(results=tmp_path / "results")
    return Request(subject=Subject(rule_files=files), conduct=conduct)


def ab_of(request: Request, a: Path, b: Path) -> CountAbReport:
    """What `ab --count` finds."""
    counting = Counting(count=True)
    return count_ab(pair_to_count(request, a, b, counting), counting, silent)


def silent(words: str) -> None:
    """Say nothing."""


def test_a_gate_counts_the_rule_files_and_their_reference_alone(
    guests: Guests, tmp_path: Path
) -> None:
    rules = GateRules(read_count_limits(["head/instructions:1%"]), "base")
    report = count_and_gate(asked(tmp_path), rules, Counting(count=True), silent)
    assert report.verdict == "fail"
    assert guests.asked[0].subject.scenarios == ("no-audit",)


def test_a_gate_that_is_stopped_decides_nothing(guests: Guests, tmp_path: Path) -> None:
    guests.interrupted = True
    rules = GateRules(read_count_limits(["head/instructions:1%"]), "base")
    with pytest.raises(InterruptedRunError, match="stopped before the gate could decide"):
        count_and_gate(asked(tmp_path), rules, Counting(count=True), silent)


def test_a_reference_that_the_plan_lacks_is_refused_before(guests: Guests, tmp_path: Path) -> None:
    rules = GateRules(read_count_limits(["head/instructions:1%"]), "bose")
    with pytest.raises(UsageError, match="--reference bose"):
        count_and_gate(asked(tmp_path), rules, Counting(count=True), silent)
    assert guests.asked == []


def test_ab_compares_b_with_a(guests: Guests, tmp_path: Path) -> None:
    a, b = tmp_path / "base.rules", tmp_path / "head.rules"
    report = ab_of(asked(tmp_path), a, b)
    (change,) = report.changes
    assert (change.base_scenario, change.scenario, change.verdict) == ("base", "head", "worse")
    assert [(c.base_scenario, c.scenario) for c in report.costs] == [
        ("no-audit", "base"),
        ("no-audit", "head"),
    ]
    wide = replace(asked(tmp_path), load=Load(margins=("5%",)))
    assert ab_of(wide, a, b).verdict == "equal"


def test_a_file_that_could_not_be_counted_is_said(guests: Guests, tmp_path: Path) -> None:
    guests.changes["invalid"] = {"head": "the kernel refuses it"}
    a, b = tmp_path / "base.rules", tmp_path / "head.rules"
    with pytest.raises(UntrustworthyError, match=r"head was not counted .* the kernel refuses it"):
        ab_of(asked(tmp_path), a, b)


@pytest.mark.parametrize(
    ("words", "code", "first"),
    [
        (
            AB,
            0,
            "syscalls: B costs 1.67 % more than A (15.0 instructions per operation).",
        ),
        ((*AB, "--fail-if-worse"), 1, "syscalls: B costs"),
        (
            (*AB, "--margin", "5%"),
            0,
            "syscalls: equal: B costs +1.67 %, +15.0 instructions per operation against A, ",
        ),
        (("run", "--count", "--rules", "head.rules"), 0, "head costs syscalls most, 615.0"),
        (("count", "--rules", "head.rules"), 0, "head costs syscalls most, 615.0"),
    ],
)
def test_verbs_choose_the_instrument(
    guests: Guests,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    code: int,
    first: str,
) -> None:
    assert run_command(list(words)) == code
    assert capsys.readouterr().out.startswith(first)
    assert len(guests.asked) == 1


def test_a_gate_judges_daemons_by_the_scenarios_that_they_are_named_in(
    guests: Guests, tmp_path: Path
) -> None:
    load = Load(consumers=("auditd@3=a.deb", "auditd@4=b.deb"), workloads=("connect",))
    counts = {"no-audit": (300.0, 300.0), "head+auditd@3": (900.0, 900.0),
              "head+auditd@4": (990.0, 990.0)}  # fmt: skip
    guests.changes["counts"] = counts
    rules = GateRules(read_count_limits(["head+auditd@4/instructions:5%"]), "head+auditd@3")
    request = replace(asked(tmp_path), load=load)
    assert count_and_gate(request, rules, Counting(count=True), silent).verdict == "fail"
    stray = GateRules(read_count_limits(["head+auditd@5/instructions:5%"]), "head+auditd@3")
    with pytest.raises(UsageError, match=r"head\+auditd@5"):
        count_and_gate(request, stray, Counting(count=True), silent)


def test_two_rule_files_are_compared_with_the_built_in_consumer(
    guests: Guests, tmp_path: Path
) -> None:
    request = replace(asked(tmp_path), load=Load(consumers=("auditd@3=a.deb",)))
    a, b = request.subject.rule_files
    with pytest.raises(UsageError, match="built-in consumer"):
        ab_of(request, a, b)
    assert guests.asked == []
