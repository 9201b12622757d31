"""The answer to how the cost grows with the producers, in the same words on every medium."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from harness.answers.result import make_result, make_view
from harness.reporters.answer import answer_parts, answered
from harness.reporters.documents.result import result_document
from harness.reporters.html.page import report_html
from harness.reporters.plots.catalog import PLOTS
from harness.reporters.plots.picture import picture_bytes, svg_text
from harness.reporters.render.markdown import page_markdown
from harness.reporters.result import result_page
from harness.store import StoredRun
from tests.support.runs import made_up_run
from tests.support.schemas import schema
from tests.support.stored.worker_runs import Made, run_of_workers

SVG = "{http://www.w3.org/2000/svg}"


def first(stored: StoredRun) -> str:
    return answer_parts(make_result(stored)).first


@pytest.fixture
def stored(tmp_path: Path) -> StoredRun:
    made = {1: Made(2200.0, noise=0.0), 2: Made(2900.0, noise=0.0, waited=0.12)}
    return run_of_workers(tmp_path / "m" / "r", made)


def test_the_price_with_each_number_is_the_first_sentence(stored: StoredRun) -> None:
    assert first(stored) == (
        "With 2 producers at once udp costs 1.90 µs more per operation under rules, with 1 1.20 µs "
        "more; the price grows by 700 ns (700 ns to 700 ns); with 2, producers wait for room "
        "in the backlog 12 % of the time."
    )


def test_from_which_number_on_the_backlog_is_full(tmp_path: Path) -> None:
    made = {1: Made(2000.0), 2: Made(3000.0, waited=0.1), 4: Made(4000.0, waited=0.3)}
    words = first(run_of_workers(tmp_path / "m" / "r", made))
    assert "from 2 on, producers wait for room in the backlog 10 %, 30 % of the time" in words


def test_waiting_that_is_hardly_any_is_not_called_none(tmp_path: Path) -> None:
    made = {1: Made(2000.0), 2: Made(2000.0, waited=0.01)}
    assert "at most 1 % of the time is waiting" in first(run_of_workers(tmp_path / "m" / "r", made))
    none = {1: Made(2000.0), 2: Made(2000.0)}
    assert "none of the time is waiting" in first(run_of_workers(tmp_path / "m" / "n", none))


def test_events_that_were_lost_are_told_with_the_number(tmp_path: Path) -> None:
    made = {1: Made(2000.0), 2: Made(2000.0, lost=3)}
    words = first(run_of_workers(tmp_path / "m" / "r", made))
    assert "with 2, events were lost in 8 of 8 trials" in words


@pytest.mark.parametrize(
    ("made", "blocks", "words"),
    [
        ({1: Made(2000.0, noise=0.5), 2: Made(2200.0, noise=0.5)}, 8, r"is inconclusive \(.* in 8"),
        ({1: Made(2000.0), 2: Made(2600.0)}, 1, "is inconclusive from 1 block"),
        ({1: Made(2000.0), 2: Made(2000.0)}, 8, "the price stays equal"),
        ({1: Made(3000.0), 2: Made(2000.0)}, 8, "the price shrinks by"),
        ({1: Made(1000.0), 2: Made(1000.0)}, 8, r"costs no more \(within 2 %\) per operation"),
        ({1: Made(2000.0, noise=0.9), 2: Made(2000.0, noise=0.9)}, 8, "inconclusive"),
    ],
)
def test_what_is_inconclusive_is_said(
    tmp_path: Path, made: dict[int, Made], blocks: int, words: str
) -> None:
    assert re.search(words, first(run_of_workers(tmp_path / "m" / "r", made, blocks=blocks)))


def test_one_cpu_has_nothing_to_compare(tmp_path: Path) -> None:
    stored = run_of_workers(tmp_path / "m" / "r", {1: Made(2000.0)}, cpus=(0,))
    words = first(stored)
    assert words.startswith("One CPU here: nothing to compare. With 1 producer udp costs ")
    assert "grow" not in words


def test_one_number_on_several_cpus_is_said_to_be_the_only_one(tmp_path: Path) -> None:
    stored = run_of_workers(tmp_path / "m" / "r", {2: Made(2000.0)})
    assert first(stored).startswith("Only 2 producers were measured: nothing to compare.")


def test_a_consumer_that_shares_a_cpu_is_told(tmp_path: Path) -> None:
    made = {1: Made(2000.0), 2: Made(2000.0)}
    on_two = answer_parts(make_result(run_of_workers(tmp_path / "m" / "r", made, cpus=(0, 1))))
    assert "With 2 producers on 2 CPUs the consumer shares a CPU" in on_two.rest
    on_four = answer_parts(make_result(run_of_workers(tmp_path / "m" / "s", made)))
    assert "shares a CPU" not in on_four.rest


def test_a_run_without_numbers_is_answered_with_the_cost(tmp_path: Path) -> None:
    result = make_result(made_up_run(tmp_path / "m" / "r"))
    assert answered(replace(result, question="scaling")) == "cost"


def test_a_table_that_cannot_tell_says_so_in_a_sentence(tmp_path: Path) -> None:
    made = {1: Made(3000.0, noise=0.5), 2: Made(3200.0, noise=0.5)}
    view = make_view(run_of_workers(tmp_path / "m" / "r", made))
    text = page_markdown(result_page(view.result))
    assert "From 1 to 2 whether the price grows is inconclusive: " in text


def test_every_medium_has_the_sentence_and_the_table(stored: StoredRun) -> None:
    view, words = make_view(stored), first(stored)
    markdown = page_markdown(result_page(view.result))
    page = unescape(report_html([view], {}))
    for medium in (markdown, page):
        assert words in medium
        assert "By producers at once: udp × rules" in medium
        assert "From 1 to 2 the price grows" in medium
    assert "2 producers" in page
    document = json.loads(json.dumps(result_document(view.result)))
    jsonschema.validate(document, schema("result"))
    assert [point["producers"] for point in document["scaling"]] == [1, 2]
    assert document["scaling"][1]["growth"] == "grows"
    assert document["question"] == "scaling"
    assert document["answer"].startswith(words)


def drawn(stored: StoredRun, *, dark: bool = False) -> list[str]:
    svg = svg_text(PLOTS["scaling"].draw(make_view(stored), dark=dark))
    return ["".join(text.itertext()) for text in ET.fromstring(svg).iter(f"{SVG}text")]


def test_the_picture_has_each_number_its_price_and_its_waiting(stored: StoredRun) -> None:
    plot, view = PLOTS["scaling"], make_view(stored)
    assert plot.unavailable(view) is None
    shown = drawn(stored)
    assert {"1", "2", "producers at once", "12 %", "rules", "udp"} <= set(shown)
    assert drawn(stored, dark=True) == shown
    assert picture_bytes(plot.draw(view), "svg") == picture_bytes(plot.draw(view), "svg")
    rows = list(plot.table(view).records())
    assert [(row["scenario"], row["producers"]) for row in rows] == [("rules", 1), ("rules", 2)]
    assert [row["price_ns"] for row in rows] == [p.price_ns for p in view.result.scaling]
    assert "with 2 +1.90 µs (1.90 µs to 1.90 µs), 12 % of the time waiting" in plot.describe(view)
    assert plot.unavailable(view, "connect")


def test_a_price_below_nothing_and_a_single_number_are_drawn(tmp_path: Path) -> None:
    cheaper = run_of_workers(tmp_path / "m" / "r", {1: Made(500.0), 2: Made(900.0)})
    assert "producers at once" in drawn(cheaper)
    alone = run_of_workers(tmp_path / "m" / "s", {1: Made(1000.0, noise=0.0)})
    assert "producers at once" in drawn(alone)


def test_a_run_that_compares_no_numbers_has_no_such_picture(tmp_path: Path) -> None:
    view = make_view(made_up_run(tmp_path / "m" / "r"))
    assert "numbers of workers" in (PLOTS["scaling"].unavailable(view) or "")
    assert "Price by producers" not in report_html([view], PLOTS)


def test_the_page_has_the_picture(stored: StoredRun) -> None:
    page = report_html([make_view(stored)], PLOTS)
    assert "Price by producers at once, udp. The text and data below say the same." in page
