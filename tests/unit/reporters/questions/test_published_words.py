"""Published measurements beside those of this host, on every medium."""

from __future__ import annotations

import json
from dataclasses import replace
from html import unescape
from pathlib import Path

import jsonschema
import msgspec
import pytest

from harness.answers.result import make_result, make_view
from harness.model.stored.published import Published
from harness.reporters.answer import answer_parts, answered
from harness.reporters.documents.result import result_document
from harness.reporters.html.page import report_html
from harness.reporters.plots.catalog import PLOTS
from harness.reporters.pull_request import pull_request_page
from harness.reporters.render.markdown import page_markdown
from harness.reporters.result import result_page
from harness.store import StoredRun
from tests.support.runs import made_up_run
from tests.support.schemas import schema


def row(name: str, scenario: str, ratio: float) -> Published:
    return Published(
        name=name,
        source="a list",
        set_up="a machine",
        found="1 to 2 µs",
        ratio=ratio,
        workload="udp",
        scenario=scenario,
        why="it is long ago",
    )


ROWS = (
    row("A 2001", "rules", 2.4),
    row("B 2002", "disabled", 3.0),
    row("C 2003", "disabled", 0.5),
    row("D 2004", "not-there", 2.0),
)


@pytest.fixture
def stored(tmp_path: Path) -> StoredRun:
    run = made_up_run(tmp_path / "m" / "r")
    plan = msgspec.structs.replace(run.plan, asked="published", published=ROWS)
    return replace(run, plan=plan)


def test_how_many_are_found_again_is_the_first_sentence(stored: StoredRun) -> None:
    result = make_result(stored)
    assert answered(result) == "published"
    assert answer_parts(result).first == (
        "Of 4 published measurements 1 is found again here in direction and size, 1 in direction "
        "only, 1 is not, 1 stays open."
    )


def test_each_row_says_both_and_why_they_may_differ(stored: StoredRun) -> None:
    first, second, third, last = answer_parts(make_result(stored)).cells
    assert first.startswith("A 2001 (a machine): 1 to 2 µs, ratio 2.400; here 6.0")
    assert "same direction and size. It may differ because it is long ago." in first
    assert "same direction, less than half the change" in second
    assert "other direction" in third
    assert last == "D 2004 (a machine): 1 to 2 µs, ratio 2.000; not measured here."


def test_every_report_has_the_rows(stored: StoredRun) -> None:
    view = make_view(stored)
    document = json.loads(json.dumps(result_document(view.result)))
    jsonschema.validate(document, schema("result"))
    agreements = [each["agreement"] for each in document["published"]]
    assert agreements == ["same", "smaller", "opposite", "not-measured"]
    for page in (result_page(view.result), pull_request_page(view.result)):
        text = page_markdown(page)
        assert "Published and found here" in text
        assert "it is long ago" in text
    html = unescape(report_html([view], PLOTS))
    assert "What others found of Linux audit, redone" in html
    assert "same direction and size" in html


def test_whether_events_were_lost_is_told(stored: StoredRun) -> None:
    assert "None lost in 6 trials." in answer_parts(make_result(stored)).notes
    unknown = {"generated": None, "suppressed": None, "refused": None, "lost": 7}
    samples = tuple(
        replace(sample, ledger=replace(sample.ledger, **unknown))  # type: ignore[arg-type]
        if sample.scenario == "rules"
        else sample
        for sample in stored.samples
    )
    notes = answer_parts(make_result(replace(stored, samples=samples))).notes
    assert "Events were lost, of how many is not known: rules (6 of 6 trials)." in notes


def test_a_plan_without_rows_is_answered_with_the_cost(tmp_path: Path) -> None:
    result = make_result(made_up_run(tmp_path / "m" / "r"))
    assert result.redone == ()
    assert answered(result) == "cost"
