"""Several guests at once: everything that their agents say, as it comes."""

from __future__ import annotations

import os
import selectors
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Final

from harness.guest.boot import Guest, GuestFailedError
from harness.guest.kernels.images import KernelImage
from harness.guest.kernels.memory import open_in_memory

Answer = dict[str, Any]
FAILED: Final = "failed"
"""The event that a guest ended too early, failed or fell silent; `message` says how."""
CONSOLE: Final = "console"
"""The event that a kernel complained on its console; `lines` has what it said."""

SILENCE_S: Final = 600.0
"""A guest that says nothing for so long hangs, if it could have worked meanwhile:"""
LEAST_CPU_S: Final = 60.0
"""CPU time that its emulator must have had of that. A start takes ten seconds of it."""
MOST_SILENCE_S: Final = 3600.0
"""And one that says nothing for so long hangs on any machine."""
_HANGS: Final = "run it again with fewer rules; if it stays so, try another kernel"
LAST_WORDS_S: Final = 10.0
"""For so long a guest that is done may take to end."""


@dataclass(frozen=True, slots=True)
class Boot:
    """A guest to start; equal ones run alike."""

    kernel: KernelImage
    root: bytes
    seed: int


def run_guests(
    boots: Sequence[Boot], *, at_once: int | None = None
) -> Iterator[tuple[int, Answer]]:
    """Start a guest for each boot, and yield its place with each answer until all are done.

    As many run at once as there are CPUs; when one is done, the next is started. One that ends too
    early, fails or says nothing for too long answers FAILED at last, and the others go on, but for
    those of the same kernel where it never said anything: they would do the same. None is left when
    this ends, however it does.
    """
    most = at_once or max(1, len(os.sched_getaffinity(0)))
    waiting = list(enumerate(boots))[::-1]
    with ExitStack() as stack:
        running = _Running(stack.enter_context(selectors.DefaultSelector()))
        stack.callback(running.end)
        while waiting or running.guests:
            while waiting and len(running.guests) < most:
                running.start(*waiting.pop())
            for place, answer in running.listen():
                if answer["event"] == FAILED and not answer["spoke"]:
                    dead = boots[place].kernel
                    waiting = [each for each in waiting if each[1].kernel != dead]
                yield place, answer


def run_boots(
    kernel: KernelImage, roots: Sequence[bytes], complain: Callable[[str], None]
) -> Iterator[tuple[int, Answer]]:
    """Boots of one kernel of which each is needed, with a root for each; what they answer.

    Raises GuestFailedError where one fails; what the kernel complains of goes to `complain`.
    """
    boots = [Boot(kernel, root, place + 1) for place, root in enumerate(roots)]
    for place, answer in run_guests(boots):
        if answer["event"] == FAILED:
            raise GuestFailedError(answer["message"], remedy=answer["remedy"])
        if answer["event"] == CONSOLE:
            complain(f"the kernel complains: {'; '.join(answer['lines'])}")
        else:
            yield place, answer


@dataclass(slots=True)
class _One:
    """A running guest, and when it last said something: by the clock, and by its CPU time."""

    guest: Guest
    held: ExitStack
    heard_at: float = field(default_factory=time.monotonic)
    heard_at_cpu_s: float = 0.0
    spoke: bool = False
    done: bool = False

    def hear(self) -> None:
        """Take note that it has said something."""
        self.heard_at, self.heard_at_cpu_s = time.monotonic(), self.guest.cpu_s()
        self.spoke = True

    @property
    def silent_s(self) -> float:
        """For how long it has said nothing."""
        return time.monotonic() - self.heard_at

    def hangs(self) -> bool:
        """Whether it has said nothing for so long that it never will."""
        if self.silent_s <= SILENCE_S:
            return False
        worked_s = self.guest.cpu_s() - self.heard_at_cpu_s
        return worked_s >= LEAST_CPU_S or self.silent_s > MOST_SILENCE_S


class _Running:
    """The guests that run, by their places."""

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self._selector = selector
        self.guests: dict[int, _One] = {}

    def start(self, place: int, boot: Boot) -> None:
        with ExitStack() as held:
            kernel_fd = held.enter_context(open_in_memory(boot.kernel.data, "kernel"))
            root_fd = held.enter_context(open_in_memory(boot.root, "root"))
            guest = held.enter_context(Guest(boot.kernel, root_fd, kernel_fd, seed=boot.seed))
            for stream, read in ((guest.line, guest.read_line),
                                 (guest.console_stream, guest.read_console)):  # fmt: skip
                self._selector.register(stream, selectors.EVENT_READ, (place, read))
            self.guests[place] = _One(guest, held.pop_all())

    def listen(self) -> Iterator[tuple[int, Answer]]:
        """What is said within a second; guests that are done or failed have ended then."""
        closed: set[int] = set()
        for key, _ in self._selector.select(1.0):
            place, read = key.data
            if place not in self.guests:
                continue
            try:
                is_open = read()
                yield from self._heard(place)
            except GuestFailedError as error:
                yield place, self._failed(place, error)
                continue
            if not is_open and place in self.guests:
                self._selector.unregister(key.fileobj)
                closed.add(place)
        for place, one in list(self.guests.items()):
            if one.done and (place in closed or one.silent_s > LAST_WORDS_S):
                yield from self._heard(place)
                self._end(place)
            elif place in closed:
                yield place, self._failed(place, one.guest.failure("ended before it was done"))
            elif one.hangs():
                words = f"said nothing for {one.silent_s:.0f} s"
                yield place, self._failed(place, one.guest.failure(words, remedy=_HANGS))

    def _heard(self, place: int) -> Iterator[tuple[int, Answer]]:
        one = self.guests[place]
        one.guest.read_console()  # what it said before these answers
        if lines := one.guest.complaints():
            yield place, {"event": CONSOLE, "lines": lines}
        for answer in one.guest.answers():
            one.hear()
            if answer["event"] == "error":
                raise one.guest.failure(f"failed: {answer.get('message')}")
            if answer["event"] == "done":
                one.done = True  # its kernel may have lines for the console yet, until it ends
                return
            yield place, answer

    def _failed(self, place: int, error: GuestFailedError) -> Answer:
        spoke = self.guests[place].spoke
        self._end(place)
        return {"event": FAILED, "message": error.what, "remedy": error.remedy, "spoke": spoke}

    def _end(self, place: int) -> None:
        one = self.guests.pop(place)
        for stream in (one.guest.line, one.guest.console_stream):
            if stream in self._selector.get_map():
                self._selector.unregister(stream)
        one.held.close()

    def end(self) -> None:
        """End all that still run."""
        for place in list(self.guests):
            self._end(place)


__all__ = ["CONSOLE", "FAILED", "Answer", "Boot", "GuestFailedError", "run_boots", "run_guests"]
