"""A run that is resumed takes the course that it would have taken; nothing is measured here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.errors import UsageError
from harness.model.run import Sample
from harness.model.stored.environment import StoredEnvironment
from harness.model.stored.plan import StoredPlan
from harness.run.blocks import RunBlocks
from harness.run.environment import add_caution
from harness.run.lifecycle.resume import Past, ResumedBlocks, plan_as_before, require_same
from harness.run.plan.document import plan_document
from harness.run.plan.plan import Plan
from harness.run.runner import Silence, run_trials
from harness.store import StoredRun
from tests.support.runs import METRIC
from tests.support.runs import MadeUpMachine as Machine
from tests.support.runs import planned as plan


def of_boot(boot_id: str, release: str = "6.1.0") -> dict[str, Any]:
    """What a host's facts say of kernel and boot."""
    return {"kernel": {"release": release}, "load": {"boot_id": boot_id}}


ENVIRONMENT: dict[str, Any] = {
    "auditbench": "1",
    "started_at": "2026-01-02T00:00:00+00:00",
    "facts": {"machine": "h-1", **of_boot("b")},
    "audit_before": {"settings": {"enabled": 0, "backlog_limit": 64}, "features": 0, "rules": []},
    "consumers": {"auditd": {"path": "/sbin/auditd", "version": "4"}},
}


def stored(made: Plan, samples: Iterable[Sample] = ()) -> StoredRun:
    document = StoredPlan.read(plan_document(made))
    return StoredRun(Path("h-1/r"), document, StoredEnvironment.read(ENVIRONMENT), tuple(samples))


def with_rules(made: Plan, *rules: str) -> Plan:
    scenarios = {
        name: tuple(replace(each, rule_text=rules) for each in group)
        for name, group in made.scenarios.items()
    }
    return replace(made, scenarios=scenarios)


@pytest.mark.parametrize("wanted", [{"blocks": 4}, {"until_ci": "3%", "max_time": "100h"}])
def test_from_wherever_it_was_stopped_the_same_trials_follow(wanted: dict[str, Any]) -> None:
    made = plan(**wanted)
    whole = Machine(spread=0.05)
    course = whole.run(made)
    trials = [(s.index, s.block, s.cell) for s in whole.saved]
    assert len(trials) > 10
    # The rest is measured as it was then, so that the widths are the same.
    rest = {sample.index: sample for sample in whole.saved}
    for stopped_after in range(0, len(trials), 5):
        past = Past(stored(made, whole.saved[:stopped_after]))
        measured: list[Sample] = []
        aside: set[int] = set()
        again = RunBlocks(made, METRIC, clock=lambda: 0.0)
        run_trials(
            ResumedBlocks(again, past, aside.update),
            lambda trial: rest[trial.index],
            measured.append,
            Silence(),
        )
        new = [(s.index, s.block, s.cell) for s in measured]
        first = new[0][0] if new else len(trials)
        assert new == trials[first:]
        # Only what is stored of a block that was broken off is measured again.
        assert aside == set(range(first, stopped_after))
        assert first <= stopped_after < first + 3 or first == stopped_after
        assert again.course() | {"max_time_s": 0} == course.course() | {"max_time_s": 0}


def test_a_trial_that_was_to_be_repeated_is_not_settled() -> None:
    made = replace(plan(blocks=1), retries=2)
    machine = Machine(spread=0.1)
    machine.run(made)
    last = replace(machine.saved[-1], disturbed=True, valid=False)
    past = Past(stored(made, [*machine.saved[:-1], last]))
    blocks = list(RunBlocks(made, METRIC))
    assert past.of(blocks[0]) is not None
    assert past.of(blocks[1]) is None


