"""The first three lines of a result answer what was asked, on a terminal, in Markdown, on the page
and in JSON; a test for each answer that once misled.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from harness.answers.result import make_result
from harness.model.result import ReportView, Result
from harness.model.run import Sample
from harness.model.stored.plan import StoredPlan
from harness.reporters.documents.result import result_document
from harness.reporters.html.page import report_html
from harness.reporters.render.markdown import page_markdown
from harness.reporters.render.terminal import render_page
from harness.reporters.result import result_page
from harness.store import StoredRun, load_run
from tests.support.runs import OPS, made_up_run
from tests.support.stored.unmatched_runs import FORESEEN, LOGIN, eventless, run_with_rules

Change = Callable[[Sample], Sample]
WIDTH = 80


@pytest.fixture
def stored(tmp_path: Path) -> StoredRun:
    return made_up_run(tmp_path / "h-1" / "run")


def result_of(stored: StoredRun, change: Change = lambda s: s, **plan: Any) -> Result:
    read = StoredPlan.read({**stored.plan.document, **plan})
    samples = tuple(change(sample) for sample in stored.samples)
    return make_result(replace(stored, plan=read, samples=samples))


def require_first(result: Result, *words: str) -> None:
    """Each of the words in the first three lines of the terminal, and first on the other media."""
    file = io.StringIO()
    render_page(result_page(result), Console(file=file, width=WIDTH))
    terminal = " ".join(" ".join(file.getvalue().splitlines()[:3]).split())
    markdown = page_markdown(result_page(result)).split("\n\n")[1]
    page = unescape(report_html([ReportView(result, ())], {}))
    (paragraph,) = re.findall(r'<p class="first">(.*?)</p>', page)
    answer = str(result_document(result)["answer"])
    for each in words:
        assert each in terminal
        assert each in markdown.replace("\\", "")
        assert each in paragraph
        assert each in answer
    assert answer.startswith(paragraph)
    assert page.index('<p class="first">') < page.index('<div class="cards')


def in_scenario(name: str, **terms: int) -> Change:
    def change(sample: Sample) -> Sample:
        if sample.scenario != name:
            return sample
        return replace(sample, ledger=replace(sample.ledger, **terms))  # type: ignore[arg-type]

    return change


def test_an_exclusion_that_keeps_nothing_back_says_so(stored: StoredRun) -> None:
    change = in_scenario("rules+exclude-exe", generated=OPS, suppressed=0, complete=OPS)
    require_first(result_of(stored, change), "rules+exclude-exe kept nothing back")


def test_an_exclusion_that_pays_says_how_much(stored: StoredRun) -> None:
    words = "rules+exclude-exe gives back 86.6 % of what rules costs in udp."
    require_first(result_of(stored), "udp takes up to 149 % longer (rules).", words)


def test_an_exclusion_without_its_rules_says_what_to_add(stored: StoredRun) -> None:
    kept = tuple(sample for sample in stored.samples if sample.scenario != "rules")
    result = result_of(replace(stored, samples=kept))
    require_first(result, "What rules+exclude-exe gains is not known", "add the scenario rules.")


def test_a_file_of_which_nothing_matched_has_no_price(tmp_path: Path) -> None:
    folder = run_with_rules(
        tmp_path / "h-1" / "run", eventless("rules"), matching=[FORESEEN], login=LOGIN
    )
    result = make_result(load_run(folder))
    words = "rules: nothing matched (udp); of its 40 rules 20 need another euid"
    require_first(result, words, "3 need another auid")


def test_a_cell_that_lost_is_lost_whatever_its_speed(stored: StoredRun) -> None:
    def losing(sample: Sample) -> Sample:
        fast = {name: value / 5 for name, value in sample.metrics.items()}
        lost = in_scenario("rules", suppressed=0, complete=877, refused=123, lost=123)(sample)
        return replace(lost, metrics=fast) if sample.scenario == "rules" else sample

    loss = result_of(stored, losing, question="loss")
    require_first(loss, "Events were lost in rules (12.3 % of them)")
    require_first(result_of(stored, losing, question="cost"), "1 of 3 cells lost events")
    shown = page_markdown(result_page(loss))
    assert "✗ lost" in shown
    assert "▼ better" not in shown


def test_a_paced_load_is_answered_with_loss_and_with_the_rate_it_kept(stored: StoredRun) -> None:
    def paced(sample: Sample) -> Sample:
        elapsed = {"elapsed_ns_per_op": 100_000.0 if sample.scenario == "rules" else 50_000.0}
        return replace(sample, metrics={**sample.metrics, **elapsed})

    result = result_of(stored, paced, question="loss", rate_per_s=20_000)
    require_first(
        result,
        "No events were lost in any of 1 cell",
        "1 of 6 cells did not keep up 20,000 operations per second: rules 10,000.",
    )


def test_a_ranking_begins_with_the_cheapest(stored: StoredRun) -> None:
    def two(sample: Sample) -> Sample:
        if sample.scenario not in ("rules", "disabled"):
            return sample
        dear = sample.scenario == "disabled"
        metrics = {**sample.metrics, "cpu_consumer_ns_per_event": 30_000.0 if dear else 3_000.0}
        consumer = "store" if dear else sample.consumer
        ledger = replace(sample.ledger, suppressed=0, generated=OPS, complete=OPS)
        return replace(sample, scenario="rules", consumer=consumer, metrics=metrics, ledger=ledger)

    result = result_of(stored, two, question="ranking", consumers=["assemble", "store"])
    require_first(result, "udp: assemble needs the least CPU per event (3.00 µs), store the most")


def test_a_run_of_nothing_but_the_reference_says_so(stored: StoredRun) -> None:
    """As where a state that was asked for cannot be entered on this host."""
    kept = tuple(s for s in stored.samples if s.scenario.startswith("no-audit"))
    require_first(
        result_of(replace(stored, samples=kept)),
        "Nothing was measured but the reference (no audit).",
    )
