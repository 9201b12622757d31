"""Whether a run is being measured: who writes its samples holds a lock on them.

The kernel frees the lock with the process, however that ends. On a file system without locks a run
always counts as finished.
"""

from __future__ import annotations

import fcntl
import os

from harness.files.caller import as_caller
from harness.store.layout import SAMPLES


def hold(descriptor: int) -> bool:
    """Lock samples that are open for writing; False if another process holds them."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def is_measuring(folder: int) -> bool:
    """Whether a process writes the samples in an open folder."""
    try:
        with as_caller():
            samples = os.open(
                SAMPLES, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder
            )
    except OSError:
        return False
    try:
        return not hold(samples)
    finally:
        os.close(samples)
