"""Conversion between milliseconds and jiffies, the kernel's ticks, which measure backlog waits.

`backlog_wait_time` and `backlog_wait_time_actual` are in jiffies of CONFIG_HZ, not of USER_HZ
(which `getconf CLK_TCK` shows and which is 100 everywhere).
"""

from __future__ import annotations

import functools
import gzip
import os
import re
import time
from pathlib import Path
from typing import Final

_CLOCK_MONOTONIC_COARSE: Final = 6
"""It advances once per tick, so its resolution is the length of a jiffy: exact, without privilege,
and also where no kernel configuration is available."""
_PLAUSIBLE_HZ: Final = range(20, 10_001)
_CONFIG_HZ: Final = re.compile(rb"^CONFIG_HZ=(\d+)$", re.MULTILINE)


@functools.cache
def kernel_hz() -> int | None:
    """Jiffies per second of the running kernel; None if unknown."""
    return hz_of_coarse_clock() or hz_of_configuration()


def hz_of_coarse_clock() -> int | None:
    """Jiffies per second, from the resolution of the coarse clock."""
    try:
        resolution_s = time.clock_getres(_CLOCK_MONOTONIC_COARSE)
    except OSError:
        return None
    hz = round(1 / resolution_s) if resolution_s > 0 else 0
    return hz if hz in _PLAUSIBLE_HZ else None


def hz_of_configuration(root: Path = Path("/")) -> int | None:
    """Jiffies per second, from the kernel's configuration if the host has it."""
    release = os.uname().release
    for name in ("proc/config.gz", f"boot/config-{release}", f"lib/modules/{release}/config"):
        try:
            content = (root / name).read_bytes()
            text = gzip.decompress(content) if name.endswith(".gz") else content
        except (OSError, EOFError):
            continue
        found = _CONFIG_HZ.search(text)
        if found:
            return int(found[1])
    return None


def jiffies_to_ms(jiffies: int, hz: int) -> float:
    """Milliseconds that `jiffies` ticks take at `hz` ticks per second."""
    return jiffies * 1000 / hz
