"""Whether call chains can be sampled here; what is missing is named with its remedy."""

from __future__ import annotations

import errno
import os

from harness.errors import HostUnfitError
from harness.host.perf_event import open_clock
from harness.host.stacks.ring import FREQUENCY_HZ
from harness.host.stacks.symbols import Symbols
from harness.host.tree import HostTree

PARANOID = "/proc/sys/kernel/perf_event_paranoid"
_REFUSED = frozenset((errno.EACCES, errno.EPERM))
_ABSENT = frozenset((errno.ENOSYS, errno.ENOENT, errno.EOPNOTSUPP, errno.ENODEV))


def require_sampling(cpu: int) -> Symbols:
    """The names of the kernel's functions, needed to name samples.

    Raises HostUnfitError, in one line, where the kernel has no perf events, forbids them, or hides
    the addresses of its functions.
    """
    try:
        os.close(open_clock(FREQUENCY_HZ, cpu=cpu))
    except OSError as error:
        raise unable(error) from None
    symbols = Symbols.read()
    if not symbols:
        raise HostUnfitError(
            "kernel stacks cannot be named: /proc/kallsyms hides the addresses",
            remedy="sysctl kernel.kptr_restrict=1 and run as root (CAP_SYSLOG), or a kernel with "
            "CONFIG_KALLSYMS",
        )
    return symbols


def unable(error: OSError) -> HostUnfitError:
    """Why a clock could not be opened, with the remedy."""
    what = "kernel stacks cannot be sampled"
    if error.errno in _REFUSED:
        level = HostTree().text(PARANOID) or "unknown"
        return HostUnfitError(
            f"{what}: perf events are forbidden (kernel.perf_event_paranoid is {level})",
            remedy="run as root with CAP_PERFMON; in a container also allow perf_event_open(2)",
        )
    if error.errno in _ABSENT:
        return HostUnfitError(
            f"{what}: this kernel has no perf events", remedy="boot one with CONFIG_PERF_EVENTS"
        )
    if error.errno == errno.EINVAL:
        return HostUnfitError(
            f"{what} {FREQUENCY_HZ} times a second",
            remedy="sysctl kernel.perf_event_max_sample_rate=1000 or more",
        )
    return HostUnfitError(f"{what} ({error.strerror})", remedy="leave out --profile")
