"""A plan of cells with the user's rules, and what was asked for by name and is not measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.model.matching import RuleMatches
from harness.reporters.parts.matching import matching_lines
from harness.run.plan.plan import Plan, make_plan
from tests.support.requests import asked

RULES = "-b 4\n-a always,exit -F arch=b64 -S connect -F auid>=1000 -k mine\n"


def made(plan: str, *names: str, folder: Path, **words: object) -> Plan:
    paths = tuple(folder / f"{name}.rules" for name in names)
    for path in paths:
        path.write_text(RULES)
    return make_plan(asked(plan=plan, rule_files=paths, **words))


def test_every_cell_of_pressure_has_the_rules_and_its_own_limits(tmp_path: Path) -> None:
    plan = made("pressure", "mine", folder=tmp_path)
    built_in = make_plan(asked(plan="pressure"))
    scenarios = plan.scenarios["udp"]
    assert plan.cells() == built_in.cells()
    assert plan.reference == built_in.reference
    for scenario, other in zip(scenarios, built_in.scenarios["udp"], strict=True):
        assert [text.endswith("key=mine") for text in scenario.rule_text] == [True]
        assert scenario.backlog_limit == other.backlog_limit
        assert scenario.backlog_wait_time == other.backlog_wait_time
        assert scenario.stop_after_ms == other.stop_after_ms
    assert plan.auid_free
    notes = "\n".join(scenarios[0].notes)
    assert "its settings are left out, because each cell has its own: backlog_limit" in notes
    assert "not confined to the load" in notes


def test_consumers_have_the_rules_in_cells_and_keep_the_reference(
    tmp_path: Path,
) -> None:
    plan = made("consumers", "mine", folder=tmp_path, consumers=("assemble", "store"))
    by_name = {scenario.name: scenario for scenario in plan.scenarios["udp"]}
    assert "key=mine" not in str(by_name["no-audit"].rule_text)
    assert "key=mine" not in str(by_name["no-audit"].notes)
    assert by_name["rules"].rule_text[0].endswith("key=mine")
    assert plan.reference.scenario == "no-audit"


def test_chosen_cells_have_the_rules_too(tmp_path: Path) -> None:
    plan = made("pressure", "mine", folder=tmp_path, scenarios=("stop-mcast",))
    assert [s.name for s in plan.scenarios["udp"]] == ["backlog-8192-wait", "stop-mcast"]
    assert all(s.rule_text[0].endswith("key=mine") for s in plan.scenarios["udp"])


def test_several_files_in_one_plan_of_cells_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="once for each --rules FILE"):
        made("pressure", "one", "two", folder=tmp_path)


def test_exclusions_in_a_plan_of_cells_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--exclude-exe has no cells"):
        made("pressure", "mine", folder=tmp_path, exclude_exe="/usr/sbin/nosuch")


def test_rules_are_refused_by_a_plan_without_a_kernel(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--rules has no meaning in the plan replay"):
        made("replay", "mine", folder=tmp_path)


def test_a_cell_whose_consumer_is_not_wanted_is_said_to_be_left_out(tmp_path: Path) -> None:
    plan = make_plan(
        asked(plan="consumers", scenarios=("process-events", "rules"), consumers=("count",))
    )
    (line,) = plan.left_out
    assert line.startswith("asked for by name and left out")
    assert line.endswith(": process-events")


def test_a_state_of_a_fresh_boot_asked_for_by_name_is_measured_or_said() -> None:
    plan = make_plan(asked(scenarios=("never-enabled", "rules"), workloads=("udp",)))
    assert plan.with_first().scenarios["udp"][0].name == "never-enabled"
    (line,) = plan.without_first().left_out
    assert line.endswith("since the boot: never-enabled")
    assert make_plan(asked(workloads=("udp",))).without_first().left_out == ()


def test_what_a_file_can_match_is_said_once() -> None:
    cells = [
        RuleMatches(
            scenario=name,
            file="my.rules",
            rules=1,
            can_match=1,
            recording=1,
            by_workload={"udp": 1},
            withholding={"udp": 0},
            hindered={},
        )
        for name in ("a", "b")
    ]
    assert len(matching_lines(None, cells)) == 1
