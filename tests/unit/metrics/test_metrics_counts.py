"""The independent counts without a kernel: connector messages tallied, refusals in one line."""

from __future__ import annotations

import struct

import pytest

from harness.errors import HostUnfitError, UsageError
from harness.host.exec_counting import exec_counter
from harness.host.exec_counting.exec_counter import ExecCounter, _Tally
from harness.host.perf_event import CounterType, open_counter
from tests.support.syscall_counter import SyscallCounter

NONE, FORK, EXEC, EXIT = 0, 1, 2, 0x80000000


def event(what: int, sequence: int, *ids: int, cpu: int = 0) -> bytes:
    """A connector message as the kernel lays it out."""
    data = struct.pack("=4I", *(*ids, 0, 0, 0, 0)[:4]).ljust(24, b"\0")
    body = struct.pack("=IIQ", what, cpu, 12345) + data
    message = struct.pack("=IIIIHH", 1, 1, sequence, 0, len(body), 0) + body
    return struct.pack("=IHHII", 16 + len(message), 3, 0, sequence, 0) + message


def tallied(*messages: bytes, root: int | None = None) -> tuple[int, int, int]:
    tally = _Tally(root)
    for message in messages:
        tally.add(message)
    count = tally.count(drops=0)
    return count.execs, count.forks, count.missed


def test_everybody_is_counted() -> None:
    assert tallied(event(FORK, 10, 1, 1, 20, 20), event(EXEC, 11, 20, 20), event(EXIT, 12, 20)) == (
        1,
        1,
        0,
    )


def test_threads_are_no_forks() -> None:
    assert tallied(event(FORK, 0, 1, 1, 21, 1)) == (0, 0, 0)


def test_only_the_tree_is_counted() -> None:
    messages = (
        event(FORK, 0, 100, 100, 101, 101),
        event(FORK, 1, 101, 101, 102, 102),
        event(FORK, 2, 7, 7, 8, 8),
        event(EXEC, 3, 102, 102),
        event(EXEC, 4, 8, 8),
        event(EXEC, 5, 100, 100),
    )
    assert tallied(*messages, root=100) == (2, 2, 0)
    assert tallied(*messages) == (3, 3, 0)


def test_an_exec_by_a_second_thread_belongs_to_its_process() -> None:
    assert tallied(event(EXEC, 0, 555, 100), root=100) == (1, 0, 0)


def test_gaps_are_missed_messages_per_cpu() -> None:
    messages = (
        event(EXEC, 5, 1, 1, cpu=0),
        event(EXEC, 90, 1, 1, cpu=1),
        event(EXEC, 6, 1, 1, cpu=0),
        event(EXEC, 93, 1, 1, cpu=1),
    )
    assert tallied(*messages) == (4, 0, 2)


def test_the_sequence_wraps() -> None:
    assert tallied(event(EXEC, 2**32 - 1, 1, 1), event(EXEC, 0, 1, 1)) == (2, 0, 0)


def test_answers_to_requests_are_no_events_but_have_a_place_in_the_sequence() -> None:
    messages = (event(EXEC, 0, 1, 1), event(NONE, 1), event(EXEC, 2, 1, 1))
    assert tallied(*messages) == (2, 0, 0)
    assert tallied(event(EXEC, 0, 1, 1), event(NONE, 77, cpu=2**32 - 1)) == (1, 0, 0)


def test_short_messages_are_passed_over() -> None:
    assert tallied(b"", event(EXEC, 0, 1, 1)[:50]) == (0, 0, 0)


def test_no_connector_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> None:
        raise OSError(93, "Protocol not supported")

    monkeypatch.setattr(exec_counter.socket, "socket", refuse)
    with pytest.raises(HostUnfitError, match="no process events: Protocol not supported"):
        ExecCounter().__enter__()


@pytest.mark.parametrize("name", ["", "../id", "conn ect", "connect/id"])
def test_no_syscall_name(name: str) -> None:
    with pytest.raises(UsageError):
        SyscallCounter(name)


def test_unknown_counter_is_an_os_error() -> None:
    with pytest.raises(OSError, match=r"."):
        open_counter(CounterType.TRACEPOINT, 2**62, pid=0, cpu=-1)
