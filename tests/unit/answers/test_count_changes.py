"""Counted runs, kernels and scenarios against each other."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from harness.answers.compare.compare import Side
from harness.answers.compare.count import CountOptions, are_counted, compare_counts
from harness.answers.count_metrics import any_metric, counted_metric
from harness.answers.quantities import parse_margins
from harness.errors import UsageError
from harness.model.count_changes import CountReport
from harness.reporters.counts.compare import count_changes_page
from harness.reporters.documents.count_changes import count_change_rows, count_changes_document
from harness.reporters.render.markdown import page_markdown
from harness.store import load_run
from tests.support.runs import made_up_run
from tests.support.schemas import schema
from tests.support.stored.counted_runs import BASIC, KERNEL, counted_run

DEARER = {**BASIC, "site": (850.5, 850.3)}
NEWER = "6.12.9-x"


def side(folder: Path, scenario: str | None = None) -> Side:
    return Side(load_run(folder, counted_too=True), scenario)


def compared(base: Side, head: Side, **options: object) -> CountReport:
    return compare_counts(base, [head], CountOptions(**options))  # type: ignore[arg-type]


def verdicts(report: CountReport) -> dict[str, str]:
    return {change.scenario: change.verdict for change in report.pairs[0].changes}


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return counted_run(tmp_path / "m" / "base")


def test_the_same_counts_are_equal(base: Path, tmp_path: Path) -> None:
    report = compared(side(base), side(counted_run(tmp_path / "m" / "head")))
    assert set(verdicts(report).values()) == {"equal"}
    assert report.verdict == "no-worse"
    assert report.pairs[0].guests is None
    assert page_markdown(count_changes_page(report)).startswith("## auditbench compare\n\n**No w")


def test_what_costs_more_is_worse_and_said_first(base: Path, tmp_path: Path) -> None:
    report = compared(side(base), side(counted_run(tmp_path / "m" / "head", DEARER)))
    assert verdicts(report) == {"no-audit": "equal", "no-rules": "equal", "site": "worse"}
    assert report.verdict == "worse"
    text = page_markdown(count_changes_page(report))
    assert "Worse: syscalls × site +30.0 (+3.66 %)" in text
    assert "margin 0.5 %, floor 0.20" in text


def test_a_wider_margin_makes_it_equal(base: Path, tmp_path: Path) -> None:
    head = side(counted_run(tmp_path / "m" / "head", DEARER))
    assert compared(side(base), head, margin=0.04).verdict == "no-worse"
    by_metric = {"instructions_per_op": 0.04}
    assert compared(side(base), head, margin_by_metric=by_metric).verdict == "no-worse"


def test_a_margin_is_of_a_metric_that_is_counted() -> None:
    assert parse_margins(["4%", "instructions=3%"], counted_metric) == (
        0.04,
        {"instructions_per_op": 0.03},
    )
    with pytest.raises(UsageError, match="no counted metric is called 'elapsed'"):
        parse_margins(["elapsed=4%"], counted_metric)


def test_instructions_of_the_rules_themselves_are_compared_if_named(tmp_path: Path) -> None:
    metrics = {"instructions_per_op": 1.0, "rules_load_instructions": 10.0}
    sides = [side(counted_run(tmp_path / "m" / name, metrics=metrics)) for name in "ab"]
    assert any_metric("--metric", "rules-load-instructions") == "rules_load_instructions"
    report = compared(*sides, metrics=("rules-load-instructions",))
    assert {change.metric for change in report.pairs[0].changes} == {"rules_load_instructions"}
    assert "per operation" not in page_markdown(count_changes_page(report))


def test_one_kernel_each_is_kernel_against_kernel(base: Path, tmp_path: Path) -> None:
    head = counted_run(tmp_path / "m" / "head", kernels={NEWER: 0.9})
    report = compared(side(base), side(head))
    assert verdicts(report) == dict.fromkeys(BASIC, "better")
    assert report.pairs[0].changes[0].base_kernel == KERNEL
    text = page_markdown(count_changes_page(report))
    assert f"**Linux {NEWER} against Linux {KERNEL}. No worse.**" in text


def test_two_builds_of_one_kernel_are_told_apart(base: Path, tmp_path: Path) -> None:
    report = compared(side(base), side(counted_run(tmp_path / "m" / "head", sha256="cd" * 32)))
    text = page_markdown(count_changes_page(report)).replace("\u2060", "")
    assert (
        f"Two builds of Linux {KERNEL}: sha256 cdcdcdcdcdcd… against sha256 abababababab…" in text
    )


def test_kernels_of_several_are_matched_by_name(base: Path, tmp_path: Path) -> None:
    head = counted_run(tmp_path / "m" / "head", kernels={NEWER: 0.9, KERNEL: 1.1})
    report = compared(side(base), side(head))
    assert {change.kernel for change in report.pairs[0].changes} == {KERNEL}
    assert set(verdicts(report).values()) == {"worse"}
    said = [caution.what for caution in report.pairs[0].cautions]
    assert any(f"syscalls × site under {NEWER}" in what for what in said)


def test_kernels_of_one_run_are_named_like_scenarios(tmp_path: Path) -> None:
    run = counted_run(tmp_path / "m" / "run", kernels={KERNEL: 1.0, NEWER: 1.2})
    report = compared(side(run, "6.1"), side(run, NEWER))
    assert set(verdicts(report).values()) == {"worse"}
    assert report.pairs[0].base == f"m/run:{KERNEL}"
    with pytest.raises(UsageError, match=r"no scenario and no kernel '6\.2'"):
        compared(side(run, "6.1"), side(run, "6.2"))


def test_several_kernels_without_a_common_one_are_refused(tmp_path: Path) -> None:
    base = counted_run(tmp_path / "m" / "base", kernels={"5.10": 1.0, "5.15": 1.0})
    head = counted_run(tmp_path / "m" / "head", kernels={KERNEL: 1.0, NEWER: 1.0})
    with pytest.raises(UsageError, match=r"no kernel in common.*RUN:KERNEL"):
        compared(side(base), side(head))
    assert compared(side(base, "5.10"), side(head, NEWER)).verdict == "no-worse"


def test_scenarios_of_one_run(base: Path) -> None:
    report = compared(side(base, "no-rules"), side(base, "site"))
    (change,) = report.pairs[0].changes
    assert (change.base_scenario, change.scenario, change.verdict) == ("no-rules", "site", "worse")
    assert change.difference == pytest.approx(320.4)
    with pytest.raises(UsageError, match="compared with itself"):
        compared(side(base, "site"), side(base, "site"))


def test_a_scenario_named_once_is_meant_on_both_sides(base: Path, tmp_path: Path) -> None:
    report = compared(side(base), side(counted_run(tmp_path / "m" / "head", DEARER), "site"))
    assert verdicts(report) == {"site": "worse"}


def test_other_rules_under_one_name_must_be_allowed(base: Path, tmp_path: Path) -> None:
    head = side(counted_run(tmp_path / "m" / "head", rules={"site": ["-a never,task"]}))
    with pytest.raises(UsageError, match=r"not alike: rules of syscalls × site.*--allow rules"):
        compared(side(base), head)
    report = compared(side(base), head, allowed=frozenset({"rules"}))
    assert report.pairs[0].cautions[0].name == "unlike"
    assert compared(side(base), head, force=True).verdict == "no-worse"


def test_another_host_does_not_matter(base: Path, tmp_path: Path) -> None:
    facts = {"machine": "other", "cpu": {"model": "another", "online": [0]}}
    head = counted_run(tmp_path / "o" / "head", environment={"facts": facts})
    assert compared(side(base), side(head)).pairs[0].cautions == ()


def test_one_boot_gives_no_verdict(base: Path, tmp_path: Path) -> None:
    one = {name: values[:1] for name, values in BASIC.items()}
    report = compared(side(base), side(counted_run(tmp_path / "m" / "head", one)))
    assert set(verdicts(report).values()) == {"no-floor"}
    assert report.verdict == "inconclusive"


def test_boots_that_differ_as_much_as_the_margin_decide_nothing(tmp_path: Path) -> None:
    loud = {"no-audit": (300.0, 306.0), "site": (820.0, 820.0)}
    base = counted_run(tmp_path / "m" / "base", loud)
    report = compared(side(base), side(counted_run(tmp_path / "m" / "head", loud)))
    assert set(verdicts(report).values()) == {"below-floor"}
    assert report.verdict == "inconclusive"


def test_what_could_not_be_counted_is_not_passed_over(base: Path, tmp_path: Path) -> None:
    head = counted_run(tmp_path / "m" / "head", invalid={"site": "the kernel refuses it"})
    report = compared(side(base), side(head))
    assert report.verdict == "untrustworthy"
    assert any(c.what == "only in BASE: syscalls × site" for c in report.pairs[0].cautions)
    assert compared(side(base, "no-rules"), side(head)).verdict == "no-worse"


def test_metrics_are_compared_each_by_its_own_margin_and_floor(tmp_path: Path) -> None:
    metrics = {"instructions_per_op": 1.0, "a_instructions_per_op": 10.0}
    base = counted_run(tmp_path / "m" / "base", metrics=metrics)
    head = counted_run(tmp_path / "m" / "head", DEARER, metrics=metrics)
    report = compared(side(base), side(head))
    floors = {change.metric: change.floor for change in report.pairs[0].changes}
    assert floors == {
        "instructions_per_op": pytest.approx(0.2),
        "a_instructions_per_op": pytest.approx(2.0),
    }
    only = compared(side(base), side(head), metrics=("a-instructions",))
    assert {change.metric for change in only.pairs[0].changes} == {"a_instructions_per_op"}
    assert only.verdict == "worse"


def test_what_no_cell_has_is_no_table(tmp_path: Path) -> None:
    """Of calls that make no event kauditd's part is nothing, which the document says."""
    metrics = {"instructions_per_op": 1.0, "kauditd_instructions_per_op": 0.0}
    base = counted_run(tmp_path / "m" / "base", metrics=metrics)
    report = compared(side(base), side(counted_run(tmp_path / "m" / "head", metrics=metrics)))
    assert "kauditd" not in page_markdown(count_changes_page(report))
    assert "kauditd_instructions_per_op" in json.dumps(count_changes_document(report))


