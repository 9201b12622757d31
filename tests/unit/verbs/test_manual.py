"""The manual pages say what help says, and nothing in them is taken for a request of roff."""

from __future__ import annotations

import re

import pytest

from harness.cli import GROUPS, app
from harness.verbs.shared.endings import ENDINGS
from harness.verbs.shared.manual import ENVIRONMENT, pages, title_of
from tests.support.verbs import VERBS

PAGES = pages()
REQUESTS = {".TH", ".SH", ".SS", ".TP", ".B", ".BR", ".ad"}
SIGNS = {
    "\\-": "-",
    "\\(ti": "~",
    "\\(ha": "^",
    "\\(ga": "`",
    "\\(aq": "'",
    "\\e": "\\",
    "\\&": "",
    "\\%": "",
}


def read(page: str) -> str:
    """The text of a page as it is read: without requests, in one line."""
    lines = [line.partition(" ")[2] if line.startswith(".") else line for line in page.splitlines()]
    text = " ".join(lines)
    for sign, plain in SIGNS.items():
        text = text.replace(sign, plain)
    return " ".join(text.split())


def test_there_is_a_page_of_all_and_one_of_each_verb() -> None:
    assert set(PAGES) == {"auditbench.1", *(f"{title_of(verb)}.1" for verb in VERBS)}
    assert "auditbench-rules-lint.1" in PAGES


def said_by_help(verb: str) -> list[str]:
    """Each option of a verb, with all that help says of it, in one line."""
    with app.console.capture() as shown:
        app.help_print(verb.split(), console=app.console)
    rows: list[str] = []
    for line in re.findall(r"^│ (.*) │$", shown.get().partition("\nExamples:")[0], re.M):
        if re.match(r"\*? *-", line):
            rows.append(line)
        elif rows:
            rows[-1] += line
    return [" ".join(row.lstrip("* ").split()) for row in rows]


@pytest.mark.parametrize("verb", VERBS)
def test_a_page_has_all_that_help_has(verb: str) -> None:
    page = read(PAGES[f"{title_of(verb)}.1"])
    options = said_by_help(verb)
    assert len(options) >= 3
    assert [option for option in options if option not in page] == []
    for words, what in ENDINGS[verb].examples:
        assert f"{what}: auditbench {words}" in page
    for code, meaning in ENDINGS[verb].all_codes().items():
        assert f"{code} {meaning}" in page


def test_the_page_of_all_names_every_verb_and_variable() -> None:
    page = read(PAGES["auditbench.1"])
    for group, verbs in GROUPS.items():
        assert group in page
        assert [verb for verb, words in verbs.items() if f"{verb} {words}" not in page] == []
    assert [f"{name} {words}" for name, words in ENVIRONMENT.items() if name not in page] == []


@pytest.mark.parametrize("name", PAGES)
def test_no_text_is_taken_for_a_request(name: str) -> None:
    lines = PAGES[name].splitlines()
    assert {line.split(" ")[0] for line in lines if line.startswith((".", "'"))} <= REQUESTS
    assert lines[
        0
    ] == f'.TH {name.removesuffix(".1").upper()} 1 "" auditbench "User Commands"'.replace(
        "-", "\\-"
    )
    assert re.fullmatch(r"auditbench\S* \\- [a-z].*[^.]", lines[2])
    assert not [line for line in lines if re.search(r"(?<!\\)-", line)]


def test_no_name_of_a_page_is_hyphenated() -> None:
    """man breaks a line at each hyphen that is not forbidden, and inside of words."""
    seen = [line for line in PAGES["auditbench.1"].splitlines() if line.startswith(".BR ")]
    assert len(seen) == len(VERBS)
    assert all(line.startswith(".BR \\%auditbench\\-") for line in seen)
    assert ".BR \\%auditbench (1)" in PAGES["auditbench-run.1"]
