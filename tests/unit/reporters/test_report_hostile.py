"""What a report is made from was chosen by whoever ran a process: none of it may do anything."""

from __future__ import annotations

import base64
import csv
import hashlib
import re
import unicodedata
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import pytest

from harness.answers.compare.compare import CompareOptions, Side, compare_runs
from harness.reporters.html.data import data_grid
from harness.reporters.html.page import report_html
from harness.reporters.plots.catalog import PLOTS
from harness.reporters.render.csv import grid_csv
from harness.reporters.report_text import report_markdown, report_plain
from harness.store import StoredRun
from harness.verbs.show import run_forms, show_run
from tests.support.stored import hostile_runs as hostile
from tests.support.stored.two_runs import write_run

_OURS = """
    html head meta title style body a header div p button h1 h2 h3 h4 h5 nav ul li main section
    article dl dt dd span b br figure figcaption details summary table caption thead tbody tr th td
    pre footer script svg g defs path use clippath rect text pattern
"""
OURS = set(_OURS.split())
VOID = {"meta", "br"}


class Page(HTMLParser):
    """Every element with its attributes, the text between them, and what is never closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.by_element: dict[str, list[str]] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.by_element.setdefault(self.open[-1] if self.open else "", []).append(data)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> StoredRun:
    return hostile.hostile_run(tmp_path_factory.mktemp("runs") / "m" / "r")


@pytest.fixture(scope="module")
def page(run: StoredRun) -> str:
    comparison = compare_runs(
        Side(run, "no-audit"), [Side(run, hostile.NAMES["rules"])], CompareOptions(force=True)
    )
    view = hostile.view_of(run)
    return report_html([view, replace(view, samples=())], PLOTS, comparison, [hostile.ALL])


def controls(text: str) -> set[str]:
    """Characters that do something to whoever shows them."""
    return {
        c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Co") and c not in "\n\u2060"
    }


def test_the_page_has_no_element_but_its_own(page: str) -> None:
    found = Page(page)
    assert {tag for tag, _ in found.elements} <= OURS
    assert not found.open
    names = {name for _, attributes in found.elements for name in attributes}
    assert not {name for name in names if name.startswith("on")}
    assert "style" not in names
    assert "src" not in names


def test_the_page_points_nowhere_but_into_itself(page: str) -> None:
    places = [value for _, a in Page(page).elements for n, value in a.items() if n == "href"]
    assert places
    assert all(value is not None and value.startswith("#") for value in places)
    assert not re.search(r"@import|url\((?!#)", page)


def test_the_policy_allows_the_one_script_and_the_one_style(page: str) -> None:
    found = Page(page)
    tags = [tag for tag, _ in found.elements]
    assert (tags.count("script"), tags.count("style")) == (1, 1)
    (policy,) = [a["content"] for _, a in found.elements if a.get("http-equiv")]
    assert policy is not None
    assert policy.startswith("default-src 'none'")
    for element in ("script", "style"):
        text = "".join(found.by_element[element])
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{element}-src 'sha256-{digest}'" in policy
    script = (files("harness.reporters.html") / "report.js").read_text()
    assert "".join(found.by_element["script"]) == script


def test_every_hostile_string_is_shown_as_text(page: str) -> None:
    found = Page(page)
    pictures = "".join(found.by_element["text"])
    rules = "".join(found.by_element["pre"])
    for words in (hostile.MARKUP, hostile.FORMULA, hostile.TEMPLATE, "\\x1b[31mred", "\\u202egnp"):
        assert words in rules
    assert "=HYPERLINK" in pictures
    assert "1337" not in page
    assert str(7 * 191) not in page


def test_no_control_character_gets_through(run: StoredRun, page: str) -> None:
    result = hostile.view_of(run).result
    for text in (page, report_markdown([result], None, [hostile.ALL])):
        assert controls(text) == set()
    text = report_plain([result], None, [hostile.ALL])
    assert controls(text) == set()
    assert "\\x1b[31mred" in text
    assert max(map(len, text.splitlines())) <= 80


def test_markdown_has_no_markup(run: StoredRun) -> None:
    text = report_markdown([hostile.view_of(run).result], None, [hostile.ALL])
    ours = re.sub(r"</?(details|summary)>", "", text)
    assert not re.search(r"(?<!\\)[<>]", ours)
    assert not re.search(r"(?<!\\)\[c", ours)
    assert "@everyone" not in text


def test_text_that_begins_like_a_formula_is_no_formula_in_a_long_table() -> None:
    names = [*hostile.NAMES.values(), hostile.ALL]
    rows = [(names[place % len(names)], -place / 2) for place in range(300)]
    grid = data_grid("long", "a long one", ("name", "=value"), rows)
    written = grid_csv(grid)
    assert controls(written) == set()
    header, *read = csv.reader(written.splitlines())
    assert header == ["name", "'=value"]
    assert len(read) == len(rows)
    assert not [name for name, _ in read if name.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert [float(value) for _, value in read] == [value for _, value in rows]


def test_pictures_have_nothing_but_shapes_and_text(page: str) -> None:
    for svg in re.findall(r"<svg.*?</svg>", page, re.S):
        tags = {tag for tag, _ in Page(svg).elements}
        assert tags <= {"svg", "g", "defs", "path", "use", "clippath", "rect", "text", "pattern"}


@pytest.mark.parametrize("options", [{}, {"ledger": True}, {"details": True}])
def test_show_prints_no_control_characters(
    options: dict[str, bool], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stored = write_run(tmp_path / "run", rename=hostile.NAMES, lost_share=0.1)
    show_run(stored, run_forms(None, json=False), **options)
    printed = capsys.readouterr().out
    assert "31mred\\x1b[0m\\x07" in printed.replace("\n", "")
    assert not [c for c in printed if c != "\n" and unicodedata.category(c) in ("Cc", "Cf")]