def test_what_became_better_is_not_passed_over(tmp_path: Path, base: Path) -> None:
    counts = {**DEARER, "no-rules": (400.0, 400.0)}
    report = compared(side(base), side(counted_run(tmp_path / "m" / "head", counts)))
    text = page_markdown(count_changes_page(report))
    assert "site +30.0 (+3.66 %). 1 other is better." in text


def test_counts_and_times_are_never_mixed(base: Path, tmp_path: Path) -> None:
    timed = made_up_run(tmp_path / "timed")
    counts = load_run(base, counted_too=True)
    assert are_counted([counts])
    assert not are_counted([timed])
    with pytest.raises(UsageError, match="counts and times have nothing in common"):
        are_counted([timed, counts])


def test_the_document_follows_its_schema_and_has_flat_rows(base: Path, tmp_path: Path) -> None:
    head = counted_run(tmp_path / "m" / "head", DEARER, kernels={NEWER: 1.0})
    report = compared(side(base), side(head))
    document = json.loads(json.dumps(count_changes_document(report)))
    jsonschema.validate(document, schema("compare-count"))
    assert document["pairs"][0]["kernels"][1]["name"] == NEWER
    rows = list(count_change_rows(report))
    assert [row["scenario"] for row in rows] == list(BASIC)
    assert rows[2]["share"] == pytest.approx(30 / 820.4)
