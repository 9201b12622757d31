"""One word for one thing: what is printed is in the glossary, and nothing says the old words."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from harness.metrics.catalog import METRICS
from harness.model.compare import ChangeVerdict
from harness.model.count import CountVerdict
from harness.model.gate import Outcome
from harness.model.result import Verdict
from harness.model.run import AA
from harness.renamed import CELLS, OLD_AA, SCENARIOS, SUFFIXES
from harness.reporters.page import Grid
from harness.reporters.parts.ledger import TERMS, events_parts
from harness.reporters.words import (
    CHANGE_OF_LEVEL,
    COUNT_VERDICTS,
    DOUBTFUL,
    JUDGED,
    OUTCOMES,
    STOPPED,
    VERDICTS,
)
from harness.scenarios.catalog import HERE, PLANS
from harness.scenarios.catalog import SCENARIOS as NOW
from tests.support.old_words import old_words

ROOT = Path(__file__).parents[2]
GLOSSARY = ROOT / "docs/words.md"
MOST_LETTERS = 200
"""Two lines of a page."""
PART = re.compile(
    r"backlog-(?:N|unlimited)|buffer-(?:small|large|enobufs)|rate-limit-only|rate-limit"
    r"|no-wait|wait|mcast|stop|enobufs"
)
"""What names of cells of the plan `pressure` are made of."""
JUDGEMENTS = {
    *get_args(Verdict),
    *get_args(Outcome),
    *get_args(ChangeVerdict),
    *get_args(CountVerdict),
}
LOOKS = (*VERDICTS.values(), *OUTCOMES.values(), *COUNT_VERDICTS.values(),
         STOPPED, DOUBTFUL, CHANGE_OF_LEVEL)  # fmt: skip
MAY_NAME_THEM = ("CHANGELOG.md", "harness/renamed.py")


def rows() -> dict[str, str]:
    """Every word of the glossary with its meaning; where a row has several words, each."""
    text = GLOSSARY.read_text(encoding="utf-8")
    found = re.findall(r"^\| (.+?) \| (.+?) \|$", text, re.MULTILINE)
    return {
        word.strip("`"): meaning
        for words, meaning in found
        for word in words.split(", ")
        if words != "---"
    }


@pytest.fixture(scope="module")
def glossary() -> dict[str, str]:
    return rows()


def test_verdicts_stand_in_the_glossary(glossary: dict[str, str]) -> None:
    assert {look.word for look in LOOKS} - glossary.keys() == set()
    assert [VERDICTS[name].word for name in JUDGED] == list(JUDGED)


def test_terms_of_the_ledger_stand_in_the_glossary(glossary: dict[str, str]) -> None:
    (grid,) = (part for part in events_parts([]) if isinstance(part, Grid))
    # Plural in the heads of columns.
    words = {*TERMS, *(column.name.removesuffix("s") for column in grid.columns)}
    assert words - glossary.keys() == set()


def test_scenarios_and_cells_stand_in_the_glossary(glossary: dict[str, str]) -> None:
    text = GLOSSARY.read_text(encoding="utf-8")
    assert NOW.keys() - glossary.keys() == set()
    assert f"no-audit{AA}" in glossary
    for name in cells("pressure"):
        parts = PART.findall(re.sub(r"\d+", "N", name))
        assert "-".join(parts) == re.sub(r"\d+", "N", name)
        assert [part for part in parts if f"`{part}" not in text] == [], name
    assert {name for name in cells("consumers") if f"`{name}`" not in text} == set()


def test_names_of_scenarios_and_cells_are_short() -> None:
    names = [*NOW, *(name for plan in PLANS for name in cells(plan))]
    assert [name for name in names if len(name) > 20] == []


def cells(plan: str) -> list[str]:
    document = tomllib.loads((HERE / PLANS[plan]).read_text(encoding="utf-8"))
    return [cell["name"] for cell in document.get("cells", [])]


def test_a_meaning_takes_two_lines_at_most(glossary: dict[str, str]) -> None:
    assert len(glossary) > 60
    assert [word for word, meaning in glossary.items() if len(meaning) > MOST_LETTERS] == []


def test_the_glossary_is_linked() -> None:
    for page, link in (
        ("README.md", "docs/words.md"),
        ("ARCHITECTURE.md", "docs/words.md"),
        ("docs/index.md", "words.md"),
        ("docs/reading.md", "words.md"),
    ):
        assert f"]({link})" in (ROOT / page).read_text(encoding="utf-8"), page


def own_words(code: str) -> list[str]:
    """The tables in a program that say verdicts, outcomes or metrics in words."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Dict):
            names = {key.value for key in node.keys if isinstance(key, ast.Constant)}
            texts = [v for v in node.values if isinstance(v, ast.Constant | ast.JoinedStr)]
            if texts and any(len(names & known) > 1 for known in (JUDGEMENTS, METRICS.keys())):
                found.append(ast.unparse(node))
    return found


