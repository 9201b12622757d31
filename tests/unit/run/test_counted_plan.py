"""What of a plan is counted, and what a guest is told of its cells."""

from __future__ import annotations

from harness.run.count import counted_plan
from harness.run.counted_trial import BACKLOG_LIMIT, guest_trial
from harness.run.request import Load, Request


def test_without_a_workload_those_of_the_plan_are_counted_and_the_one_without_events() -> None:
    assert counted_plan(Request()).workloads == ("syscalls", "shells", "udp")
    assert counted_plan(Request(load=Load(workloads=("files",)))).workloads == ("files",)


def test_a_guest_is_told_of_a_consumer_where_audit_may_be_touched() -> None:
    plan = counted_plan(Request(load=Load(workloads=("connect",))))
    told = {c.scenario: guest_trial(plan, c, index) for index, c in enumerate(plan.cells())}
    assert told["never-enabled"].consumer == ()
    assert told["never-enabled"].state is None
    words = told["rules"].consumer
    assert words[words.index("--mode") + 1] == "unicast"


def test_a_guest_has_room_for_all_that_a_trial_records_whatever_the_rules_say() -> None:
    plan = counted_plan(Request(load=Load(workloads=("connect",))))
    for index, cell in enumerate(plan.cells()):
        state = guest_trial(plan, cell, index).state
        assert state is None or (state.backlog_limit or 0) >= BACKLOG_LIMIT
