"""The documents of a stored run: typed as they are read, kept whole as they are printed."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from harness.model.reference import DEFAULT_MARGIN, Reference
from harness.model.stored.environment import StoredEnvironment
from harness.model.stored.plan import StoredPlan
from harness.model.stored.scenario import StoredScenario
from harness.model.stored.trial import StoredWorkload, operations_of
from harness.run.plan.document import plan_document
from harness.run.plan.plan import make_plan
from tests.support.requests import asked
from tests.support.runs import made_up_sample


def test_what_an_older_plan_does_not_say_has_its_default() -> None:
    plan = StoredPlan.read({})
    assert (plan.kind, plan.workers, plan.auid, plan.margin) == ("kernel", 1, "keep", 0.02)
    assert plan.margin == DEFAULT_MARGIN
    assert plan.reference == Reference()
    assert plan.primary == "elapsed_ns_per_op"
    assert not plan.is_replay
    assert plan.is_whole(0)
    assert plan.scenario("udp", "rules") is None


def test_a_replay_is_about_its_consumer() -> None:
    plan = StoredPlan.read({"kind": "replay", "trials": 3})
    assert plan.is_replay
    assert (plan.primary, plan.operation) == ("cpu_consumer_ns_per_op", "record")
    assert not plan.is_whole(2)
    assert plan.is_whole(3)


def test_the_document_stays_as_it_was_written() -> None:
    written = {"name": "p", "later": {"field": 1}, "document": "mine", "rate_per_s": 20_000}
    plan = StoredPlan.read(written)
    assert plan.document == written
    assert repr(plan.rate_per_s) == "20000"
    assert StoredEnvironment.read({"later": None}).document == {"later": None}


def test_what_is_written_is_what_is_read() -> None:
    plan = make_plan(asked(plan="pressure", seed=1, margins=("3%", "p99=5%")))
    stored = StoredPlan.read(plan_document(plan))
    assert stored.reference == plan.reference
    assert (stored.margins.general, stored.margins.by_metric) == (plan.margin, plan.margins)
    assert (stored.kind, stored.seed, stored.blocks) == (plan.kind, 1, plan.blocks)
    assert (stored.ops, stored.workers, stored.auid) == (plan.ops, plan.workers, plan.auid)
    for workload, scenarios in plan.scenarios.items():
        for scenario in scenarios:
            found = stored.scenario(workload, scenario.name)
            assert found is not None
            assert found.rules == scenario.rule_text
            limits = found.limits()
            assert limits == {name: getattr(scenario, name) for name in limits}


def test_the_rate_of_a_cell_is_stored_and_told(tmp_path: Path) -> None:
    path = tmp_path / "p.toml"
    path.write_text(
        'summary = "s"\nworkloads = ["udp"]\n'
        '[[cells]]\nname = "slow"\nscenario = "rules"\nrate_per_s = 500\n'
    )
    plan = make_plan(asked(plan=str(path), seed=1))
    slow = StoredPlan.read(plan_document(plan)).scenario("udp", "slow")
    assert slow is not None
    assert slow.limits_set()["rate_per_s"] == 500


@pytest.mark.parametrize(("name", "value"), [("failure", 2), ("enabled", 2), ("rate_limit", -1)])
def test_a_setting_that_no_run_could_have_made_is_refused(name: str, value: int) -> None:
    scenario = {"name": "s", name: value}
    with pytest.raises(ValueError, match=rf"{name} {value}.*scenarios"):
        StoredPlan.read({"scenarios": {"udp": [scenario]}})


def test_a_limit_of_0_is_set_and_a_stop_of_0_is_not() -> None:
    scenario = StoredScenario(name="s", backlog_limit=0, stop_for_ms=0, stop_after_ms=5)
    assert scenario.limits_set() == {"backlog_limit": 0, "stop_after_ms": 5}


def test_operations_are_those_done_where_the_workload_says() -> None:
    sample = made_up_sample("rules", 1, 0, random.Random(1))
    assert operations_of(replace(sample, ops=9, workload_document={})) == 9
    assert operations_of(replace(sample, ops=9, workload_document={"ops": 0})) == 0
    assert StoredWorkload.of(replace(sample, workload_document={})) == StoredWorkload()


@pytest.mark.parametrize("kind", [StoredPlan, StoredEnvironment])
def test_a_document_cannot_be_changed(kind: type[StoredPlan]) -> None:
    with pytest.raises(AttributeError):
        kind.read({}).document = {}  # type: ignore[misc]
