"""What gates and A/B questions look like: JUnit, Markdown, the terminal, hostile names."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from harness.answers.ab import judge_ab
from harness.answers.gate import GateRules, gate_run
from harness.answers.limits import read_limits
from harness.answers.result import make_result
from harness.model.ab import AbReport, AbSide
from harness.model.caution import Caution
from harness.model.gate import Check, GateReport, Reading
from harness.reporters.ab import ab_page, ab_sentences
from harness.reporters.documents.ab import ab_document
from harness.reporters.documents.gate import gate_document
from harness.reporters.export.junit import gate_junit, result_junit
from harness.reporters.gate import check_sentences, gate_page, gate_sentence
from harness.reporters.page import Grid
from harness.reporters.render.csv import grid_csv
from harness.reporters.render.markdown import page_markdown
from harness.store import load_run
from tests.support.reports.pages import in_html, on_a_terminal, require_same_everywhere
from tests.support.stored.altered_runs import (
    Change,
    all_known,
    altered_run,
    invalid,
    lossy,
    slower,
    unexplained,
    without_ledger,
)

AB_SCHEMA = json.loads(
    (Path(__file__).parents[3] / "docs/schema/ab.schema.json").read_text(encoding="utf-8")
)
HOSTILE = "a\x1b[31m\x00<b>&\"']]>|`@me\ufffe\ud800"


@pytest.fixture
def report(tmp_path: Path) -> GateReport:
    folder = altered_run(tmp_path / "h-1" / "run", slower("no-rules", 1.0, spread=0.1))
    return gate_run(folder, GateRules(read_limits(["elapsed:5%", "rules/lost:0"])))


def hostile(report: GateReport) -> GateReport:
    """The same with names that want to break out."""
    checks = tuple(
        replace(
            check,
            cell=replace(check.cell, scenario=HOSTILE),
            limit=replace(check.limit, text=f"{HOSTILE}/elapsed:5%"),
        )
        for check in report.checks
    )
    return replace(report, checks=checks, doubts=(HOSTILE,))


def test_junit_has_the_shape_that_ci_systems_read(report: GateReport) -> None:
    root = ET.fromstring(gate_junit(report))
    assert root.tag == "testsuites"
    (suite,) = root
    assert set(suite.attrib) == {"name", "tests", "failures", "errors", "skipped"}
    assert suite[0].tag == "properties"
    assert all(set(one.attrib) == {"name", "value"} for one in suite[0])
    assert {case.tag for case in suite[1:]} == {"testcase"}
    for case in suite[1:]:
        assert set(case.attrib) == {"name", "classname"}
        assert [child.tag for child in case] in (
            [],
            ["system-out"],
            ["failure", "system-out"],
            ["error", "system-out"],
        )
    named = {one.get("name"): one.get("value") for one in suite[0]}
    assert named["run"] == "h-1/run"
    assert named["seed"] == "1"
    assert "The gate fails" in named["verdict"]


def test_hostile_names_break_out_of_nothing(report: GateReport) -> None:
    bad = hostile(report)
    root = ET.fromstring(gate_junit(bad).encode("utf-8"))
    names = {case.get("name") for case in root.iter("testcase")}
    assert "a[31m<b>&\"']]>|`@me/elapsed:5%" in names
    assert [
        case[0].tag for case in root.iter("testcase") if "trustworthy" in str(case.get("name"))
    ] == ["error"]
    page = gate_page(bad)
    for text in (on_a_terminal(page), page_markdown(page), in_html(page)):
        assert "\x1b" not in text
        assert "\x00" not in text
        text.encode("utf-8")
    assert "<b>" not in page_markdown(page).replace("\\<b\\>", "")
    assert "<b>" not in in_html(page)


def test_a_result_is_a_test_suite_too(tmp_path: Path) -> None:
    folder = altered_run(tmp_path / "h-1" / "run", slower("no-rules", 1.0, spread=0.1))
    result = make_result(load_run(folder))
    root = ET.fromstring(result_junit(result))
    cases = {
        f"{case.get('classname')} {case.get('name')}": [child.tag for child in case]
        for case in root.iter("testcase")
    }
    assert len(cases) == len(result.comparisons) + 1
    assert cases["udp.rules.assemble elapsed_ns_per_op"] == ["system-out"]
    assert cases["udp.no-rules.assemble elapsed_ns_per_op"] == ["skipped", "system-out"]
    assert cases["udp.no-audit.assemble elapsed_ns_per_op"] == ["system-out"]
    assert "worse" in {comparison.verdict for comparison in result.comparisons}
    assert (root.get("failures"), root.get("errors")) == ("0", "0")
    broken = replace(result, comparisons=())
    assert ET.fromstring(result_junit(broken)).get("errors") == "1"


def test_both_readings_are_shown_and_what_they_come_to(report: GateReport) -> None:
    (lost,) = [check for check in report.checks if check.limit.metric == "lost"]
    first = Reading("run-1", "fail", 0.5, 0.1, 0.9, 8, lossy=4)
    check: Check = replace(lost, readings=(first, lost.readings[0]), outcome="inconclusive")
    twice = replace(report, checks=(check,))
    page = gate_page(twice)
    shown = on_a_terminal(page)
    assert [mark for mark in "✗✓?" if mark in shown] == ["✗", "✓", "?"]
    assert "once more" in shown
    assert "together" in shown
    assert "events lost in 4 of 8 trials" in shown
    assert shown.splitlines()[0] == gate_sentence(twice)
    require_same_everywhere(page)
    (grid,) = [part for part in page.parts if isinstance(part, Grid)]
    rows = list(csv.reader(grid_csv(grid).splitlines()))
    # Without the row above there is nothing that a row could leave out.
    assert {row[0] for row in rows[1:]} == {"rules/lost:0"}
    assert [row[1] for row in rows[1:]] == [
        "udp × rules", "udp × rules, once more", "udp × rules, together"
    ]  # fmt: skip
    assert rows[1][2:] == ["0.5", "0.1", "0.9", "exceeded"]


def test_every_medium_says_what_a_gate_decided(report: GateReport) -> None:
    cautioned = replace(report, cautions=(Caution("noise", "it is loud", "be quiet"),))
    words = require_same_everywhere(gate_page(cautioned))
    assert words[:3] == [gate_sentence(cautioned), "it is loud", "Checks"]
    assert words[-1].startswith("noise floor of udp")
    assert gate_document(cautioned)["answer"] == words[0]


def test_one_of_anything_is_said_in_the_singular(report: GateReport) -> None:
    failed = next(check for check in report.checks if check.outcome == "fail")
    assert gate_sentence(replace(report, checks=(failed,))) == (
        "The gate fails: 1 of 1 check exceeds its limit."
    )
    passed = next(check for check in report.checks if check.outcome == "pass")
    assert gate_sentence(replace(report, checks=(passed,))) == (
        "The gate passes: 1 of 1 check is within its limit."
    )
    assert gate_sentence(replace(report, checks=(passed, passed))) == (
        "The gate passes: 2 of 2 checks are within their limit."
    )
    once = replace(passed, readings=(replace(passed.readings[0], count=1),))
    (words,) = check_sentences(once)
    assert words.startswith("none lost in 1 trial;")


def test_a_bound_is_in_the_units_of_its_limit(report: GateReport) -> None:
    (grid,) = [part for part in gate_page(report).parts if isinstance(part, Grid)]
    slow = next(row for row in grid.on("html").rows if row[1].text == "udp × rules")
    assert [column.name for column in grid.on("html").columns[2:5]] == ["measured", "from", "to"]
    assert slow[2].text == f"× {slow[2].raw[:5]}"
    assert [box.text for box in slow[3:5]] == [box.raw[:5] for box in slow[3:5]]
    lost = next(row for row in grid.on("terminal").rows if row[0].text == "rules/lost:0")
    assert [box.text for box in lost[2:4]] == ["0 of 8 trials", "0 % to 36.9 %"]


def in_block(scenario: str, block: int, **terms: int) -> Change:
    """Terms of the ledger of a scenario in one block."""

    def change(sample: dict[str, Any]) -> None:
        if (sample["scenario"], sample["block"]) == (scenario, block):
            sample["ledger"] |= terms

    return change


def ab_report(
    tmp_path: Path, *changes: Change, a: str = "rules+exclude-exe", b: str = "rules"
) -> AbReport:
    folder = altered_run(tmp_path / "h-1" / "run", *changes)
    sides = AbSide("A", "old/x.rules", a), AbSide("B", "new/x.rules", b)
    found = judge_ab(load_run(folder), *sides)
    jsonschema.validate(ab_document(found), AB_SCHEMA)
    return found


def test_b_costs_more(tmp_path: Path) -> None:
    found = ab_report(tmp_path)
    assert (found.verdict, found.inconclusive) == ("worse", False)
    cost, loss = ab_sentences(found)
    # 15 µs against 7.2 µs
    assert re.match(r"udp: B costs 10[789] % more than A \(10[67] % to 1[01]\d %\) per op", cost)
    assert loss.startswith("Neither lost events in 8 trials each")
    page = ab_page(found)
    words = require_same_everywhere(page)
    assert words[:4] == [
        cost,
        loss,
        "A is old/x.rules (scenario rules+exclude-exe)",
        "B is new/x.rules (scenario rules)",
    ]
    shown = on_a_terminal(page)
    assert shown.index("B costs") < shown.index("B against A") < shown.index("trials with loss")
    assert "| udp | B against A |" in page_markdown(page)
    assert '<td class="v-worse"' in in_html(page)


def test_b_costs_less(tmp_path: Path) -> None:
    found = ab_report(tmp_path, a="rules", b="rules+exclude-exe")
    assert found.verdict == "better"
    assert re.match(r"udp: B costs 5[12][.\d]* % less than A", ab_sentences(found)[0])


def test_both_cost_the_same(tmp_path: Path) -> None:
    found = ab_report(tmp_path, a="no-audit", b="no-audit-aa")
    assert (found.verdict, found.inconclusive) == ("equal", False)
    assert "udp: equal: B costs " in ab_sentences(found)[0]


def test_it_cannot_be_decided(tmp_path: Path) -> None:
    found = ab_report(tmp_path, slower("no-rules", 1.0, spread=0.1), a="disabled", b="no-rules")
    assert (found.verdict, found.inconclusive) == ("inconclusive", True)
    sentence = ab_sentences(found)[0]
    assert sentence.startswith("udp: inconclusive: ")
    assert "8 blocks detect a difference of" in sentence


@pytest.mark.parametrize("known", [[], [all_known]], ids=["shares only", "how much, too"])
def test_b_loses_more_and_is_worse_though_it_costs_less(
    tmp_path: Path, known: list[Change]
) -> None:
    changes = [*known, lossy("rules", events=500), slower("rules", 0.3)]
    one_lost = in_block("disabled", 1, lost=1)
    found = ab_report(tmp_path, *changes, one_lost, a="disabled")
    assert {comparison.verdict for comparison in found.primary} == {"better"}
    assert found.verdict == "worse"
    assert "A lost events in 1 of 8 trials, B in 8 of 8: B loses more" in ab_sentences(found)[0]


def test_what_b_lost_alone_comes_before_its_speed(tmp_path: Path) -> None:
    """Also in one trial of many: a loss that was seen is no estimate."""
    changes = [all_known, lossy("rules", events=5, every=8), slower("rules", 0.3)]
    found = ab_report(tmp_path, *changes, a="disabled")
    assert {comparison.verdict for comparison in found.primary} == {"lost"}
    assert (found.verdict, found.inconclusive) == ("worse", False)
    loss, cost = ab_sentences(found)
    assert loss == "udp: A lost events in 0 of 8 trials, B in 1 of 8: B lost what A did not."
    assert cost.startswith("udp: B is no cheaper for it, whatever its time: −")
    for told in (on_a_terminal(ab_page(found)), page_markdown(ab_page(found))):
        assert "✗ lost" in told
        assert told.index("B lost what A did not") < told.index("whatever its time")
    assert str(ab_document(found)["answer"]).startswith(loss)


def test_what_a_lost_alone_comes_before_the_price_of_b(tmp_path: Path) -> None:
    changes = [all_known, lossy("rules", events=500), slower("rules", 0.1)]
    found = ab_report(tmp_path, *changes, a="rules", b="disabled")
    loss, cost = ab_sentences(found)
    assert loss == "udp: A lost events in 8 of 8 trials, B in 0 of 8: B loses less."
    assert cost.startswith("udp: B costs ")


def test_loss_that_nobody_saw_is_not_none(tmp_path: Path) -> None:
    found = ab_report(tmp_path, without_ledger)
    assert ab_sentences(found)[1] == "Whether events were lost is not known."
    assert "| udp | B | – | – |" in page_markdown(ab_page(found))


@pytest.mark.parametrize(
    ("change", "reason"),
    [(unexplained("rules"), "not accounted for"), (invalid("rules"), "no block in common")],
)
def test_what_cannot_be_relied_on(tmp_path: Path, change: Change, reason: str) -> None:
    found = ab_report(tmp_path, change)
    assert found.verdict == "untrustworthy"
    (sentence,) = ab_sentences(found)
    assert reason in sentence
