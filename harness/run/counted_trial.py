"""What a guest is told of one cell: the state, the load, and the consumer that takes its events."""

from __future__ import annotations

from dataclasses import replace

from harness.consumers.base import ConsumerSetup
from harness.consumers.builtin import BuiltinConsumer
from harness.consumers.catalog import find_consumer
from harness.consumers.counted.in_guest import GuestConsumer
from harness.guest.order import MARKER, GuestTrial
from harness.model.run import Cell
from harness.model.state import AuditState
from harness.run.plan.plan import Plan
from harness.run.trials.demanded_events import excluded_types

BACKLOG_LIMIT = 65536
RECEIVE_BUFFER_BYTES = 256 << 20
"""Room for all that a trial records, which waits here while the load runs, and there while kauditd
does: a limit of the rules' own would have them wait for each other."""


def guest_trial(plan: Plan, cell: Cell, index: int) -> GuestTrial:
    """The trial of a cell at its place in a guest's order."""
    scenario = plan.scenario_of(cell)
    words = (cell.workload, f"--auid={plan.auid}")
    if scenario.enabled is None:
        return GuestTrial(index, None, words)
    state = replace(scenario, backlog_limit=max(BACKLOG_LIMIT, scenario.backlog_limit or 0))
    consumer = plan.consumer(cell.consumer)
    if isinstance(consumer, GuestConsumer):
        daemon = consumer.daemon(excluded_types(state), RECEIVE_BUFFER_BYTES)
        return GuestTrial(index, state, words, daemon=daemon)
    return GuestTrial(index, state, words, consumer_words(cell.consumer, state))


def consumer_words(name: str, state: AuditState) -> tuple[str, ...]:
    """The command line of `python -m consumer` for a built-in consumer that listens in a state."""
    consumer = find_consumer(name)
    assert isinstance(consumer, BuiltinConsumer)
    setup = ConsumerSetup(
        marker=MARKER,
        rcvbuf_bytes=RECEIVE_BUFFER_BYTES,
        excluded_types=excluded_types(state),
    )
    return tuple(consumer.words(setup))
