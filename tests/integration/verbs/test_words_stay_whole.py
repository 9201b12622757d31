"""No verb breaks a word of a table at 80 columns, nor is any line wider than that."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pytest
from rich.console import Console

from harness.answers.ab import judge_ab
from harness.cli import run_command
from harness.host import doctor
from harness.host.ever_enabled.probe import EverEnabled
from harness.model.ab import AbSide
from harness.reporters.ab import ab_page
from harness.reporters.page import Page
from harness.reporters.render import terminal
from harness.store import PLAN, load_run
from tests.support.command import ROOT

WIDE = 4000
RUNS = sorted(path.parent for path in (ROOT / "results/reference").glob(f"*/{PLAN}"))
OVERHEAD, CONSUMERS, PRESSURE = (
    next(folder for folder in RUNS if folder.name.startswith(plan))
    for plan in ("overhead", "consumers", "pressure")
)

render_page = terminal.render_page


def lines(page: Page, width: int) -> list[str]:
    file = io.StringIO()
    render_page(page, Console(file=file, width=width, highlight=False))
    return file.getvalue().splitlines()


def words(page: Page, width: int) -> set[str]:
    found = (word.strip(",") for line in lines(page, width) for word in line.split())
    return {word for word in found if set(word) != {"─"}}


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> list[Page]:
    """The pages that verbs print, instead of printing them."""
    pages: list[Page] = []
    monkeypatch.setattr(terminal, "render_page", lambda page, _console: pages.append(page))
    return pages


DOCTOR_HEADINGS = {"severity", "finding"}
"""Where a host has a path too long for a column, its findings are paragraphs, without headings."""


@pytest.mark.parametrize(
    "command",
    [
        *(("show", folder, *option) for folder in RUNS for option in ((), ("--details",))),
        *(("show", folder, "--ledger") for folder in (OVERHEAD, PRESSURE)),
        *(
            ("gate", "--run", folder, "--fail", limit)
            for folder, limit in (
                (OVERHEAD, "elapsed:5%"),
                (OVERHEAD, "lost:0"),
                (CONSUMERS, "cpu:20us"),
                (PRESSURE, "lost:0"),
            )
        ),
        ("compare", f"{OVERHEAD}:rules", ":rules+exclude-exe"),
        ("compare", f"{PRESSURE}:backlog-8192-wait", ":backlog-64-no-wait"),
        ("history", "--results", ROOT / "results"),
        *(("list", what) for what in ("scenarios", "workloads", "consumers", "metrics", "plans")),
        ("doctor",),
    ],
    ids=lambda command: " ".join(str(word).removeprefix(str(ROOT)) for word in command),
)
def test_no_word_of_any_verb_is_broken(
    printed: list[Page], command: Sequence[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    # its rule would be there while kernel tests compare the host's rules
    monkeypatch.setattr(
        doctor, "locked_probe", lambda _client: EverEnabled("unknown", "not probed")
    )
    run_command(list(map(str, command)))
    assert printed
    for page in printed:
        assert words(page, WIDE) - DOCTOR_HEADINGS <= words(page, 80)
        assert max(map(len, lines(page, 80))) <= 80


def test_no_word_of_two_rule_files_is_broken() -> None:
    folder = next(folder for folder in RUNS if folder.name.startswith("ab"))
    sides = AbSide("A", "a.rules", "base"), AbSide("B", "b.rules", "watched")
    page = ab_page(judge_ab(load_run(folder), *sides))
    assert words(page, WIDE) <= words(page, 80)
