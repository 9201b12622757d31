"""Counted runs held against limits."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from harness.answers.count_gate import gate_counts, gate_counts_against, read_count_limits
from harness.answers.gate import GateRules
from harness.errors import UntrustworthyError, UsageError
from harness.model.count import EVENTS, INSTRUCTIONS, KAUDITD
from harness.model.count_gate import CountGateReport
from harness.reporters.counts.gate import count_gate_page, count_gate_sentence
from harness.reporters.documents.count_gate import count_gate_document
from harness.reporters.export.junit import count_gate_junit, counted_junit
from harness.reporters.render.markdown import page_markdown
from harness.store import StoredRun, load_run
from tests.support.schemas import schema
from tests.support.stored.counted_runs import BASIC, KERNEL, counted_run

NEWER = "6.12.9-x"
FILES = {"no-audit": (300.0, 300.0), "base": (900.0, 900.1), "head": (915.0, 915.1)}


def read(folder: Path) -> StoredRun:
    return load_run(folder, counted_too=True)


def rules(*limits: str, reference: str | None = None, passes: bool = False) -> GateRules:
    return GateRules(read_count_limits(limits), reference, passes)


def gate(folder: Path, *limits: str, reference: str | None = "base") -> CountGateReport:
    return gate_counts(read(folder), rules(*limits, reference=reference))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return counted_run(tmp_path / "m" / "run", FILES)


def test_a_rule_file_is_held_against_another(run: Path) -> None:
    report = gate(run, "head/instructions:1%")
    (check,) = report.checks
    assert (check.scenario, check.against, check.outcome) == ("head", "base", "fail")
    assert report.verdict == "fail"
    assert count_gate_sentence(report) == (
        "The gate fails: 1 of 1 check exceeds its limit, most of all syscalls × head, "
        "+15.0 instructions (+1.67 %)."
    )
    assert gate(run, "head/instructions:2%").verdict == "pass"


def test_without_names_a_limit_is_for_all_but_the_references(run: Path) -> None:
    report = gate(run, "instructions:210%", reference=None)
    assert [check.scenario for check in report.checks] == ["base", "head"]
    assert [check.against for check in report.checks] == ["no-audit", "no-audit"]
    assert [check.scenario for check in gate(run, "instructions:2%").checks] == ["head"]


def test_a_limit_nearer_than_the_floor_is_inconclusive(tmp_path: Path) -> None:
    loud = {"no-audit": (300.0, 300.0), "base": (900.0, 906.0), "head": (912.0, 912.0)}
    folder = counted_run(tmp_path / "m" / "run", loud)
    report = gate(folder, "head/instructions:1%")
    assert report.verdict == "inconclusive"
    assert "the limit is nearer than the floor" in page_markdown(count_gate_page(report))
    passing = gate_counts(
        read(folder), rules("head/instructions:1%", reference="base", passes=True)
    )
    assert passing.verdict == "pass"
    assert "1 is inconclusive, which passes as asked" in count_gate_sentence(passing)


def test_every_kernel_is_checked_and_one_can_be_named(tmp_path: Path) -> None:
    folder = counted_run(tmp_path / "m" / "run", FILES, kernels={KERNEL: 1.0, NEWER: 0.9})
    report = gate(folder, "head/instructions:2%")
    assert [check.kernel for check in report.checks] == [KERNEL, NEWER]
    assert f"syscalls × head × {NEWER}" in page_markdown(count_gate_page(report)).replace(
        "\u2060", ""
    )
    assert [c.kernel for c in gate(folder, "6.12/head/instructions:2%").checks] == [NEWER]


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ("elapsed:5%", "elapsed is not counted"),
        ("lost:0", "lost is not counted"),
        ("instructions:20us", "a limit on a count is a percentage"),
        ("instructions:", "is not a limit"),
        ("instructions", "is not a limit"),
    ],
)
def test_limits_on_times_and_loss_are_refused(limit: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read_count_limits([limit])


def test_a_gate_needs_a_limit() -> None:
    with pytest.raises(UsageError, match="decides nothing"):
        read_count_limits([])


@pytest.mark.parametrize(
    ("limit", "reference", "words"),
    [
        (
            "heed/instructions:1%",
            "base",
            "no workload, scenario or kernel 'heed': did you mean head",
        ),
        ("instructions:1%", "bose", "--reference bose is not a scenario"),
        ("9.9/instructions:1%", "base", "is for no cell of this run"),
    ],
)
def test_what_the_run_does_not_have_is_refused(
    run: Path, limit: str, reference: str, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        gate(run, limit, reference=reference)


def test_what_could_not_be_counted_is_a_doubt_where_it_was_to_be_judged(tmp_path: Path) -> None:
    refused = {"head": "the kernel refuses it"}
    folder = counted_run(tmp_path / "m" / "run", FILES, invalid=refused)
    report = gate(folder, "instructions:1%")
    assert report.verdict == "untrustworthy"
    assert report.doubts == ("syscalls × head could not be counted",)
    assert any("the kernel refuses it" in caution.what for caution in report.cautions)
    other = counted_run(tmp_path / "m" / "other", FILES, invalid={"no-audit": "it failed"})
    assert gate(other, "head/instructions:2%").verdict == "pass"


def test_a_stopped_run_and_an_empty_one_decide_nothing(tmp_path: Path) -> None:
    stopped = counted_run(tmp_path / "m" / "run", FILES, planned=8)
    assert gate(stopped, "head/instructions:2%").verdict == "untrustworthy"
    with pytest.raises(UntrustworthyError, match="nothing was counted"):
        gate(counted_run(tmp_path / "m" / "none", {}), "instructions:2%")


def test_a_run_is_held_against_another(tmp_path: Path) -> None:
    base = counted_run(tmp_path / "m" / "base")
    dearer = {**BASIC, "site": (850.5, 850.3)}
    head = counted_run(tmp_path / "m" / "head", dearer, kernels={NEWER: 1.0})
    report = gate_counts_against(read(head), read(base), rules("instructions:1%"))
    assert {check.scenario: check.outcome for check in report.checks} == {
        "no-audit": "pass",
        "no-rules": "pass",
        "site": "fail",
    }
    with pytest.raises(UsageError, match="contradict each other"):
        gate_counts_against(read(head), read(base), rules("instructions:1%", reference="site"))


def test_a_cell_that_the_other_run_lacks_is_a_doubt(tmp_path: Path) -> None:
    less = {name: BASIC[name] for name in ("no-audit", "no-rules")}
    base = counted_run(tmp_path / "m" / "base", less)
    head = counted_run(tmp_path / "m" / "head")
    report = gate_counts_against(read(head), read(base), rules("instructions:1%"))
    assert report.verdict == "untrustworthy"


def without(stored: StoredRun, scenario: str, metric: str) -> StoredRun:
    """The run where a scenario has nothing of a metric, as one without audit has of kauditd."""
    samples = (
        replace(s, metrics={name: s.metrics[name] for name in s.metrics if name != metric})
        if s.scenario == scenario
        else s
        for s in stored.samples
    )
    return replace(stored, samples=tuple(samples))


def test_a_cell_that_has_nothing_of_the_metric_is_no_doubt(tmp_path: Path) -> None:
    metrics = {INSTRUCTIONS: 1.0, KAUDITD: 2.0}
    runs = [
        without(read(counted_run(tmp_path / "m" / name, metrics=metrics)), "no-audit", KAUDITD)
        for name in ("base", "head")
    ]
    report = gate_counts_against(runs[1], runs[0], rules("kauditd-instructions:1%"))
    assert (report.verdict, report.doubts) == ("pass", ())
    assert [check.scenario for check in report.checks] == ["no-rules", "site"]


def test_a_metric_that_either_run_lacks_decides_nothing(tmp_path: Path) -> None:
    metrics = {INSTRUCTIONS: 1.0, KAUDITD: 2.0}
    more = read(counted_run(tmp_path / "m" / "more", metrics=metrics))
    less = read(counted_run(tmp_path / "m" / "less"))
    for head, base in ((more, less), (less, more)):
        with pytest.raises(UsageError, match=r"--fail .*: m/less has no kauditd_instructions"):
            gate_counts_against(head, base, rules("kauditd-instructions:1%"))


def test_what_is_judged_is_called_by_its_name(tmp_path: Path) -> None:
    metrics = {INSTRUCTIONS: 1.0, EVENTS: 1.0}
    folder = counted_run(tmp_path / "m" / "run", FILES, metrics=metrics)
    report = gate(folder, "head/events:1%")
    assert "syscalls × head, +15.0 events (+1.67 %)" in count_gate_sentence(report)
    assert "Events per operation" in page_markdown(count_gate_page(report))
    assert "915.0 events, +15.0" in count_gate_junit(report)
    assert "events per operation" in counted_junit(report.result)


def test_document_and_junit_say_the_same(run: Path) -> None:
    report = gate(run, "head/instructions:1%", "head/instructions:2%")
    document = json.loads(json.dumps(count_gate_document(report)))
    jsonschema.validate(document, schema("gate-count"))
    assert [check["outcome"] for check in document["checks"]] == ["fail", "pass"]
    suite = ET.fromstring(count_gate_junit(report)).find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "1", "0")
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert "+15.0 (+1.67 %) to base, floor 0.10: exceeded" in str(failure.text)
