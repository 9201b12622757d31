"""The page of a comparison of runs: every medium says the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.answers.compare.compare import CompareOptions, Side, compare_runs
from harness.answers.result import make_result
from harness.model.caution import Caution
from harness.model.compare import ChangeReport, RunChanges
from harness.model.result import ReportView
from harness.reporters.compare import compare_page
from harness.reporters.html.page import report_html
from harness.reporters.page import Grid
from harness.reporters.render.markdown import page_markdown
from harness.store import StoredRun, load_run
from tests.support.reports.pages import on_a_terminal, require_in_order, text_of, words_of
from tests.support.stored.two_runs import write_run


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[StoredRun]:
    folder = tmp_path_factory.mktemp("results") / "m"
    base = write_run(folder / "1-base", seed=1)
    return [load_run(base), load_run(write_run(folder / "2-lossy", seed=2, lost_share=0.2))]


@pytest.fixture(scope="module")
def report(runs: list[StoredRun]) -> ChangeReport:
    """With cautions, and one verdict that is inconclusive although its interval is not."""
    base, head = runs
    report = compare_runs(Side(base), [Side(head)], CompareOptions())
    (pair,) = report.pairs
    doubted = replace(
        pair.changes[-1].comparison, verdict="inconclusive", ratio=1.5, ci_low=1.4, ci_high=1.6
    )
    changes = (*pair.changes[:-1], replace(pair.changes[-1], comparison=doubted))
    cautions = (Caution("one", "it is loud", "be quiet"), Caution("two", "it is hot"))
    return replace(report, pairs=(replace(pair, changes=changes, cautions=cautions),))


def in_html(report: ChangeReport, runs: list[StoredRun]) -> str:
    views = [ReportView(make_result(run), ()) for run in runs]
    text = report_html(views, {}, report)
    return text[text.index('id="compared"') : text.index('id="r0"')]


def test_every_medium_says_the_same_in_the_same_order(
    report: ChangeReport, runs: list[StoredRun]
) -> None:
    page = compare_page(report)
    words = words_of(page)
    assert len(words) > 15
    assert words[0].startswith("Worse: udp × rules (lost 20 % of the events in 8 of 8 trials, ")
    assert any(line.startswith("Inconclusive although") for line in words)
    assert "Trials that lost events" in words
    require_in_order(words, on_a_terminal(page))
    require_in_order(words, page_markdown(page))
    require_in_order(words, text_of(in_html(report, runs)))


def test_the_page_shows_cautions_together_and_the_plot_before_the_tables(
    report: ChangeReport, runs: list[StoredRun]
) -> None:
    text = in_html(report, runs)
    assert text.count('<ul class="warnings">') == 1
    assert text.count("<figure>") == 1
    assert text.index("it is hot") < text.index("<figure>") < text.index("compared-changes-0-0")


def test_no_plot_where_nothing_was_judged(report: ChangeReport, runs: list[StoredRun]) -> None:
    (pair,) = report.pairs
    references = tuple(change for change in pair.changes if change.is_reference)
    assert references
    text = in_html(replace(report, pairs=(replace(pair, changes=references),)), runs)
    assert "<figure>" not in text
    assert "compared-changes-0-0" in text


def test_several_heads_have_names_of_their_own(report: ChangeReport) -> None:
    pairs: tuple[RunChanges, ...] = report.pairs * 2
    page = compare_page(replace(report, pairs=pairs))
    names = [part.name for part in page.parts if isinstance(part, Grid)]
    assert len(names) == len(set(names)) == 6
