"""The tables of `auditbench top`: hostile text stays text."""

from __future__ import annotations

import csv
from typing import Any

import pytest

from harness.plain import plain
from harness.reporters.documents.top import top_document
from harness.reporters.page import Grid, Page
from harness.reporters.render.csv import grid_csv
from harness.reporters.top import top_page
from tests.support.reports.pages import in_html, on_a_terminal, require_same_everywhere
from tests.unit.consumer.test_consumer_log_lines import CALL, record, summed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/usr/bin/ls", "/usr/bin/ls"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb\rc\td", "a\\x0ab\\x0dc\\x09d"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("\U000e0041", "\\U000e0041"),
        ("Größe", "Größe"),
    ],
)
def test_plain(text: str, expected: str) -> None:
    assert plain(text) == expected


def paged(document: dict[str, Any], limit: int = 10) -> Page:
    return top_page(top_document(document, document["tables"], ["from [bold]\x1b[2J"]), limit)


def rendered(document: dict[str, Any], limit: int = 10) -> str:
    return on_a_terminal(paged(document, limit))


def hostile() -> dict[str, Any]:
    exe = b"[red]\x1b]0;title\x07[/red]\xff".hex().upper().encode()
    line = record(1, CALL.replace(b'exe="/bin/sh"', b"exe=" + exe))
    return summed(b"node=\x1b[31m " + line, kinds=("exe", "node", "key"))


def test_escapes_and_markup_are_shown_not_obeyed() -> None:
    shown = rendered(hostile())
    assert "\x1b]" not in shown
    assert "\x1b[31m" not in shown
    assert "\x1b[2J" not in shown
    assert "[red]\\x1b]0;title\\x07[/red]\\xff" in shown
    assert "\\x1b[31m" in shown
    assert "[bold]\\x1b[2J" in shown
    assert "\x1b" not in in_html(paged(hostile()))


def test_rows_are_limited_and_the_rest_is_told() -> None:
    lines = [record(n, CALL.replace(b"/bin/sh", b"/%d" % n)) for n in range(1, 6)]
    document = summed(*lines, kinds=("exe",))
    assert "and 3 more with 3 events" in rendered(document, 2)
    assert "more with" not in rendered(document, 0)
    assert len([line for line in rendered(document, 0).splitlines() if "20.0 %" in line]) == 5


def test_nothing() -> None:
    assert "No events" in rendered(summed(b"", kinds=("exe",)))


def test_every_medium_says_the_same_and_that_nothing_was_counted() -> None:
    document = summed(record(1), record(2), kinds=("exe", "node"))
    page = paged(document)
    words = require_same_everywhere(page)
    assert words[0].startswith("2 events, 2 records, ")
    assert words[1:] == ["from [bold]\x1b[2J", "", "/bin/sh", "", "none"]
    programs, nodes = (part for part in page.parts if isinstance(part, Grid))
    header, row = csv.reader(grid_csv(programs).splitlines())
    assert header == ["program", "events", "share", "records", "bytes"]
    assert row[:4] == ["/bin/sh", "2", "1.0", "2"]
    assert list(csv.reader(grid_csv(nodes).splitlines()))[1] == ["none", "", "", "", ""]
