"""Several guests at once: everything that their agents say, as it comes."""

from __future__ import annotations

import os
import selectors
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any

from harness.guest.boot import SILENCE_S, Guest, GuestFailedError
from harness.guest.images import KernelImage, open_in_memory

Answer = dict[str, Any]


def run_guests(
    kernel: KernelImage, roots: Sequence[bytes], *, at_once: int | None = None
) -> Iterator[tuple[int, Answer]]:
    """Start a guest for each root, and yield its number with each answer until all are done.

    As many run at once as there are CPUs. Raises GuestFailedError where one ends too early, fails
    or says nothing for `SILENCE_S`; none is left then.
    """
    most = at_once or max(1, len(os.sched_getaffinity(0)))
    for first in range(0, len(roots), most):
        group = list(enumerate(roots))[first : first + most]
        yield from _run_group(kernel, group)


def _run_group(
    kernel: KernelImage, roots: Sequence[tuple[int, bytes]]
) -> Iterator[tuple[int, Answer]]:
    with ExitStack() as stack:
        kernel_fd = stack.enter_context(open_in_memory(kernel.data, "kernel"))
        selector = stack.enter_context(selectors.DefaultSelector())
        running = {}
        for number, root in roots:
            root_fd = stack.enter_context(open_in_memory(root, "root"))
            guest = stack.enter_context(Guest(kernel, root_fd, kernel_fd, seed=number + 1))
            running[number] = guest
            selector.register(guest.line, selectors.EVENT_READ, (number, guest.read_line))
            selector.register(
                guest.console_stream, selectors.EVENT_READ, (number, guest.read_console)
            )
        yield from _listen(running, selector)


def _listen(
    running: dict[int, Guest], selector: selectors.BaseSelector
) -> Iterator[tuple[int, Answer]]:
    heard = dict.fromkeys(running, time.monotonic())
    while running:
        for key, _ in selector.select(1.0):
            number, read = key.data
            if not read():
                selector.unregister(key.fileobj)
            if number not in running:
                continue
            for answer in running[number].answers():
                heard[number] = time.monotonic()
                if answer["event"] == "error":
                    raise running[number].failure(f"failed: {answer.get('message')}")
                if answer["event"] == "done":
                    del running[number]
                    break
                yield number, answer
        _refuse_silence(running, heard, selector)


def _refuse_silence(
    running: dict[int, Guest], heard: dict[int, float], selector: selectors.BaseSelector
) -> None:
    open_lines = {key.data[0] for key in selector.get_map().values()}
    for number, guest in running.items():
        if number not in open_lines:
            raise guest.failure("ended before it was done")
        if time.monotonic() - heard[number] > SILENCE_S:
            raise guest.failure(f"said nothing for {SILENCE_S:.0f} s")


__all__ = ["Answer", "GuestFailedError", "run_guests"]
