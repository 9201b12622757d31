"""What kept runs answer first, by the question of their plan: the same words on every medium."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from harness import api
from harness.model.result import ReportView
from harness.reporters.html.page import report_html
from harness.verbs.show import show_verb
from tests.support.command import ROOT

REFERENCE = ROOT / "results/reference"
FIRST = {
    "pressure": (
        "loss",
        r"Events were lost in 11 of 20 cells, most in stop-no-wait \(97\.7 % of them\); "
        r"3 cells made the load wait and lost none, 6 cells did neither\.",
    ),
    "consumers": (
        "ranking",
        r"udp: assemble needs the least CPU per event \(4\.37 µs\), .*; shells: ebpf needs .*\.",
    ),
    "overhead": (
        "cost",
        r"Compared with no audit: shells takes up to 15\.6 % longer \(rules\); udp takes up to "
        r"128 % longer \(rules\); 2 of 6 cells are inconclusive\. rules\+exclude-exe gives back "
        r"87\.2 % of what rules costs in udp; every other operation pays "
        r"3\.39 % more \(shells\)\..*",
    ),
}
each_plan = pytest.mark.parametrize("plan", FIRST)


def folder_of(plan: str) -> Path:
    (folder,) = REFERENCE.glob(f"{plan}-*")
    return folder


def shown(capsys: pytest.CaptureFixture[str], folder: Path, **options: Any) -> str:
    assert show_verb(str(folder), **options) == 0
    return capsys.readouterr().out


def first_words(plan: str, capsys: pytest.CaptureFixture[str]) -> str:
    document = json.loads(shown(capsys, folder_of(plan), json=True))
    question, pattern = FIRST[plan]
    assert document["question"] == question
    found = re.match(pattern, document["answer"])
    assert found, document["answer"][:400]
    return " ".join(found[0].split()[:25])


@each_plan
def test_terminal(plan: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = first_words(plan, capsys)
    first_three = " ".join(shown(capsys, folder_of(plan)).splitlines()[:3])
    assert " ".join(first_three.split()).startswith(" ".join(words.split()[:18]))


@each_plan
def test_markdown(plan: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = first_words(plan, capsys)
    title, _, answer, *_ = shown(capsys, folder_of(plan), to=["md"]).splitlines()
    assert title.startswith("# ") or title.startswith("## ")
    assert answer.replace("\\", "").startswith(f"**{words}")


@each_plan
def test_page(plan: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = first_words(plan, capsys)
    page = unescape(report_html([ReportView(api.load(folder_of(plan)).result, ())], {}))
    _, _, below = page.partition('<p class="first">')
    assert below.startswith(words)


def test_a_plan_about_loss_has_no_time_in_its_answer(capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads(shown(capsys, folder_of("pressure"), json=True))
    assert "longer" not in document["answer"]
    verdicts = {
        (each["scenario"], each["verdict"])
        for each in document["comparisons"]
        if each["metric"] == "elapsed_ns_per_op"
    }
    assert {("stop-no-wait", "lost"), ("backlog-64-no-wait", "lost")} <= verdicts
    assert "better" not in {verdict for _, verdict in verdicts}
