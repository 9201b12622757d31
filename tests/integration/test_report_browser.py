"""The page of a report in a real browser: silent, not too wide, usable by keyboard, printable."""

from __future__ import annotations

import csv
import importlib
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.answers.compare.compare import CompareOptions, Side, compare_runs
from harness.reporters.html.page import report_html
from harness.reporters.plots.catalog import PLOTS
from harness.store import load_run
from tests.support.reports.browser import launched, open_all, opened
from tests.support.stored import hostile_runs as hostile
from tests.support.stored.two_runs import write_run

WIDTHS = (380, 1400)
PAPER_WIDTH = 703
"""A4 without its margins, in CSS pixels."""
ACCEPTED = ("wcag2a", "wcag2aa", "wcag21aa", "best-practice")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched() as found:
        yield found


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One run; and two, with hostile names, and their comparison."""
    folder = tmp_path_factory.mktemp("pages")
    honest = load_run(write_run(folder / "m" / "honest", lost_share=0.02))
    run = hostile.hostile_run(folder / "m" / "r")
    sides = Side(run, "no-audit"), Side(run, hostile.NAMES["rules"])
    comparison = compare_runs(sides[0], [sides[1]], CompareOptions(force=True))
    views = hostile.view_of(honest), hostile.view_of(run)
    other = replace(views[1], samples=(), result=replace(views[1].result, run=f"{hostile.ALL}2"))
    texts = {
        "one": report_html(views[:1], PLOTS),
        "several": report_html((views[1], other), PLOTS, comparison, [hostile.ALL]),
    }
    found = {}
    for name, text in texts.items():
        found[name] = folder / f"{name}.html"
        found[name].write_text(text, encoding="utf-8")
    return found


def sorting(page: Any, heading: str) -> tuple[str, list[str]]:
    """The order that a column says it has, and what stands in it."""
    table = page.locator("#r0-forest ~ .grid table").first
    place = table.locator("th").all_inner_texts().index(heading) + 1
    said = table.locator(f"th:nth-child({place})").get_attribute("aria-sort")
    cells = table.locator(f"tbody td:nth-child({place})")
    return said, [cell.get_attribute("data-v") or "" for cell in cells.all()]


def test_a_card_beside_a_taller_one_keeps_its_lines_together(
    browser: Any, pages: dict[str, Path]
) -> None:
    page = opened(browser, pages["one"])
    gaps = """() => [...document.querySelectorAll('.card li')].map(card => {
        card.style.minHeight = '20rem';
        const name = card.querySelector('.name'), verdict = card.querySelector('.verdict');
        return verdict.getBoundingClientRect().top - name.getBoundingClientRect().bottom;
    })"""
    found = page.evaluate(gaps)
    assert found
    assert max(found) < 40


@pytest.mark.parametrize("name", ["one", "several"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_silent_and_fits(
    browser: Any, pages: dict[str, Path], name: str, width: int, scheme: str
) -> None:
    page = opened(browser, pages[name], width=width, scheme=scheme)
    open_all(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    outside = """() => [...document.querySelectorAll('main *')]
        .filter(e => !e.closest('.scroll, .hidden, pre') && !e.matches('.scroll *'))
        .filter(e => e.getBoundingClientRect().right > innerWidth + 1)
        .map(e => e.outerHTML.slice(0, 80))"""
    assert page.evaluate(outside) == []
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, ground[4:-1].split(","))) < 300) == (scheme == "dark")
    assert page.evaluate("window.hacked") is None
    assert page.heard.words == []
    page.close()


def test_the_reader_chooses_the_colours(browser: Any, pages: dict[str, Path]) -> None:
    page = opened(browser, pages["one"], scheme="dark")
    button = page.locator('[data-do="theme"]')
    grounds = []
    for pressed in ("true", "false", "true"):
        assert button.get_attribute("aria-pressed") == pressed
        grounds.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        line = page.locator("svg [class*='-stroke']").first
        grounds[-1] += line.evaluate("e => getComputedStyle(e).stroke")
        button.click()
    assert grounds[0] == grounds[2]
    assert grounds[0] != grounds[1]
    assert page.heard.words == []
    page.close()


def test_tables_sort_by_click_and_by_key(browser: Any, pages: dict[str, Path]) -> None:
    page = opened(browser, pages["one"])
    assert sorting(page, "ratio")[0] == "none"
    button = page.locator("#r0-forest ~ .grid th button", has_text=re.compile("^ratio")).first
    button.click()
    said, values = sorting(page, "ratio")
    assert said == "ascending"
    numbers = [float(value) for value in values]
    assert len(set(numbers)) > 3
    assert numbers == sorted(numbers)
    button.focus()
    page.keyboard.press("Enter")
    said, values = sorting(page, "ratio")
    assert said == "descending"
    assert [float(value) for value in values] == sorted(numbers, reverse=True)
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert sorting(page, "verdict")[0] == "none"
    page.close()


def test_data_is_downloaded_without_formulas(
    browser: Any, pages: dict[str, Path], tmp_path: Path
) -> None:
    page = opened(browser, pages["several"])
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    grids = page.locator("#r0-forest ~ .grid, #r0-forest ~ figure .grid, #r0-ledger ~ .grid")
    assert grids.count() >= 3
    seen = set()
    for place in range(grids.count()):
        with page.expect_download() as download:
            grids.nth(place).locator('[data-do="csv"]').click()
        target = tmp_path / f"{place}.csv"
        download.value.save_as(target)
        assert download.value.suggested_filename.endswith(".csv")
        header, *rows = csv.reader(io.StringIO(target.read_bytes().decode(), newline=""))
        assert rows
        assert {len(row) for row in rows} == {len(header)}
        cells = {cell for row in rows for cell in row}
        assert not {c for c in cells if c.startswith(("=", "+", "@", "\t", "\r"))}
        assert not {c for c in cells if c.startswith("-") and not is_number(c)}
        assert all(cell.isprintable() for cell in cells)
        seen |= cells
    assert any(cell.startswith("'=HYPERLINK") for cell in seen)
    assert page.heard.words == []
    page.close()


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def test_data_is_copied(browser: Any, pages: dict[str, Path]) -> None:
    page = opened(browser, pages["one"])
    grid = page.locator("#r0-noise ~ .grid")
    grid.locator('[data-do="copy"]').click()
    # What waits by a script of its own would need `unsafe-eval` of the page.
    page.locator("#status", has_text="Copied").wait_for(state="attached")
    page.evaluate(
        "document.body.prepend(Object.assign(document.createElement('textarea'), {id: 'paste'}))"
    )
    page.locator("#paste").focus()
    page.keyboard.press("Control+V")
    header, *rows = page.locator("#paste").input_value().splitlines()
    assert header.split("\t")[:2] == ["workload", "scenario"]
    assert rows[0].split("\t")[:2] == ["udp", "no-audit-aa"]
    page.close()


def test_the_page_prints(browser: Any, pages: dict[str, Path], tmp_path: Path) -> None:
    page = opened(browser, pages["one"], width=PAPER_WIDTH, scheme="dark")
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= PAPER_WIDTH
    assert page.evaluate("getComputedStyle(document.querySelector('nav')).display") == "none"
    ink = page.evaluate("getComputedStyle(document.body).color")
    assert sum(map(int, ink[4:-1].split(","))) < 300
    page.pdf(path=tmp_path / "r.pdf", format="A4")
    assert (tmp_path / "r.pdf").read_bytes()[:5] == b"%PDF-"
    assert page.heard.words == []
    page.close()


@pytest.mark.parametrize(
    ("name", "width", "scheme"),
    [("one", 380, "light"), ("one", 1400, "dark"), ("several", 1400, "light")],
)
def test_axe_finds_nothing(
    browser: Any, pages: dict[str, Path], name: str, scheme: str, width: int
) -> None:
    axe = importlib.import_module("axe_playwright_python.sync_playwright")
    page = opened(browser, pages[name], width=width, scheme=scheme)
    if scheme == "light":
        open_all(page)
    options = {"runOnly": {"type": "tag", "values": list(ACCEPTED)}}
    # What is inside a drawing is one image to who cannot see it, and rows are all alike.
    context = {"exclude": [["svg > *"], ["tbody tr:nth-child(n+5)"]]}
    found = axe.Axe().run(page, context, options).response
    assert len(found["passes"]) > 20
    wrong = [(v["id"], [n["html"][:120] for n in v["nodes"][:3]]) for v in found["violations"]]
    assert wrong == []
    page.close()
