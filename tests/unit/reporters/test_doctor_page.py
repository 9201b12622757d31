"""The pages of `auditbench doctor` and `auditbench list`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.host.doctor import Diagnosis, diagnose
from harness.host.ever_enabled.probe import EverEnabled
from harness.host.finding import Finding
from harness.reporters.doctor import doctor_page
from harness.reporters.listing import list_page
from harness.reporters.render.markdown import page_markdown
from tests.support.made_up_host import RELEASE, MadeUpClient, MadeUpHost
from tests.support.reports.pages import (
    in_html,
    on_a_terminal,
    require_in_order,
    require_same_everywhere,
    text_of,
)

REMEDY = "set the governor to performance\x1b[2J, or pin the clock for as long as the run goes on"
FINDINGS = (
    Finding("privilege", "ok", "root", "nothing to do"),
    Finding("frequency", "warning", "governor powersave", REMEDY),
    Finding("enabled", "unfit", "enabled is 2, locked"),
)


@pytest.fixture
def diagnosis(tmp_path: Path) -> Diagnosis:
    root = MadeUpHost(tmp_path).root
    found = diagnose(root, MadeUpClient, probe=lambda _client: EverEnabled("never", "made up"))
    return replace(found, findings=FINDINGS, fit=False)


def test_whether_a_host_is_fit_comes_first_and_a_remedy_after_its_finding(
    diagnosis: Diagnosis,
) -> None:
    page = doctor_page(diagnosis)
    words = require_same_everywhere(page)
    assert words[0] == "This host is not fit to measure on (1 warning)."
    assert f"Linux {RELEASE}, 4 CPUs, Example" in words[1]
    assert words[3:] == ["ok", "warn", "UNFIT"]
    order = ["frequency: governor powersave", f"→ {REMEDY}", "enabled: enabled is 2"]
    for shown in (on_a_terminal(page), page_markdown(page), text_of(in_html(page))):
        require_in_order(order, shown)
        assert "nothing to do" not in shown
        assert "\x1b" not in shown


def test_a_fit_host_is_said_to_be_fit(diagnosis: Diagnosis) -> None:
    fit = replace(diagnosis, findings=FINDINGS[:1], fit=True)
    assert on_a_terminal(doctor_page(fit)).startswith("This host is fit to measure on (0 warnings)")


def test_a_list_names_its_columns() -> None:
    page = list_page("metrics", [{"name": "lost", "unit": "1", "summary": "word " * 30}])
    first, _, row, *more = on_a_terminal(page).splitlines()
    assert first.split() == ["name", "unit", "summary"]
    assert row.split()[:3] == ["lost", "1", "word"]
    assert all(line.startswith(" ") for line in more)
    assert "| name | unit | summary |" in page_markdown(page)
