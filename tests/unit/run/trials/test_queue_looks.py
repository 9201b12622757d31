"""Who asks for the status of a full queue hands on the turn that was another's."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest

from harness.kernel.status import AuditStatus
from harness.run.trials.queue_looks import HANDED_ON, SLEPT_S, QueueLooks
from tests.support.made_up_host import audit_status


@dataclass
class Kernel:
    """A kernel that answers with this status."""

    answer: AuditStatus
    asleep_s: float = 0.0
    messages: int = 0

    def status(self) -> AuditStatus:
        time.sleep(self.asleep_s)
        return self.answer

    def send_user_message(self, text: str) -> None:
        assert text == HANDED_ON
        self.messages += 1


def queue(backlog: int, **changes: int) -> AuditStatus:
    return audit_status(backlog=backlog, **{"backlog_limit": 64, **changes})


@pytest.mark.parametrize(
    "status",
    [queue(31), queue(65, backlog_limit=0), queue(65, backlog_wait_time=0)],
    ids=["room", "no limit", "no waiting"],
)
def test_nothing_is_sent_where_nobody_waits(status: AuditStatus) -> None:
    kernel = Kernel(status)
    looks = QueueLooks(kernel)
    assert [looks.look(), looks.look()] == [status, status]
    assert kernel.messages == 0


@pytest.mark.parametrize("backlog", [32, 64, 65])
def test_a_record_more_wakes_the_next_now_and_at_the_next_look(backlog: int) -> None:
    """The first may itself have slept in the place of another."""
    kernel = Kernel(queue(backlog))
    looks = QueueLooks(kernel)
    assert looks.look().backlog == backlog
    assert kernel.messages == 1
    kernel.answer = queue(0)
    looks.look()
    assert kernel.messages == 2
    looks.look()
    assert kernel.messages == 2


def test_who_was_answered_late_may_have_slept() -> None:
    """The queue was over its limit only after the status had been taken."""
    kernel = Kernel(queue(1), asleep_s=2 * SLEPT_S)
    QueueLooks(kernel).look()
    assert kernel.messages == 1


def test_a_busy_machine_is_no_full_queue() -> None:
    kernel = Kernel(queue(0), asleep_s=2 * SLEPT_S)
    QueueLooks(kernel).look()
    assert kernel.messages == 0
