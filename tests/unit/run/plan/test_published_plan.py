"""The plan of published measurements: each row has a cell, and cells may be of some workloads."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.model.stored.plan import StoredPlan
from harness.run.plan.document import plan_document
from harness.run.plan.file import load_plan_file
from harness.run.plan.plan import make_plan
from tests.support.requests import asked


def test_every_row_of_the_built_in_plan_is_redone_by_a_cell() -> None:
    plan = make_plan(asked(plan="published"))
    cells = {(cell.workload, cell.scenario) for cell in plan.cells()}
    rows = plan.published
    assert len(rows) == 5
    assert {(row.workload, row.scenario) for row in rows} <= cells
    assert StoredPlan.read(plan_document(plan)).published == rows


def test_a_cell_is_measured_with_its_own_workloads_only() -> None:
    plan = make_plan(asked(plan="published"))
    names = {w: [s.name for s in group] for w, group in plan.scenarios.items()}
    assert names["syscalls"] == ["no-audit", "no-audit-aa", "disabled", "no-rules", "rules-42"]
    assert names["shells"] == ["no-audit", "no-audit-aa", "disabled", "no-rules"]


def test_no_rule_of_the_42_matches_the_load() -> None:
    plan = make_plan(asked(plan="published"))
    (scenario,) = (s for s in plan.scenarios["syscalls"] if s.name == "rules-42")
    assert len(scenario.rules) == 42
    assert not any("getppid" in text or "-S all" in text for text in scenario.rule_text)


@pytest.mark.parametrize("line", ["ratio = 0", 'ratio = "2"', "rato = 2.0"])
def test_a_row_that_is_none_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        f'summary = "m"\nworkloads = ["udp"]\nscenarios = ["rules"]\n[[published]]\n{line}\n'
        'name = "n"\nsource = "s"\nset_up = "u"\nfound = "f"\nworkload = "udp"\n'
        'scenario = "rules"\nwhy = "w"\n',
        encoding="utf-8",
    )
    with pytest.raises(UsageError, match="is not a plan"):
        load_plan_file(str(path))
