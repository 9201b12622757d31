"""The figures of the README are those of kept runs: its tables, and the findings at its top."""

from __future__ import annotations

import io
import re
from functools import cache

import pytest
from rich.console import Console

from harness import api
from harness.reporters.terminal import render_result
from harness.reporters.units import ratio
from tests.support.command import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
MACHINE = "debian12-2vcpu"


@cache
def run(name: str) -> api.Run:
    return api.load(ROOT / "results/reference" / f"{name}-{MACHINE}")


def times(name: str, workload: str, scenario: str, consumer: str = "assemble") -> float:
    """The ratio of a cell to the reference, in elapsed time."""
    cell = api.Cell(workload, scenario, consumer)
    (found,) = [c for c in run(name).comparisons("elapsed", workload=workload) if c.cell == cell]
    assert found.ratio is not None
    return found.ratio


def ledger(name: str, scenario: str) -> api.Ledger:
    (found,) = [one.total for one in run(name).ledgers if one.cell.scenario == scenario]
    return found


def more(value: float) -> str:
    """A ratio as so many percent more, to two digits."""
    percent = (value - 1) * 100
    return f"{percent:.1f} %" if percent < 10 else f"{percent:.0f} %"


def findings() -> list[str]:
    """What the findings must say, as the kept runs have it now."""
    small = ledger("pressure", "backlog-64-no-wait")
    waited = ledger("pressure", "backlog-64-wait")
    assert small.generated
    assert waited.generated == waited.complete
    not_whole = 1 - small.complete / small.generated
    return [
        f"a UDP connect costs {more(times('overhead', 'udp', 'disabled'))} more",
        f"cheapest system call {more(times('syscalls', 'syscalls', 'disabled'))} more",
        f"cost {times('overhead', 'udp', 'rules'):.2f} times as much",
        f"down to {times('overhead', 'udp', 'rules+exclude-exe'):.2f} times",
        f"costs {times('syscalls', 'syscalls', 'rules+exclude-exe'):.2f} times as much",
        f"instead of {times('syscalls', 'syscalls', 'rules'):.2f} times",
        f"take {times('consumers', 'udp', 'rules', 'auditd'):.2f} times as long",
        f"added to the log {ratio(times('consumers', 'udp', 'rules', 'auditd-enriched'))} times",
        f"{not_whole * 100:.1f} % of a load at full speed never arrived whole",
    ]


def first_screen() -> str:
    """The README up to its first heading, as one line."""
    return " ".join(README.partition("\n## ")[0].split())


@pytest.mark.parametrize("words", findings())
def test_a_finding_is_that_of_a_kept_run(words: str) -> None:
    assert words in first_screen()


def test_every_figure_of_the_findings_is_held_to_a_run() -> None:
    listed = re.findall(r"^- (.*?)(?=\n- |\n\n)", README.partition("\n## ")[0], re.M | re.S)
    assert len(listed) == 5
    said = set(re.findall(r"\d+(?:\.\d+)? (?:%|times)", " ".join(" ".join(listed).split())))
    held = {figure for words in findings() for figure in re.findall(r"[\d.]+ (?:%|times)", words)}
    assert said == held


def test_the_tables_are_those_of_kept_runs() -> None:
    shown = set()
    for name in ("overhead", "syscalls"):
        console = Console(file=io.StringIO(), width=80)
        render_result(run(name).result, console)
        assert isinstance(console.file, io.StringIO)
        shown |= {line.rstrip() for line in console.file.getvalue().splitlines()}
    section = README.partition("## A result")[2].partition("\n## ")[0]
    lines = [line for block in re.findall(r"^```\n(.*?)^```", section, re.M | re.S)
             for line in block.splitlines()]  # fmt: skip
    assert len(lines) > 30
    assert [line for line in lines if line.rstrip() not in shown] == []


def test_the_first_table_has_a_legend() -> None:
    """Every name in it is explained before the next one."""
    section = README.partition("## A result")[2]
    table, _, rest = section.partition("```\n")[2].partition("```\n")
    names = re.findall(r"^([a-z+-]+) {2,}[\d.]+ µs", table, re.M)
    assert len(names) == 7
    legend = re.findall(r"^\| `([^`]+)` \| .+ \|$", rest.partition("```")[0], re.M)
    assert legend == names


def test_the_page_names_machine_and_day_of_its_figures() -> None:
    environment = run("overhead").environment
    release = environment["facts"]["kernel"]["release"]
    assert f"Linux {release.rpartition('.')[0]}" in first_screen()
    picture = (ROOT / "docs/images/overview.svg").read_text(encoding="utf-8")
    assert f"{MACHINE}: 2 virtual CPUs" in picture
    assert f"Linux {release}, 24 November 2026" in picture
