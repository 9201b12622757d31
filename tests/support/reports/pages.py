"""A page in every medium, and what it says in all of them."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterable

from rich.console import Console

from harness.model.caution import Caution
from harness.plain import plain
from harness.reporters.html.page import _environment
from harness.reporters.page import Grid, Heading, Line, Page, shown
from harness.reporters.render.markdown import page_markdown
from harness.reporters.render.terminal import render_page


def on_a_terminal(page: Page) -> str:
    """As it is printed, 80 columns wide."""
    file = io.StringIO()
    render_page(page, Console(file=file, width=80, highlight=False))
    return file.getvalue()


def in_html(page: Page) -> str:
    """The part of the HTML report that shows a page, without pictures."""
    macros = _environment().get_template("macros.html.j2").module
    return str(macros.parts(shown(page.parts, "html"), "page", 2, {}))  # type: ignore[attr-defined]


def text_of(source: str) -> str:
    """What is read of HTML."""
    return html.unescape(re.sub(r"<svg.*?</svg>|<[^>]+>", " ", source))


def words_of(page: Page) -> list[str]:
    """What a page says in every medium, in order; numbers are in its tables."""
    words: list[str] = []
    for part in page.parts:
        if isinstance(part, Heading | Line):
            words.append(part.words)
        elif isinstance(part, Caution):
            words.append(part.what)
        elif isinstance(part, Grid) and part.rows:
            words += [part.caption, *(row[0].text for row in part.rows)]
    return words


def require_in_order(words: Iterable[str], text: str) -> None:
    """Each of the words after the one before it, whatever stands between the letters."""
    place = 0
    bare = re.sub(r"[\s\\\u2060]", "", text)
    for one in words:
        wanted = re.sub(r"[\s\\]", "", plain(one))
        assert wanted in bare[place:], one
        place = bare.index(wanted, place) + len(wanted)


def require_same_everywhere(page: Page) -> list[str]:
    """Every medium says the same in the same order, the answer first; returns what."""
    words = words_of(page)
    first = page.parts[0]
    assert isinstance(first, Line)
    assert first.kind == "answer"
    for text in (on_a_terminal(page), page_markdown(page), text_of(in_html(page))):
        require_in_order(words, text)
    assert max(map(len, on_a_terminal(page).splitlines())) <= 80
    return words
