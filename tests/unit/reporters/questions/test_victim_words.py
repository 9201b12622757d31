"""What an innocent load felt, in the same words on every medium."""

from __future__ import annotations

import json
from dataclasses import replace
from html import unescape
from pathlib import Path

import jsonschema
import pytest

from harness.answers.result import make_result, make_view
from harness.reporters.answer import answer_parts, answered
from harness.reporters.documents.result import result_document
from harness.reporters.html.page import report_html
from harness.reporters.plots.catalog import PLOTS
from harness.reporters.plots.picture import svg_text
from harness.reporters.pull_request import pull_request_page
from harness.reporters.render.markdown import page_markdown
from harness.reporters.result import result_page
from harness.store import StoredRun
from tests.support.runs import made_up_run
from tests.support.schemas import schema
from tests.support.stored.victim_runs import Felt, run_with_victim

STALLED = {
    "alone": Felt(0.05, 0.2),
    "no-audit": Felt(0.1, 4.0),
    "rules": Felt(0.11, 5.0),
    "stalled": Felt(300.0, 500.0, waiting=20.0, longest_waiting=97.0),
}


@pytest.fixture
def stored(tmp_path: Path) -> StoredRun:
    return run_with_victim(tmp_path / "m" / "r", STALLED)


def test_the_longest_stall_and_its_waiting_are_the_first_sentence(stored: StoredRun) -> None:
    result = make_result(stored)
    assert answered(result) == "victim"
    assert result.primary == "victim_latency_p99_ns"
    assert answer_parts(result).first == (
        "Beside connect with audit, the longest stall of an innocent udp load was 504 ms "
        "(stalled), 97 % of it waiting for room in the backlog; without audit it was 4.03 ms; "
        "alone 202 µs. Its p99 against no audit: rules +10.0 % (worse), stalled +299900 % (worse)."
    )


def test_waiting_that_was_not_seen_is_not_called_none(tmp_path: Path) -> None:
    unseen = Felt(3.0, 5.0, waiting=None, longest_waiting=None)
    made = {"no-audit": Felt(0.1, 1.0), "rules": unseen}
    result = make_result(run_with_victim(tmp_path / "m" / "r", made))
    first = answer_parts(result).first
    assert "5.04 ms (rules), of which it is not known how much was waiting; without" in first
    (_, rules) = result.victims
    assert rules.waiting_share is None
    assert rules.longest_waiting_share is None


def test_without_a_cell_with_audit_it_says_so(tmp_path: Path) -> None:
    made = {"alone": Felt(0.05, 0.2), "no-audit": Felt(0.1, 1.0)}
    first = answer_parts(make_result(run_with_victim(tmp_path / "m" / "r", made))).first
    assert first == "udp beside connect was measured without audit only."


def test_without_the_load_without_audit_nothing_is_called_open(stored: StoredRun) -> None:
    kept = tuple(sample for sample in stored.samples if sample.scenario != "no-audit")
    first = answer_parts(make_result(replace(stored, samples=kept))).first
    assert first.endswith(
        "alone 202 µs. Its p99 against no audit: rules not compared, stalled not compared."
    )


@pytest.mark.parametrize("name", ["p50", "p99", "p999"])
def test_a_victim_that_lacks_a_number_is_left_out(stored: StoredRun, name: str) -> None:
    damaged = tuple(
        replace(sample, metrics={n: v for n, v in sample.metrics.items() if f"_{name}_" not in n})
        if sample.scenario == "rules"
        else sample
        for sample in stored.samples
    )
    result = make_result(replace(stored, samples=damaged))
    assert [each.cell.scenario for each in result.victims] == ["alone", "no-audit", "stalled"]
    assert "504 ms (stalled)" in answer_parts(result).first


def test_every_cell_is_in_every_report(stored: StoredRun) -> None:
    view = make_view(stored)
    document = json.loads(json.dumps(result_document(view.result)))
    jsonschema.validate(document, schema("result"))
    cells = {each["scenario"]: each for each in document["victims"]}
    assert list(cells) == list(STALLED)
    assert cells["alone"]["alone"]
    assert cells["no-audit"]["is_reference"]
    assert cells["stalled"]["longest_waiting_share"] == 0.97
    markdown = page_markdown(result_page(view.result))
    for text in (markdown, page_markdown(pull_request_page(view.result))):
        assert "What the victim felt" in text
        assert "504 ms | 97 %" in text
    html = unescape(report_html([view], PLOTS))
    assert "The innocent load beside the noisy one" in html
    assert "What Linux audit does to a neighbour" in html
    assert "97 % of it waiting for room in the backlog" in html


def test_the_plot_has_the_victims_latency_and_not_the_loads(stored: StoredRun) -> None:
    view = make_view(stored)
    plot = PLOTS["victim"]
    rows = list(plot.table(view).records())
    longest = {row["scenario"]: row["latency_at_most_ns"] for row in rows}
    assert longest == {
        name: pytest.approx(felt.longest_ms * 1e6, rel=0.01) for name, felt in STALLED.items()
    }
    assert "udp beside it" in svg_text(plot.draw(view))
    assert PLOTS["latency"].unavailable(view)
    assert "longest 500 ms" in plot.describe(view)


def test_a_run_without_a_victim_has_none_of_it(tmp_path: Path) -> None:
    view = make_view(made_up_run(tmp_path / "m" / "r"))
    assert view.result.victims == ()
    assert PLOTS["victim"].unavailable(view) == "this run has no victim"
    html = unescape(report_html([view], PLOTS))
    assert "The innocent load beside the noisy one" not in html
