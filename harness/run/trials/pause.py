"""Pausing a consumer for a while in the middle of a load; it continues whatever happens."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator, Sequence


@contextlib.contextmanager
def paused(pids: Sequence[int], after_ms: int, for_ms: int) -> Iterator[None]:
    """SIGSTOP to the processes `after_ms` from now, SIGCONT `for_ms` later, on a thread.

    On a thread of its own, because the kernel may make a caller that reads the audit status wait
    while the queue is full. The block does not end before the processes run again; with `for_ms`
    0 nothing is stopped.
    """
    if not for_ms:
        yield
        return
    over = threading.Event()
    thread = threading.Thread(target=_pause, args=(pids, after_ms, for_ms, over), daemon=True)
    thread.start()
    try:
        yield
    except BaseException:
        over.set()
        raise
    finally:
        thread.join()


def _pause(pids: Sequence[int], after_ms: int, for_ms: int, over: threading.Event) -> None:
    if over.wait(after_ms / 1000):
        return
    try:
        _signal(pids, signal.SIGSTOP)
        over.wait(for_ms / 1000)
    finally:
        _signal(pids, signal.SIGCONT)


def _signal(pids: Sequence[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
