"""The page of a report on paper and on a phone, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.answers.compare.compare import CompareOptions, Side, compare_runs
from harness.reporters.html.page import report_html
from harness.reporters.plots.catalog import PLOTS
from harness.store import load_run
from tests.support.command import ROOT
from tests.support.reports.browser import launched, open_all, opened
from tests.support.stored import hostile_runs as hostile
from tests.support.stored.two_runs import write_run

PHONE_WIDTH = 375
PAPER_WIDTH = 703


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched() as found:
        yield found


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One run; and two with their comparison."""
    folder = tmp_path_factory.mktemp("pages")
    runs = [load_run(write_run(folder / "m" / str(seed), seed=seed)) for seed in (1, 2)]
    views = [hostile.view_of(run) for run in runs]
    comparison = compare_runs(Side(runs[0]), [Side(runs[1])], CompareOptions(force=True))
    texts = {
        "one": report_html(views[:1], PLOTS),
        "several": report_html(views, PLOTS, comparison),
    }
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in texts}


STATE = "document.getElementById('main').innerHTML.replaceAll(' open=\"\"', '')"


@pytest.mark.parametrize("name", ["one", "several"])
def test_on_paper_the_tables_come_last(browser: Any, pages: dict[str, Path], name: str) -> None:
    page = opened(browser, pages[name], width=PAPER_WIDTH)
    before = page.evaluate(STATE)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    parts = page.locator("#main > *")
    first, last = parts.first, parts.last
    assert last.locator("h2").first.inner_text().startswith("Tables")
    assert last.locator("table").count() > 2
    # The tables of a comparison are its answer.
    elsewhere = "section:not(.appendix):not([aria-labelledby=compared]) table:visible"
    assert page.locator(elsewhere).count() == 0
    assert bool(first.locator("table:visible").count()) == (name == "several")
    # What is closed on the page is named, what hides an answer is open.
    assert "Every metric" in last.locator("p.note").last.inner_text()
    assert page.locator("details.on-paper:not([open])").count() == 0
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(STATE) == before
    assert page.heard.words == []
    page.close()


def test_links_are_plain_text_on_paper(browser: Any, pages: dict[str, Path]) -> None:
    page = opened(browser, pages["one"], width=PAPER_WIDTH)
    page.emulate_media(media="print")
    look = "e => [getComputedStyle(e).textDecorationLine, getComputedStyle(e, '::after').content]"
    for link in page.locator("#main a:visible").all():
        assert link.evaluate(look) == ["none", "none"]
    assert page.locator("nav:visible, .tools:visible, .bar:visible").count() == 0
    page.close()


def test_a_printed_run_is_short(browser: Any, tmp_path: Path) -> None:
    """Of the reference run of two workloads and seven cells: 16 pages before, 6 now."""
    folder = next(Path(ROOT, "results/reference").glob("overhead-*"))
    target = tmp_path / "overhead.html"
    target.write_text(report_html([hostile.view_of(load_run(folder))], PLOTS), encoding="utf-8")
    page = opened(browser, target)
    printed = page.pdf(format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) <= 6
    page.close()


def test_on_paper_no_heading_is_left_without_what_it_is_of(
    browser: Any, pages: dict[str, Path]
) -> None:
    """A heading above columns stays with them only if their section stays whole; so does a text."""
    page = opened(browser, pages["one"], width=PAPER_WIDTH)
    page.emulate_media(media="print")
    for which, style in (
        ("section:has(> .rules)", "breakInside"),
        ("section > h2 + p", "breakInside"),
        ("p:has(+ pre)", "breakAfter"),
    ):
        found = page.evaluate(
            "([which, style]) => [...document.querySelectorAll(which)]"
            ".map((one) => getComputedStyle(one)[style])",
            [which, style],
        )
        assert set(found) == {"avoid"}, which
    page.close()


def test_a_phone_shows_the_answer_and_opens_the_rest(browser: Any, pages: dict[str, Path]) -> None:
    page = opened(browser, pages["one"], width=PHONE_WIDTH)
    height = page.evaluate("document.documentElement.scrollHeight")
    closed = page.locator("section.closed")
    assert closed.count() > 5
    assert page.locator("section.answer .cards").is_visible()
    assert not page.locator("#r0-host ~ dl").is_visible()
    page.locator("nav a", has_text="Host").click()
    page.locator("#r0-host ~ dl").wait_for(state="visible")
    button = page.locator("#r0-ledger button")
    assert button.get_attribute("aria-expanded") == "false"
    button.focus()
    page.keyboard.press("Enter")
    assert button.get_attribute("aria-expanded") == "true"
    open_all(page)
    assert page.evaluate("document.documentElement.scrollHeight") > 2 * height
    page.set_viewport_size({"width": 1400, "height": 900})
    page.wait_for_function("document.querySelectorAll('.fold').length === 0")
    assert page.heard.words == []
    page.close()


def test_a_phone_breaks_no_name_of_the_answer(browser: Any, tmp_path: Path) -> None:
    folder = next(Path(ROOT, "results/reference").glob("consumers-*"))
    target = tmp_path / "consumers.html"
    target.write_text(report_html([hostile.view_of(load_run(folder))], {}), encoding="utf-8")
    page = opened(browser, target, width=PHONE_WIDTH)
    heights = page.locator(".card .name").evaluate_all("es => es.map(e => e.offsetHeight)")
    assert len(heights) > 15
    assert max(heights) < 2 * min(heights)
    page.close()


def test_names_are_explained_where_they_stand(browser: Any, pages: dict[str, Path]) -> None:
    page = opened(browser, pages["one"], width=PHONE_WIDTH)
    names = page.locator(".answer .legend dt").all_inner_texts()
    assert "no-audit-aa" in names
    assert all(page.locator(".answer .legend dd").all_inner_texts())
    page.close()
