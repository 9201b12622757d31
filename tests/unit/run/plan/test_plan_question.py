"""Each plan names its question; one of the user's that names none asks for the cost."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.model.question import question_of
from harness.run.plan.file import load_plan_file
from harness.scenarios.catalog import PLANS, plan_path

PLAN = 'summary = "mine"\nworkloads = ["udp"]\nscenarios = ["rules"]\n'


def written(folder: Path, *lines: str) -> str:
    path = folder / "mine.toml"
    path.write_text("\n".join((*lines, PLAN)), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("name", PLANS)
def test_a_built_in_plan_names_the_question_that_its_older_runs_have(name: str) -> None:
    assert "\nquestion = " in plan_path(name).read_text(encoding="utf-8")
    assert load_plan_file(name).question == question_of(name)


def test_a_plan_without_a_question_asks_for_the_cost(tmp_path: Path) -> None:
    assert load_plan_file(written(tmp_path)).question == "cost"


def test_a_plan_may_name_another(tmp_path: Path) -> None:
    assert load_plan_file(written(tmp_path, 'question = "loss"')).question == "loss"


def test_a_question_that_there_is_not_is_refused_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is not a plan: .*question"):
        load_plan_file(written(tmp_path, 'question = "speed"'))
