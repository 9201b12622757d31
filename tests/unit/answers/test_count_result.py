"""A counted run's samples to its result, its page and its document."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from rich.console import Console

from harness.answers.count import make_counted
from harness.errors import UsageError
from harness.model.count import (
    EVENTS,
    INSTRUCTIONS,
    KAUDITD,
    OF_RULES,
    RULES_DELETE,
    RULES_LOAD,
    CountedResult,
)
from harness.model.run import Sample
from harness.model.stored.environment import StoredGuest
from harness.reporters.count import count_page
from harness.reporters.documents.count import count_document
from harness.reporters.render.markdown import page_markdown
from harness.reporters.render.terminal import render_page
from harness.store import RunWriter, load_run
from harness.verbs.shared.run_forms import counted_writers
from tests.support.samples import bare_sample
from tests.support.schemas import schema

COUNTS = {
    "no-audit": (300.0, 300.02),
    "no-rules": (500.0, 500.0),
    "site": (820.5, 820.3),
}


def counted_sample(scenario: str, boot: int, count: float, **changes: object) -> Sample:
    """One trial of one boot."""
    sample = bare_sample(
        scenario, boot, {INSTRUCTIONS: count}, workload="syscalls", consumer="none"
    )
    return replace(sample, index=len(COUNTS) * boot, kernel="6.1.0-x", **changes)


def all_samples() -> list[Sample]:
    """Every trial, the boots after each other."""
    return [
        counted_sample(scenario, boot + 1, counts[boot])
        for boot in range(2)
        for scenario, counts in COUNTS.items()
    ]


def stored(folder: Path, samples: list[Sample]) -> Path:
    """A stored run of these trials."""
    workloads = list(dict.fromkeys(sample.workload for sample in samples))
    plan = {
        "name": "overhead",
        "instrument": "counted",
        "reference_scenario": "no-audit",
        "workloads": workloads,
        "trials": 6 * len(workloads),
        "scenarios": {name: [{"name": scenario} for scenario in COUNTS] for name in workloads},
    }
    guest = {"name": "6.1.0-x", "kernel": "6.1.0-x", "kernel_version": "#1", "sha256": "ab" * 32,
             "source": "x.deb", "emulator": "an emulator"}  # fmt: skip
    place = folder / "machine" / "run"
    with RunWriter(place) as writer:
        for index, sample in enumerate(samples):
            writer.append(replace(sample, index=index))
        writer.describe(plan, {"guests": [guest]})
    return place


def result_of(folder: Path, samples: list[Sample]) -> CountedResult:
    """The result of a stored run of these trials."""
    return make_counted(load_run(stored(folder, samples), counted_too=True))


def test_a_cell_is_the_mean_of_its_boots_and_they_are_the_floor(tmp_path: Path) -> None:
    result = result_of(tmp_path, all_samples())
    cells = {cell.scenario: cell for cell in result.cells}
    assert cells["site"].estimate == pytest.approx(820.4)
    assert cells["site"].boots == (820.5, 820.3)
    assert result.floor == pytest.approx(0.2)
    assert result.trustworthy


def test_differences_are_to_the_reference(tmp_path: Path) -> None:
    cells = {cell.scenario: cell for cell in result_of(tmp_path, all_samples()).cells}
    assert cells["no-audit"].difference is None
    assert cells["no-rules"].difference == pytest.approx(500 - 300.01)


def test_cells_are_in_the_order_of_the_plan(tmp_path: Path) -> None:
    result = result_of(tmp_path, all_samples()[::-1])
    assert [cell.scenario for cell in result.cells] == list(COUNTS)


def test_without_the_reference_nothing_differs_from_it(tmp_path: Path) -> None:
    samples = [s for s in all_samples() if s.scenario != "no-audit"]
    result = result_of(tmp_path, samples)
    assert [cell.difference for cell in result.cells] == [None, None]
    assert not result.complete
    assert not result.trustworthy


def test_a_trial_that_failed_is_told_once_and_not_counted(tmp_path: Path) -> None:
    samples = [
        replace(s, valid=False, invalid_reason="the kernel refuses it", metrics={})
        if s.scenario == "site"
        else s
        for s in all_samples()
    ]
    result = result_of(tmp_path, samples)
    assert [cell.scenario for cell in result.cells] == ["no-audit", "no-rules"]
    (said,) = [caution.what for caution in result.cautions if caution.name == "invalid-trials"]
    assert said == "2 trials of syscalls × site are not used: the kernel refuses it"
    assert not result.trustworthy


def test_reasons_that_differ_in_their_numbers_are_told_once(tmp_path: Path) -> None:
    samples = [
        replace(s, valid=False, invalid_reason=f"the kernel lost 1,4{s.block}5 records", metrics={})
        if s.scenario == "site"
        else s
        for s in all_samples()
    ]
    (said,) = [c.what for c in result_of(tmp_path, samples).cautions if c.name == "invalid-trials"]
    assert said == "2 trials of syscalls × site are not used: the kernel lost 1,415 records"


def test_one_boot_has_no_floor(tmp_path: Path) -> None:
    result = result_of(tmp_path, all_samples()[:3])
    assert result.floor is None
    assert "the boots differ" not in page_markdown(count_page(result))


def test_the_document_has_a_row_per_cell_and_is_json(tmp_path: Path) -> None:
    document = json.loads(json.dumps(count_document(result_of(tmp_path, all_samples()))))
    jsonschema.validate(document, schema("count"))
    assert document["guests"][0]["sha256"] == "ab" * 32
    row = document["rows"][2]
    assert {name: row[name] for name in ("kernel", "workload", "scenario", "metric")} == {
        "kernel": "6.1.0-x",
        "workload": "syscalls",
        "scenario": "site",
        "metric": "instructions_per_op",
    }
    assert row["estimate"] == pytest.approx(820.4)


def test_the_page_says_the_kernel_the_dearest_and_the_floor(tmp_path: Path) -> None:
    text = page_markdown(count_page(result_of(tmp_path, all_samples())))
    assert "Linux 6.1.0-x" in text
    assert "site costs syscalls most, 520.4 instructions per operation more than no-audit" in text
    assert "0.20 instructions" in text


def test_a_page_without_any_cell_says_so(tmp_path: Path) -> None:
    assert "Nothing was counted" in page_markdown(count_page(result_of(tmp_path, [])))


def test_a_counted_run_is_refused_where_times_are_wanted(tmp_path: Path) -> None:
    folder = stored(tmp_path, all_samples())
    with pytest.raises(UsageError, match="counts instructions in a guest"):
        load_run(folder)


def test_a_form_that_holds_times_is_refused(tmp_path: Path) -> None:
    run = load_run(stored(tmp_path, all_samples()), counted_too=True)
    with pytest.raises(UsageError, match="this form holds times"):
        counted_writers(run, lambda: make_counted(run))["pyperf"]()


def test_junit_has_a_case_for_each_cell_and_one_for_trust(tmp_path: Path) -> None:
    run = load_run(stored(tmp_path, all_samples()), counted_too=True)
    written = counted_writers(run, lambda: make_counted(run))["junit"]()
    assert isinstance(written, str)
    suite = ET.fromstring(written).find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("errors")) == ("4", "0")
    names = [case.get("classname") for case in suite.iter("testcase")]
    assert names[2:] == ["syscalls.site.6.1.0-x", "auditbench.count"]
    failed = load_run(stored(tmp_path / "b", all_samples()[:2]), counted_too=True)
    assert 'type="untrustworthy"' in str(
        counted_writers(failed, lambda: make_counted(failed))["junit"]()
    )


def two_kernels(folder: Path, *names: str) -> CountedResult:
    """A result of these kernels; the second is a tenth dearer."""
    guests = tuple(
        StoredGuest(name=name, kernel=name, sha256=f"{place}" * 64, source=f"{name}.deb")
        for place, name in enumerate(names)
    )
    result = result_of(folder, all_samples())
    cells = tuple(
        replace(cell, kernel=name, estimate=cell.estimate * (1 + place / 10))
        for place, name in enumerate(names)
        for cell in result.cells
    )
    return replace(result, guests=guests, cells=cells)


def printed(result: CountedResult) -> str:
    """The page as a terminal of 80 columns shows it."""
    output = StringIO()
    render_page(count_page(result), Console(file=output, width=80))
    return output.getvalue()


def test_kernels_stand_side_by_side_where_they_fit(tmp_path: Path) -> None:
    text = printed(two_kernels(tmp_path, "6.1.0-57-cloud-amd64", "6.12.117+deb12-cloud-amd64"))
    assert re.search(r"workload +scenario +6\.1\.0 +6\.12\.117\n", text)
    assert re.search(r"syscalls +site +820\.4 +902\.4\n", text)
    assert re.search(r"syscalls +site +\+520\.4 +\+520\.4\n", text)
    assert "6.1.0: 6.1.0-57-cloud-amd64.deb, SHA-256 000000000000\n" in text
    assert "site costs syscalls most under Linux 6.1.0-57-cloud-amd64" in " ".join(text.split())


def test_many_kernels_are_rows_with_a_column_per_scenario(tmp_path: Path) -> None:
    text = printed(two_kernels(tmp_path, *(f"6.{place}.10-cloud-amd64" for place in range(9))))
    assert re.search(r"workload +kernel +no-audit +no-rules +site\n", text)
    assert re.search(r"syscalls +6\.8\.10 +540\.0 +900\.0 +1,476\.7\n", text)
    assert re.search(r"syscalls +6\.8\.10 +– +\+200\.0 +\+520\.4\n", text)


def test_kernels_are_rows_where_they_do_not_fit(tmp_path: Path) -> None:
    names = [f"6.1.0-{'build' * 10}-{place}" for place in range(4)]
    text = page_markdown(count_page(two_kernels(tmp_path, *names)))
    assert "| workload | scenario | kernel | instructions |" in text
    assert f"| syscalls | site | {names[3]} | 1,066.5 |" in text
    assert len(re.findall(r"^\| syscalls \| site \|", text, re.MULTILINE)) == 4


def test_two_builds_of_one_version_have_their_whole_names(tmp_path: Path) -> None:
    text = printed(two_kernels(tmp_path, "6.18.0#00000000", "6.18.0#11111111"))
    assert re.search(r"scenario +6\.18\.0#00000000 +6\.18\.0#11111111\n", text)


def test_rows_of_several_kernels_are_in_the_schema(tmp_path: Path) -> None:
    document = json.loads(json.dumps(count_document(two_kernels(tmp_path, "6.1.0-x", "6.12.1-x"))))
    jsonschema.validate(document, schema("count"))
    assert [row["kernel"] for row in document["rows"]] == ["6.1.0-x"] * 3 + ["6.12.1-x"] * 3


def with_lives(folder: Path) -> CountedResult:
    """A run in which loading and deleting the rules of `site` was counted too."""
    lives = {RULES_LOAD: 319_133.0, RULES_DELETE: 382_038.0}
    samples = [
        replace(s, metrics={**s.metrics, **lives}) if s.scenario == "site" else s
        for s in all_samples()
    ]
    return result_of(folder, samples)


def test_loading_and_deleting_rules_has_tables_of_its_own(tmp_path: Path) -> None:
    result = with_lives(tmp_path)
    text = printed(result)
    assert re.search(r"to load the scenario's rules\nscenario +instructions +between boots\n", text)
    assert re.search(r"site +319,133\.0 +0\.00\n", text)
    assert re.search(r"site +382,038\.0 +0\.00\n", text)
    assert "site costs syscalls most, 520.4 instructions" in " ".join(text.split())
    document = json.loads(json.dumps(count_document(result)))
    jsonschema.validate(document, schema("count"))


@pytest.mark.parametrize(("more", "rows"), [(0.0, 1), (500.0, 2)])
def test_equal_rules_of_several_workloads_stand_once(
    tmp_path: Path, more: float, rows: int
) -> None:
    result = with_lives(tmp_path)
    others = tuple(
        replace(
            cell,
            workload="udp",
            estimate=cell.estimate + more,
            boots=tuple(boot + more for boot in cell.boots),
        )
        for cell in result.cells
        if cell.metric == RULES_LOAD
    )
    text = printed(replace(result, cells=(*result.cells, *others)))
    assert len(re.findall(r"site +319,[0-9]33\.0", text)) == rows
    assert len(re.findall(r"^udp +site +319,633\.0", text, re.MULTILINE)) == rows - 1


def test_the_floor_is_told_of_each_workload(tmp_path: Path) -> None:
    """That of a load with events says nothing about calls without."""
    samples = [
        replace(s, workload=workload, metrics={INSTRUCTIONS: s.metrics[INSTRUCTIONS] * times})
        for s in all_samples()
        for workload, times in (("syscalls", 1), ("udp", 100))
    ]
    text = " ".join(printed(result_of(tmp_path, samples)).split())
    assert "differ by 0.20 instructions (syscalls) and 20.00 (udp) at most: this is the" in text


def test_the_answer_comes_first_and_is_of_each_workload(tmp_path: Path) -> None:
    """Another operation has another size: the dearest of all would always be of the largest."""
    samples = [
        replace(s, workload=workload, metrics={INSTRUCTIONS: s.metrics[INSTRUCTIONS] * times})
        for s in all_samples()
        for workload, times in (("syscalls", 1), ("files", 100))
    ]
    text = " ".join(printed(result_of(tmp_path, samples)).split())
    assert text.startswith(
        "site costs syscalls most, 520.4 instructions per operation more than no-audit. "
        "site costs files most, 52,039.0 more. Counted under Linux"
    )


def test_loading_rules_is_compared_to_no_reference_and_is_no_floor(tmp_path: Path) -> None:
    result = with_lives(tmp_path)
    lives = [cell for cell in result.cells if cell.metric in OF_RULES]
    assert [cell.difference for cell in lives] == [None, None]
    assert result.floor == pytest.approx(0.2)


def test_what_events_cost_is_shown_where_there_are_any(tmp_path: Path) -> None:
    """A scenario without events has them as zeros in the document, and not on the page."""
    samples = [
        replace(s, metrics={**s.metrics, KAUDITD: cost, EVENTS: events})
        for s in all_samples()
        for cost, events in [(13_800.0, 1.0) if s.scenario == "site" else (0.0, 0.0)]
    ]
    result = result_of(tmp_path, samples)
    assert len([c for c in result.cells if c.metric == KAUDITD]) == len(COUNTS)
    text = page_markdown(count_page(result))
    assert "Instructions of kauditd per operation" in text
    assert "13,800.0" in text
    (row,) = [line for line in text.splitlines() if "13,800.0" in line]
    assert "site" in row
    assert "Events per operation" in text


def test_a_run_without_events_says_nothing_of_them(tmp_path: Path) -> None:
    samples = [replace(s, metrics={**s.metrics, KAUDITD: 0.0}) for s in all_samples()]
    assert "kauditd" not in page_markdown(count_page(result_of(tmp_path, samples)))
