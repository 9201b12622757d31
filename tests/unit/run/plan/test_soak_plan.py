"""The plan of a soak: one trial per cell, as long as asked for."""

from __future__ import annotations

from typing import Any

import pytest

from harness.errors import UsageError
from harness.model.stored.plan import StoredPlan
from harness.run.plan.document import plan_document
from harness.run.plan.plan import make_plan
from harness.run.plan.schedule import block
from tests.support.requests import asked


def test_the_duration_is_the_users() -> None:
    plan = make_plan(asked(plan="soak", duration="2h", rate_per_s=50.0))
    assert plan.blocks == 1
    assert plan.rate_per_s == 50
    assert plan.ops == {"connect": 360_000}
    (warm_up,), (trial,) = (block(plan, number, first_index=0) for number in (0, 1))
    assert (warm_up.ops, trial.ops) == (150, 360_000)
    words = plan.worker_words(trial.cell, trial.ops).words()
    assert "--rate=50" in words
    assert StoredPlan.read(plan_document(plan)).soak == plan.soak


def test_without_one_it_is_the_plans() -> None:
    plan = make_plan(asked(plan="soak"))
    assert plan.soak is not None
    assert plan.soak.seconds == 600
    assert plan.question == "soak"


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ({"plan": "overhead", "duration": "2h"}, "--duration has no meaning"),
        ({"plan": "soak", "duration": "2"}, "is not a duration"),
        ({"plan": "soak", "duration": "1s"}, "too short for a slope"),
        ({"plan": "soak", "duration": "0h"}, "is not a duration"),
        ({"plan": "soak", "blocks": 2}, "one trial of each cell"),
        ({"plan": "soak", "ops": 2}, "one trial of each cell"),
        ({"plan": "soak", "instrument": "counted"}, "a soak is of a load at a rate"),
        ({"plan": "soak", "command": ("true",)}, "a soak is of a load at a rate"),
    ],
)
def test_what_cannot_be_soaked_is_refused(words: dict[str, Any], fault: str) -> None:
    with pytest.raises(UsageError, match=fault):
        make_plan(asked(**words))
