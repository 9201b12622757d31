"""What a result looks like, and that its document is what the schema says."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from rich.console import Console

from harness.answers.result import make_result
from harness.model.result import Result, Verdict
from harness.model.run import Ledger
from harness.reporters.answer import answer
from harness.reporters.documents.result import result_document
from harness.reporters.html.headline import headline
from harness.reporters.live.plain import PlainProgress
from harness.reporters.parts.ledger import equation, ledgers_page, received, unknowns
from harness.reporters.questions.cost import cost_words
from harness.reporters.render.terminal import render_page
from harness.reporters.result import result_page
from harness.reporters.units import (
    count,
    difference,
    duration,
    interval,
    metric_value,
    milliseconds,
    percent,
    ratio,
    share,
)
from tests.support.runs import COSTS_NS, made_up_run

SCHEMA = json.loads(
    (Path(__file__).parents[3] / "docs/schema/result.schema.json").read_text(encoding="utf-8")
)


@pytest.fixture
def result(tmp_path: Path) -> Result:
    return make_result(made_up_run(tmp_path / "h-1" / "run"))


def rendered(result: Result, *, width: int = 80, terminal: bool = False) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=terminal)
    render_page(result_page(result), console)
    return stream.getvalue()


def test_units() -> None:
    assert [duration(ns) for ns in (0.0, 0.5, 12.34, 6_240, 1_234_000, 2.5e9)] == [
        "0",
        "0.50 ns",
        "12.3 ns",
        "6.24 µs",
        "1.23 ms",
        "2.50 s",
    ]
    assert duration(None) == count(None) == ratio(None) == interval(None, 1) == "–"
    assert (count(1234567.0), ratio(1.23456), ratio(12.34)) == ("1,234,567", "1.235", "12.3")
    assert (percent(1.042), percent(2.5), percent(0.9)) == ("+4.2 %", "+150 %", "−10.0 %")
    assert (duration(-6_240.0), share(-0.0649), count(-9)) == ("−6.24 µs", "−6.49 %", "−9")
    assert metric_value(-0.5, "%") == "−0.5 %"
    assert (milliseconds(0.0), milliseconds(12.5)) == ("0", "12.5 ms")


@pytest.mark.parametrize(("of", "expected"), [(1.036, "+749 ns"), (0.9, "−2.08 µs"), (1.0, "+0")])
def test_a_difference_has_the_sign_of_its_percentage(of: float, expected: str) -> None:
    assert difference(20_800.0, of) == expected
    assert difference(20_800.0, of)[0] == percent(of)[0]


@pytest.mark.parametrize("verdict", ["worse", "better", "equal", "inconclusive"])
def test_no_cost_has_two_signs(verdict: Verdict, result: Result) -> None:
    """The estimates are means of their own, and may lie the other way round than the ratio."""
    compared = next(
        c for c in result.comparisons if c.metric == result.primary and c.cell.scenario == "rules"
    )
    changed = replace(compared, estimate=711e3, reference=749e3, ratio=1.036, verdict=verdict)
    assert "−" not in cost_words(changed, "call")
    comparisons = tuple(changed if c is compared else c for c in result.comparisons)
    cards = headline(replace(result, comparisons=comparisons)).cards
    (cost,) = [line.cost for card in cards for line in card.lines if line.change == "+3.6 %"]
    assert cost.startswith("+27.0 µs per ")


def test_document_is_what_the_schema_says(result: Result) -> None:
    document = json.loads(json.dumps(result_document(result)))
    jsonschema.validate(document, SCHEMA)
    rules = [c for c in document["comparisons"] if c["scenario"] == "rules"]
    assert {c["metric"]: c["verdict"] for c in rules}["elapsed_ns_per_op"] == "worse"
    ledger = next(entry for entry in document["ledgers"] if entry["scenario"] == "rules")
    assert (ledger["generated"], ledger["complete"], ledger["operations"]) == (6000, 6000, 6000)


def test_schema_refuses_what_it_does_not_know(result: Result) -> None:
    document = result_document(result)
    del document["ledgers"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(json.dumps(document)), SCHEMA)


def test_tables_fit_80_columns_and_name_every_scenario(result: Result) -> None:
    text = rendered(result)
    assert max(map(len, text.splitlines())) <= 80
    for scenario in COSTS_NS:
        assert len(re.findall(rf"^{re.escape(scenario)}  ", text, re.MULTILINE)) >= 2
    assert "no events: no-audit, " in text
    assert "\x1b" not in text
    assert "Noise floor" in text


def test_cells_come_in_the_order_of_the_plan(result: Result) -> None:
    seen = list(dict.fromkeys(comparison.cell.scenario for comparison in result.comparisons))
    assert seen == list(COSTS_NS)


def test_no_color_is_honoured(result: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[3" in rendered(result, terminal=True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in rendered(result, terminal=True)


def test_answer_says_cost_and_loss(result: Result) -> None:
    text = answer(result)
    assert "rules +149 %" in text
    assert "no-rules" in text
    assert "All 6,000 expected events arrived whole." in text
    assert "-aa" not in text


def test_answer_on_loss(result: Result) -> None:
    ledgers = tuple(
        replace(entry, total=replace(entry.total, complete=5_990))
        if entry.total.generated
        else entry
        for entry in result.ledgers
    )
    assert "10 did not arrive whole" in answer(replace(result, ledgers=ledgers))


def test_answer_does_not_call_lost_what_nobody_looked_for(result: Result) -> None:
    ledgers = tuple(
        replace(entry, total=replace(entry.total, complete=None, partial=None))
        for entry in result.ledgers
    )
    assert "whole" not in answer(replace(result, ledgers=ledgers))


def test_names_from_outside_are_no_markup(result: Result) -> None:
    odd = "[red]x[/red]"
    comparisons = tuple(
        replace(c, cell=replace(c.cell, scenario=odd)) if c.cell.scenario == "rules" else c
        for c in result.comparisons
    )
    assert odd in rendered(replace(result, comparisons=comparisons), width=120)


def test_a_line_says_where_events_went() -> None:
    whole = Ledger(generated=5, complete=5, partial=0, lost=0, unexplained=0)
    assert equation(whole) == ""
    lossy = replace(whole, complete=2, partial=1, refused=2, lost=3)
    assert equation(lossy) == "5 generated = 2 complete + 1 partial + 2 refused"
    assert (received(whole), received(lossy)) == (5, 3)
    assert received(replace(whole, complete=None)) is None


def test_trust(result: Result) -> None:
    assert result.trustworthy
    assert not replace(result, comparisons=()).trustworthy
    open_ledger = replace(
        result.ledgers[0],
        total=Ledger(generated=5, complete=4, partial=0, lost=0, unexplained=1),
    )
    assert not replace(result, ledgers=(open_ledger,)).trustworthy


def test_progress(tmp_path: Path) -> None:
    stream = io.StringIO()
    run = made_up_run(tmp_path / "run", blocks=1)
    shown = PlainProgress(Console(file=stream, width=80))
    shown.begin(6)
    for sample in run.samples:
        shown.trial_begins(sample)  # type: ignore[arg-type]
        shown.pulse(12, 0)
        shown.trial_ends(replace(sample, valid=sample.index != 3, invalid_reason="it died"))
        if sample.index % 6 == 5:
            shown.block_ends(12)  # more than at first: the interval was too wide
    shown.end()
    text = stream.getvalue()
    assert "failed: it died" in text
    assert "warm-up: 6/12 trials" in text
    assert "block 1: 12/12 trials" in text


def test_the_full_ledger_shows_every_term_and_what_it_cannot_know(result: Result) -> None:
    unsure = tuple(
        replace(entry, total=replace(entry.total, refused=3, refused_low=1, refused_high=9))
        for entry in result.ledgers
    )
    stream = io.StringIO()
    page = ledgers_page(replace(result, ledgers=unsure))
    render_page(page, Console(file=stream, width=80))
    text = stream.getvalue()
    assert "udp × rules × assemble: 6 trials, 6,000 operations" in text
    assert "3  events refused (`lost` allows 1 to 9)" in text
    assert "is the remainder of the other terms" in text
    assert "–  events suppressed" in text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"generated": None}, "generated and unexplained are unknown"),
        ({"complete": None}, "the consumer does not assemble events"),
        ({"suppressed": None}, "suppressed is unknown"),
        ({"refused_high": 1}, "checked only against these bounds"),
    ],
)
def test_unknown_terms_are_said(changes: dict[str, int | None], words: str) -> None:
    whole = Ledger(
        generated=1, complete=1, partial=0, lost=0, suppressed=0, refused_low=0, refused_high=0
    )
    assert unknowns(whole) == []
    assert words in unknowns(replace(whole, **changes))[0]


def test_trials_that_cancel_are_not_trusted(result: Result) -> None:
    first = replace(result.ledgers[0], trials_unexplained=2)
    assert not replace(result, ledgers=(first,)).trustworthy
