"""What was called otherwise before: old runs and plan files are read, old words are answered."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness import api
from harness.cli import run_command
from harness.errors import UsageError
from harness.model.run import Cell
from harness.model.stored.plan import StoredPlan
from harness.renamed import CELLS, SCENARIOS, new_name, plan_file, stored_names, stored_plan
from harness.run.overhead_check import measure_overhead
from harness.run.plan.file import load_plan_file
from harness.run.plan.plan import make_plan
from harness.scenarios.catalog import HERE, PLANS
from harness.scenarios.catalog import SCENARIOS as NOW
from harness.store import RunWriter, load_run
from tests.support.command import auditbench
from tests.support.requests import asked
from tests.support.runs import made_up_run

OLD_PLAN = """
summary = "s"
reference = "no-context"
again = true
scenarios = ["no-context", "disabled", "excluded", "excluded-narrow"]
first = ["never-enabled"]
workloads = ["udp"]
[invalid]
slowdown_percent = 10
again = 2
[[cells]]
name = "small"
scenario = "pressure"
backlog_limit = 64
"""


def test_every_new_name_is_one_of_now() -> None:
    assert set(SCENARIOS.values()) <= NOW.keys()
    assert not SCENARIOS.keys() & NOW.keys()
    for plan, table in CELLS.items():
        cells = {cell.name for cell in load_plan_file(plan).cells}
        assert set(table.values()) <= cells
        assert not table.keys() & cells


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("no-context", "no-audit"),
        ("no-context-again", "no-audit-aa"),
        ("roomy", "backlog-8192-wait"),
        ("excluded", "rules+exclude-exe"),
        ("mine+excluded-narrow", "mine+exclude-call"),
        ("rules", None),
        ("-again", None),
    ],
)
def test_an_old_name_has_a_new_one(old: str, new: str | None) -> None:
    assert new_name(old) == new


def test_an_old_plan_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(OLD_PLAN)
    plan = load_plan_file(str(path))
    assert (plan.reference, plan.aa_cell, plan.invalid.retries) == ("no-audit", True, 2)
    assert plan.scenarios == ["no-audit", "disabled", "rules+exclude-exe", "rules+exclude-call"]
    assert plan.cells[0].scenario == "connect-scoped"
    made = make_plan(asked(plan=str(path), seed=1))
    assert Cell("udp", "no-audit-aa", "assemble") in made.cells()
    assert made.retries == 2


def test_a_plan_keeps_the_names_of_its_own_cells(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    cells = '[[cells]]\nname = "excluded"\nscenario = "no-context"\n'
    path.write_text(f'summary = "s"\nreference = "excluded"\nworkloads = ["udp"]\n{cells}')
    plan = load_plan_file(str(path))
    assert (plan.reference, plan.cells[0].name) == ("excluded", "excluded")
    assert plan.cells[0].scenario == "no-audit"


def test_what_is_no_more_names_what_to_do_instead(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(OLD_PLAN + '[ladder]\nworkload = "udp"\n')
    for gone in (str(path), "rate"):
        with pytest.raises(UsageError) as refused:
            load_plan_file(gone)
        assert "auditbench capacity" in refused.value.one_line()
        assert "\n" not in refused.value.one_line()
    done = auditbench("run", "consumers", "--no-ladder", cwd=tmp_path)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "--no-ladder is no more" in line
    assert "auditbench capacity" in line


def test_both_keys_at_once_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('summary = "s"\nworkloads = ["udp"]\nagain = true\naa_cell = false\n')
    with pytest.raises(UsageError, match="unknown field `again`"):
        load_plan_file(str(path))


@pytest.mark.parametrize(
    "broken",
    [
        {"scenarios": 5, "cells": 5, "invalid": 5, "first": "x", "reference": 1},
        {"scenarios": [1, None], "cells": [1, {"scenario": 2}]},
    ],
)
def test_what_is_no_plan_is_left_for_the_check(broken: dict[str, Any]) -> None:
    assert plan_file(broken) == broken


def test_the_built_in_plans_use_no_old_name() -> None:
    for name in PLANS.values():
        text = (HERE / name).read_text(encoding="utf-8")
        assert re.search(r"^again\b", text, re.MULTILINE) is None
        assert "no-context" not in text


def plan_of(**scenarios: str) -> dict[str, Any]:
    """A stored plan with scenarios and their summaries."""
    found = [{"name": name.replace("_", "-"), "summary": s} for name, s in scenarios.items()]
    return {
        "name": "overhead",
        "reference_scenario": "no-context",
        "scenarios": {"udp": found},
        "invalid": {"again": 2},
    }


def test_rule_files_of_a_stored_run_keep_their_names() -> None:
    plan = plan_of(
        no_context="Enabled", no_context_again="no-context a second time (A/A)",
        excluded="the rules of /etc/excluded.rules",
    )  # fmt: skip
    plan["scenarios"]["udp"].append(
        {"name": "excluded+excluded", "summary": "the rules of x, after an exclusion of /bin/true"}
    )
    names = stored_names(StoredPlan.read(plan))
    assert names == {
        "no-context": "no-audit",
        "no-context-again": "no-audit-aa",
        "excluded+excluded": "excluded+exclude-exe",
    }
    now = stored_plan(plan, names)
    assert now["reference_scenario"] == "no-audit"
    assert now["invalid"] == {"retries": 2}
    assert now["scenarios"]["udp"][1] == {
        "name": "no-audit-aa",
        "summary": "no-audit a second time (A/A)",
    }
    assert stored_names(StoredPlan.read(now)) == {}
    assert stored_plan(now, {}) == now


def test_two_scenarios_of_a_stored_run_never_become_one() -> None:
    plan = plan_of(no_context="Enabled", no_audit="the rules of no-audit.rules")
    assert stored_names(StoredPlan.read(plan)) == {}


def test_cells_are_renamed_in_runs_of_their_plan_only() -> None:
    plan = {"name": "pressure", "scenarios": {"udp": [{"name": "rate"}, {"name": "watched"}]}}
    assert stored_names(StoredPlan.read(plan)) == {"rate": "rate-limit"}
    assert stored_names(StoredPlan.read({**plan, "name": "mine"})) == {}


def test_a_stored_run_is_read_under_the_new_names(tmp_path: Path) -> None:
    now = made_up_run(tmp_path / "h-1" / "now")
    back = {new: old for old, new in SCENARIOS.items()} | {"no-audit-aa": "no-context-again"}
    plan = {
        **now.plan.document,
        "reference_scenario": "no-context",
        "scenarios": {
            "udp": [
                {**scenario, "name": back.get(scenario["name"], scenario["name"])}
                for scenario in now.plan.document["scenarios"]["udp"]
            ]
        },
    }
    with RunWriter(tmp_path / "h-1" / "old") as writer:
        writer.describe(plan, now.environment.document)
        for sample in now.samples:
            writer.append(replace(sample, scenario=back.get(sample.scenario, sample.scenario)))
    old = load_run(tmp_path / "h-1" / "old")
    assert b"no-context" in (tmp_path / "h-1" / "old" / "samples.jsonl").read_bytes()
    assert old.samples == now.samples
    assert old.plan == now.plan


def test_an_old_name_is_answered_with_the_new_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="it is called no-audit now"):
        make_plan(asked(scenarios=("no-context",)))
    with pytest.raises(UsageError, match="it is called backlog-8192-wait now"):
        make_plan(asked(plan="pressure", scenarios=("roomy",)))
    with pytest.raises(UsageError, match="it is called no-audit now"):
        measure_overhead(asked(rule_files=(tmp_path,)), against="no-context")
    made_up_run(tmp_path / "h-1" / "run")
    with pytest.raises(UsageError, match=r"it is called rules\+exclude-exe now"):
        api.load(tmp_path / "h-1" / "run").only("excluded")


@pytest.mark.parametrize(
    "words",
    [
        ["gate", "--run", "latest", "--fail", "udp/no-context/elapsed:5%"],
        ["gate", "--run", "latest", "--fail", "elapsed:5%", "--reference", "no-context"],
        ["compare", "latest:no-context", ":rules"],
        ["history", "--cell", "udp/no-context"],
    ],
    ids=lambda words: words[0],
)
def test_a_verb_answers_an_old_name(
    words: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    made_up_run(tmp_path / "results" / "h-1" / "run")
    assert run_command(words) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("it is called no-audit now")
