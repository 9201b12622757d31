"""What a dry run of `size` says of the load that the backlog is to hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.model.searches.size import LogDemand
from harness.reporters.preview import preview_document, preview_page
from harness.reporters.render.markdown import page_markdown
from harness.run.plan.plan import Plan
from harness.run.plan.preview import preview_plan
from harness.run.request import Conduct
from harness.run.size.plan import Demanded, size_plan
from tests.support.requests import asked

LOG = LogDemand(
    files=("a", "b"), tenth=70, second=400, minute=9000, minute_s=60, records_per_event=8
)


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "my.rules"
    path.write_text("-a always,exit -F arch=b64 -S connect\n")
    return path


def planned(rules: Path, demanded: Demanded) -> Plan:
    request = asked(rule_files=(rules,), workloads=("connect",))
    return size_plan(request, demanded, trials=20, margin=1.5)


def said(plan: Plan) -> str:
    return " ".join(page_markdown(preview_page(preview_plan(plan, Conduct()))).split())


def test_it_says_which_burst_and_rate_the_log_has(rules: Path) -> None:
    plan = planned(rules, Demanded(rate_per_s=7.25, burst=70, pause_s=0.5, log=LOG))
    assert (
        "The backlog is to hold 70 events at once and 7.25 per second after that, the busiest that "
        "2 logs show, while the consumer stands still for 500 ms."
    ) in said(plan)
    document = preview_document(preview_plan(plan, Conduct()))
    assert (document["sizing"]["rate_per_s"], document["sizing"]["burst"]) == (7.25, 70)


def test_it_repeats_what_was_asked_for(rules: Path) -> None:
    plan = planned(rules, Demanded(rate_per_s=1200, burst=20_000))
    assert "is to hold 20,000 operations at once and 1,200 per second after that." in said(plan)
