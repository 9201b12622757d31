"""The resources this process used between two moments: time, CPU time, context switches."""

from __future__ import annotations

import resource
import time
from typing import NamedTuple


class Moment(NamedTuple):
    """Clocks and counters of this process at one moment."""

    monotonic_ns: int
    cpu_ns: int
    user_s: float
    system_s: float
    voluntary: int
    involuntary: int


def now() -> Moment:
    """The present moment."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return Moment(
        time.monotonic_ns(),
        time.process_time_ns(),
        usage.ru_utime,
        usage.ru_stime,
        usage.ru_nvcsw,
        usage.ru_nivcsw,
    )


def used_between(start: Moment, end: Moment) -> dict[str, int]:
    """The fields of the result document about the resources used.

    The CPU clock gives the sum in nanoseconds, getrusage the shares of user and system time.
    """
    cpu_ns = end.cpu_ns - start.cpu_ns
    user_s, system_s = end.user_s - start.user_s, end.system_s - start.system_s
    user_ns = round(cpu_ns * user_s / (user_s + system_s)) if user_s + system_s > 0 else cpu_ns
    return {
        "elapsed_ns": end.monotonic_ns - start.monotonic_ns,
        "cpu_user_ns": user_ns,
        "cpu_system_ns": cpu_ns - user_ns,
        "max_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "voluntary_switches": end.voluntary - start.voluntary,
        "involuntary_switches": end.involuntary - start.involuntary,
    }
