"""Intervals, p, q and loss as people and programs read them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from rich.console import Console

from harness.answers.result import make_result
from harness.model.result import Result
from harness.model.stored.plan import StoredPlan
from harness.reporters.answer import answer
from harness.reporters.documents.result import result_document
from harness.reporters.page import Page
from harness.reporters.render.terminal import render_page
from harness.reporters.result import details_page, result_page
from harness.reporters.units import probability, share
from harness.store import load_run
from harness.verbs.show import show_verb
from tests.support.runs import made_up_run

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Result]:
    folder = tmp_path_factory.mktemp("runs")
    return {blocks: make_result(made_up_run(folder / str(blocks), blocks)) for blocks in (3, 6, 20)}


def text_of(page_of: Callable[[Result], Page], result: Result) -> str:
    stream = io.StringIO()
    render_page(page_of(result), Console(file=stream, width=80))
    text = stream.getvalue()
    assert max(map(len, text.splitlines())) <= 80
    return text


def test_the_details_have_every_metric_with_p_and_q(results: dict[int, Result]) -> None:
    text = text_of(details_page, results[20])
    for metric in ("elapsed_ns_per_op", "cpu_total_ns_per_op", "cpu_workload_ns_per_op"):
        assert f"\n{metric}\n" in text
    assert "BCa" in text
    assert "Student's t" not in text.replace("mean and Student's t", "")
    rules = next(line for line in text.splitlines() if line.startswith("rules "))
    assert "<.0001  <.0001  ▲ worse" in rules
    assert "Student's t       p" in text_of(details_page, results[6])


def test_open_verdicts_say_what_would_decide_them(results: dict[int, Result]) -> None:
    comparisons = tuple(
        replace(c, verdict="inconclusive", detectable=0.042, blocks_needed=23)
        if c.cell.scenario == "disabled"
        else c
        for c in results[6].comparisons
    )
    text = text_of(result_page, replace(results[6], comparisons=comparisons))
    assert "disabled 4.2 %, +17" in " ".join(text.split())
    assert "would decide" not in text_of(result_page, results[6])


def test_the_document_has_them_all_and_is_what_the_schema_says(results: dict[int, Result]) -> None:
    schema = json.loads((ROOT / "docs/schema/result.schema.json").read_text(encoding="utf-8"))
    for blocks, result in results.items():
        document = json.loads(json.dumps(result_document(result)))
        jsonschema.validate(document, schema)
        rules = next(
            c
            for c in document["comparisons"]
            if (c["scenario"], c["metric"]) == ("rules", "elapsed_ns_per_op")
        )
        assert (rules["bca_low"] is not None) == (blocks >= 20)
        assert (rules["t_low"] == rules["ci_low"]) == (blocks < 6)
        assert rules["p"] == pytest.approx({3: 0.25, 6: 2 / 64, 20: 2 / 2**20}[blocks])
        loss = next(entry for entry in document["losses"] if entry["scenario"] == "rules")
        assert (loss["trials"], loss["trials_with_loss"], loss["verdict"]) == (
            blocks,
            0,
            "equal",
        )


def test_what_none_lost_cannot_exclude_is_said_in_the_details(results: dict[int, Result]) -> None:
    """Under a table of zeros a share of trials alarms readers who did not ask for it."""
    assert "None lost in 20 trials." in answer(results[20])
    shown = text_of(result_page, results[20])
    assert "none lost in 20 trials: rules\n" in shown
    assert "lose any" not in answer(results[20]) + shown
    details = text_of(details_page, results[20])
    assert "none lost in 20 trials: at most 16.8 % of trials lose any (95 %): rules\n" in details


def test_loss_is_told_by_cell(results: dict[int, Result]) -> None:
    losses = tuple(
        replace(
            loss,
            trials_with_loss=4,
            share=0.2,
            share_low=0.057,
            share_high=0.437,
            loss_ratio=0.031,
            difference_low=0.012,
            difference_high=0.05,
            verdict="worse",
        )
        if loss.cell.scenario == "rules"
        else loss
        for loss in results[20].losses
    )
    result = replace(results[20], losses=losses)
    assert "None lost" not in answer(result)
    shown = " ".join(text_of(result_page, result).split())
    assert (
        "rules: lost in 4 of 20 trials (5.7 % to 43.7 %), 3.1 % of the events, worse than the "
        "reference (by 1.2 % to 5 %)" in shown
    )


def test_margins_of_the_plan_reach_the_comparisons(tmp_path: Path) -> None:
    stored = made_up_run(tmp_path / "run")
    plan = StoredPlan.read(stored.plan.document | {"margins": {"cpu_workload_ns_per_op": 0.1}})
    found = {c.metric: c.margin for c in make_result(replace(stored, plan=plan)).comparisons}
    assert found["cpu_workload_ns_per_op"] == 0.1
    assert found["elapsed_ns_per_op"] == 0.02


def test_show_details(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "h-1" / "run"
    made_up_run(folder)
    assert load_run(folder).samples
    assert show_verb(str(folder), details=True) == 0
    assert "cpu_total_ns_per_op" in capsys.readouterr().out


def test_small_and_large_numbers() -> None:
    assert [probability(p) for p in (None, 0.5, 0.0001, 0.00002)] == [
        "–",
        "0.5000",
        "0.0001",
        "<.0001",
    ]
    assert [share(value) for value in (None, 0.0, 0.168, 0.00003, 10.8)] == [
        "–",
        "0 %",
        "16.8 %",
        "0.003 %",
        "1,080 %",
    ]