def test_verdicts_and_metrics_have_their_words_in_one_place() -> None:
    found = {
        str(path.relative_to(ROOT)): own_words(path.read_text(encoding="utf-8"))
        for path in (ROOT / "harness").rglob("*.py")
    }
    assert len(found.pop("harness/reporters/words.py")) >= 4
    assert {name: tables for name, tables in found.items() if tables} == {}


def test_marks_stand_in_one_place() -> None:
    marks = {look.mark for look in LOOKS} - {"", "=", "?"}
    assert {"▲", "✗", "◆"} <= marks
    found = [
        f"{path.relative_to(ROOT)}: {mark}"
        for path in (ROOT / "harness").rglob("*.py")
        for mark in marks
        if mark in texts(path) and path.name != "words.py"
    ]
    assert found == []


def test_a_table_of_words_is_seen() -> None:
    assert own_words('print({"worse": "dearer", "better": "cheaper"}[verdict])')
    assert own_words('{"elapsed_ns_per_op": f"{time}", "cpu_total_ns_per_op": f"{cpu}"}')
    assert not own_words('{"worse": EXIT_REGRESSION, "better": EXIT_FINE}')
    assert not own_words('{"worse": "dearer", "name": "x"}')


def told() -> list[Path]:
    """Every file that people read or whose texts are printed."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    found = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    kinds = (".md", ".py", ".j2", ".toml", ".rules", ".ipynb", ".json", ".yml", ".svg")
    places = ("harness/", "docs/", "notebooks/", "benchmarks/", ".github/")
    return [
        ROOT / name
        for name in found.splitlines()
        if name.endswith(kinds)
        and (name.startswith(places) or name.endswith(".md"))
        and name not in MAY_NAME_THEM
        and (ROOT / name).is_file()
    ]


def texts(path: Path) -> str:
    """Its text; of a program its texts alone, docstrings among them."""
    whole = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return whole
    nodes = ast.walk(ast.parse(whole))
    return "\n".join(
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def test_nothing_says_the_old_words() -> None:
    pages = told()
    assert len(pages) > 200
    found = [
        f"{path.relative_to(ROOT)}: {word}" for path in pages for word in old_words(texts(path))
    ]
    assert found == []


def test_old_words_are_found() -> None:
    """The test above can fail: for each old name, and each old word for a verdict."""
    names = {*SCENARIOS, *(name for table in CELLS.values() for name in table)}
    plain = {"pressure", "consumers", "rate", "unlimited", "watched"}
    for name in names - plain:
        assert old_words(f"as in `{name}`, or"), name
    for text in (f"no-audit{OLD_AA}", *(f"mine{suffix}" for suffix in SUFFIXES)):
        assert old_words(text), text
    for text in ("? open", "is undecided", "equivalent", "cannot be told yet", "relied on"):
        assert old_words(text), text
