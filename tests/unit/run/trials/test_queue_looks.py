"""Who asks for the status of a full queue hands on the turn that was another's."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest

from harness.kernel.status import AuditStatus
from harness.run.trials.queue_looks import HANDED_ON, MOST_MESSAGES, SLEPT_S, look_at_queue
from tests.support.made_up_host import audit_status


@dataclass
class Kernel:
    """A kernel that answers with this status, and lets the sender sleep so many times."""

    answer: AuditStatus
    sleeps: int = 0
    messages: int = 0

    def status(self) -> AuditStatus:
        return self.answer

    def send_user_message(self, text: str) -> None:
        assert text == HANDED_ON
        self.messages += 1
        if self.messages <= self.sleeps:
            time.sleep(2 * SLEPT_S)


def full(**changes: int) -> AuditStatus:
    return audit_status(
        **{"backlog": 65, "backlog_limit": 64, "backlog_wait_time": 15000} | changes
    )


@pytest.mark.parametrize(
    "status",
    [full(backlog=63), full(backlog_limit=0), full(backlog_wait_time=0)],
    ids=["room", "no limit", "no waiting"],
)
def test_nothing_is_sent_where_nobody_waits(status: AuditStatus) -> None:
    kernel = Kernel(status)
    assert look_at_queue(kernel) is status
    assert kernel.messages == 0


@pytest.mark.parametrize("backlog", [64, 65])
def test_one_record_more_wakes_the_next(backlog: int) -> None:
    kernel = Kernel(full(backlog=backlog))
    assert look_at_queue(kernel).backlog == backlog
    assert kernel.messages == 1


def test_a_message_that_slept_may_have_taken_a_turn_too() -> None:
    kernel = Kernel(full(), sleeps=2)
    look_at_queue(kernel)
    assert kernel.messages == 3
    kernel = Kernel(full(), sleeps=1000)
    look_at_queue(kernel)
    assert kernel.messages == MOST_MESSAGES