def test_samples_of_another_cell_or_load_are_not_taken_for_a_trial() -> None:
    made = plan(blocks=1)
    machine = Machine(spread=0.1)
    machine.run(made)
    blocks = list(RunBlocks(made, METRIC))
    for changed in ({"scenario": "other"}, {"ops": 1}):
        odd = replace(machine.saved[0], **changed)
        assert Past(stored(made, [odd, *machine.saved[1:]])).of(blocks[0]) is None


def test_what_is_as_it_was_can_be_resumed() -> None:
    made = plan(blocks=1)
    require_same(Past(stored(made)), made, ENVIRONMENT)


def changed(**parts: Any) -> dict[str, Any]:
    environment: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(ENVIRONMENT))
    for name, value in parts.items():
        if isinstance(value, dict):
            environment[name].update(value)
        else:
            environment[name] = value
    return environment


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        (
            changed(facts={"kernel": {"release": "6.1.0"}, "load": {"boot_id": "c"}}),
            "was booted again since",
        ),
        (
            changed(facts={"kernel": {"release": "6.2.0"}, "load": {"boot_id": "b"}}),
            "kernel 6.1.0 → 6.2.0",
        ),
        (changed(facts={"machine": "h-2"}), "machine h-1 → h-2"),
        (changed(auditbench="2"), "version 1 → 2"),
        (
            changed(audit_before={"settings": {"enabled": 0, "backlog_limit": 8192}}),
            "the host's backlog_limit was 64 and is 8192",
        ),
        (changed(audit_before={"features": 1}), "audit features"),
        (changed(audit_before={"rules": ["-a never,task"]}), "0 rules; now 1"),
        (changed(consumers={"auditd": {"path": "/sbin/auditd", "version": "5"}}), "auditd is anot"),
    ],
)
def test_another_boot_kernel_or_host_state_is_refused(
    environment: dict[str, Any], reason: str
) -> None:
    made = plan(blocks=1)
    with pytest.raises(UsageError, match="h-1/r cannot be resumed: ") as caught:
        require_same(Past(stored(made)), made, environment)
    assert reason in caught.value.what


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"seed": 4}, "the plan's seed"),
        ({"workers": 2}, "the plan's workers"),
        ({"ops": 7}, "the plan's ops"),
        ({"scenarios": ("no-rules",)}, "the scenarios of udp"),
        ({"workloads": ("shells",)}, "the plan's workloads"),
    ],
)
def test_another_plan_is_refused(other: dict[str, Any], reason: str) -> None:
    with pytest.raises(UsageError) as caught:
        require_same(Past(stored(plan(blocks=1))), plan(**({"blocks": 1} | other)), ENVIRONMENT)
    assert reason in caught.value.what


def test_a_rule_file_that_was_changed_is_refused() -> None:
    made = plan(blocks=1)
    before, now = with_rules(made, "-a never,task"), with_rules(made, "-a always,exit -S bind")
    with pytest.raises(UsageError, match=r"the rules of udp × .* were changed"):
        require_same(Past(stored(before)), now, ENVIRONMENT)


def test_states_of_a_fresh_boot_must_be_whole() -> None:
    made = plan(blocks=1, scenarios=("rules", "never-enabled"))
    first = made.with_first()
    with pytest.raises(UsageError, match="never-enabled can be measured on a fresh boot only"):
        plan_as_before(made, Past(stored(first)))
    machine = Machine(spread=0.1)
    machine.run(first)
    apart = [replace(s, interleaved=False) for s in machine.saved if s.scenario == "never-enabled"]
    assert plan_as_before(made, Past(stored(first, apart))).cells() == first.cells()
    assert plan_as_before(made, Past(stored(made))).cells() == made.cells()


def test_a_caution_that_was_there_before_is_not_added_again() -> None:
    gone = {"name": "gone-rules", "what": "rules that are gone still count", "remedy": "reboot"}
    environment = {"cautions": [gone]}
    add_caution(environment, **gone)
    add_caution(environment, name="ending", what="stopped by width")
    assert [caution["name"] for caution in environment["cautions"]] == ["gone-rules", "ending"]
