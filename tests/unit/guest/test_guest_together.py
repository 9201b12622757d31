"""Several guests at once: as many as there may be, and one that fails leaves the others alone."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from harness.guest import together
from harness.guest.boot import GuestFailedError
from harness.guest.console import Console
from harness.guest.kernels.images import KernelImage
from harness.guest.together import Boot, run_boots, run_guests

HELLO = {"event": "hello"}
DONE = {"event": "done"}


class FakeGuest:
    """A guest whose kernel image says what its agent and its console say."""

    running = 0
    most = 0
    started = 0
    cpu = 100.0

    def __init__(self, kernel: KernelImage, root_fd: int, kernel_fd: int, *, seed: int) -> None:
        said = json.loads(os.pread(kernel_fd, 1 << 20, 0))
        self.line, theirs = socket.socketpair()
        reading, writing = os.pipe()
        self.console_stream = os.fdopen(reading, "rb", buffering=0)
        os.write(writing, said["console"].encode())
        theirs.sendall(b"".join(json.dumps(line).encode() + b"\n" for line in said["agent"]))
        self._open = (theirs, os.fdopen(writing, "wb"))
        if not said["stays"]:
            self._close()
        self._console, self._answers = Console(), list[dict[str, Any]]()
        FakeGuest.running += 1
        FakeGuest.started += 1
        FakeGuest.most = max(FakeGuest.most, FakeGuest.running)

    def _close(self) -> None:
        for end in self._open:
            end.close()

    def __enter__(self) -> FakeGuest:
        return self

    def __exit__(self, *_: object) -> None:
        FakeGuest.running -= 1
        self._close()
        self.line.close()
        self.console_stream.close()

    def read_console(self) -> bool:
        os.set_blocking(self.console_stream.fileno(), False)
        data = self.console_stream.read(65536)
        self._console.take(data or b"")
        return data != b""

    def read_line(self) -> bool:
        data = self.line.recv(65536)
        self._answers += [json.loads(line) for line in data.splitlines()]
        return bool(data)

    def answers(self) -> list[dict[str, Any]]:
        taken, self._answers = self._answers, []
        return taken

    def complaints(self) -> list[str]:
        return self._console.complaints()

    def cpu_s(self) -> float:
        return self.cpu

    def failure(self, what: str, *, remedy: str = "none") -> GuestFailedError:
        return GuestFailedError(what, remedy=remedy)


@pytest.fixture(autouse=True)
def _fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(together, "Guest", FakeGuest)
    FakeGuest.running = FakeGuest.most = FakeGuest.started = 0
    yield
    assert FakeGuest.running == 0, "a guest was left"


def boot(*agent: dict[str, Any], console: str = "", stays: bool = True) -> Boot:
    """A guest that says this, and then stays or ends."""
    said = {"agent": agent, "console": console, "stays": stays}
    return Boot(KernelImage("x", "x", json.dumps(said).encode()), b"", 1)


def test_every_guest_is_heard_and_no_more_run_than_may() -> None:
    trials = ({"event": "trial", "index": n} for n in range(5))
    boots = [boot(HELLO, trial, DONE, stays=False) for trial in trials]
    heard = list(run_guests(boots, at_once=2))
    assert [a["index"] for _, a in sorted(heard, key=lambda h: h[0]) if "index" in a] == [*range(5)]
    assert FakeGuest.most == 2


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (boot({"event": "error", "message": "no memory"}), "failed: no memory"),
        (boot(HELLO, stays=False), "ended before it was done"),
    ],
)
def test_one_that_fails_says_so_and_the_others_go_on(bad: Boot, words: str) -> None:
    good = boot(HELLO, DONE, stays=False)
    heard = list(run_guests([bad, good, good], at_once=1))
    (failed,) = [(place, answer) for place, answer in heard if answer["event"] == "failed"]
    assert failed[0] == 0
    assert words in failed[1]["message"]
    assert {place for place, answer in heard if answer == HELLO} >= {1, 2}


def test_one_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "SILENCE_S", 0.0)
    ((place, answer),) = run_guests([boot()])
    assert (place, answer["event"]) == (0, "failed")
    assert "said nothing" in answer["message"]
    assert "fewer rules" in answer["remedy"]


def test_one_that_had_no_cpu_to_work_with_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "SILENCE_S", 0.0)
    monkeypatch.setattr(FakeGuest, "cpu", 1.0)
    waits = iter([3.0, 3.0, 0.0])
    monkeypatch.setattr(together._One, "silent_s", property(lambda _: next(waits, 1e9)))
    ((_, answer),) = run_guests([boot()])
    assert "said nothing for 1000000000 s" in answer["message"], "it was given up too early"


def test_a_kernel_that_never_said_anything_is_not_started_again() -> None:
    mute, other = boot(stays=False), boot(HELLO, DONE, stays=False)
    heard = list(run_guests([mute, mute, other, mute], at_once=1))
    assert [(place, answer["event"]) for place, answer in heard] == [(0, "failed"), (2, "hello")]
    assert FakeGuest.started == 2


def test_a_kernel_that_failed_later_is_started_again() -> None:
    late = boot(HELLO, stays=False)
    heard = list(run_guests([late, late], at_once=1))
    assert [answer["event"] for _, answer in heard] == ["hello", "failed"] * 2


def test_what_a_kernel_complains_of_is_heard_once() -> None:
    stall = "[ 9.0] rcu: INFO: rcu_sched self-detected stall on CPU"
    heard = list(
        run_guests([boot(HELLO, console=f"Booting from ROM..{stall}\r\nand on\r\n", stays=False)])
    )
    (complaint,) = [answer for _, answer in heard if answer["event"] == "console"]
    assert complaint["lines"] == [stall]


def test_what_was_said_just_before_the_end_is_heard() -> None:
    console = "[ 9.0] watchdog: BUG: soft lockup - CPU#0 stuck\r\n"
    said = boot(HELLO, DONE, console=console, stays=False)
    assert [answer["event"] for _, answer in run_guests([said])] == ["console", "hello"]


def test_one_that_is_done_and_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "LAST_WORDS_S", 0.0)
    assert [answer["event"] for _, answer in run_guests([boot(HELLO, DONE)])] == ["hello"]


def test_none_is_left_when_nobody_listens_any_more() -> None:
    running = run_guests([boot(HELLO), boot(HELLO)], at_once=2)
    assert next(running)[1] == HELLO
    running.close()


def test_where_every_boot_is_needed_one_that_fails_ends_all() -> None:
    bad = boot({"event": "error", "message": "no memory"})
    with pytest.raises(GuestFailedError, match="no memory"):
        list(run_boots(bad.kernel, [b"", b""], print))


def test_where_every_boot_is_needed_complaints_are_told_apart_from_answers() -> None:
    stall = "[ 9.0] rcu: INFO: rcu_sched self-detected stall on CPU"
    told: list[str] = []
    one = boot(HELLO, DONE, console=f"{stall}\r\nand on\r\n", stays=False)
    heard = [answer["event"] for _, answer in run_boots(one.kernel, [b""], told.append)]
    assert "console" not in heard
    assert told == [f"the kernel complains: {stall}"]
