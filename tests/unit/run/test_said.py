"""What child processes answer with is checked once, where it comes in."""

from __future__ import annotations

from typing import Any

import pytest

from harness.model.stored.documents import GroupCounts, WorkerReady
from harness.processes.line_process import ChildFailedError
from harness.run.trials.said import consumer_said, said, worker_said
from tests.support.worker_documents import DONE, worker_document

COUNTS = {"complete": 1, "partial": 0, "duplicate_records": 0, "late_records": 0}


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({name: value for name, value in DONE.items() if name != "ops"}, "ops"),
        (DONE | {"ops": "many"}, "ops"),
        (DONE | {"errors": {"EPERM": None}}, "errors"),
        (DONE | {"details": None}, "details"),
        ([], "object"),
    ],
)
def test_a_worker_that_answers_otherwise_fails_its_trial_by_field(wrong: Any, place: str) -> None:
    with pytest.raises(ChildFailedError, match=f"workload answered is damaged .*{place}") as caught:
        worker_said(wrong)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"events": {"complete": 1}}, "partial"),
        ({"records": None}, "records"),
        ({"sessions": {"7": {"by_syscall": {"connect": 1}}}}, "sessions"),
        ({"beside": {"document": {"markers": ["x"]}}}, "beside"),
    ],
)
def test_a_consumer_that_answers_otherwise_fails_its_trial_by_field(wrong: Any, place: str) -> None:
    with pytest.raises(ChildFailedError, match=f"consumer answered is damaged .*{place}"):
        consumer_said(wrong)


def test_what_a_consumer_cannot_tell_is_none_and_not_zero() -> None:
    assert consumer_said(None) is None
    received = consumer_said({"own_count": {"events": 5, "forks": 1}})
    assert received is not None
    assert received.events is received.markers is received.socket_drops is None
    assert received.involuntary_switches is None
    assert received.own_count is not None
    assert received.own_count.events == 5


def test_the_events_of_a_trial_are_those_of_its_session_or_of_its_tree() -> None:
    received = consumer_said(
        {"events": COUNTS, "sessions": {"7": {"events": 2}}, "tree": {"events": 3}}
    )
    assert received is not None
    assert received.of_session(7).events == 2
    assert received.of_session(None).events == 3
    assert received.of_session(8) == GroupCounts()


def test_cpu_time_of_a_worker_has_that_of_its_children() -> None:
    done = worker_document(cpu_user_ns=1, cpu_children_user_ns=2, cpu_system_ns=3)
    assert (done.user_ns, done.system_ns) == (3, 3)


def test_a_worker_without_a_session_of_its_own_says_so() -> None:
    ready = said("workload", {"session": None, "acting_pids": [5, 6]}, WorkerReady)
    assert ready == WorkerReady(None, (5, 6))
    with pytest.raises(ChildFailedError, match="session"):
        said("workload", {}, WorkerReady)
