"""Facts of the host: the audit number of its architecture, kernel and timer frequency."""

from __future__ import annotations

import os
from typing import Any

# linux/audit.h, AUDIT_ARCH_*
ARCH_NUMBERS = {
    "x86_64": 0xC000003E,
    "aarch64": 0xC00000B7,
    "riscv64": 0xC00000F3,
    "ppc64le": 0xC0000015,
    "s390x": 0x80000016,
    "i686": 0x40000003,
    "armv7l": 0x40000028,
}


def native_arch() -> int:
    """The audit number of this machine's architecture, 0 if it is unknown."""
    return ARCH_NUMBERS.get(os.uname().machine, 0)


def capture_metadata() -> dict[str, Any]:
    """Kernel, architecture and CONFIG_HZ (null if no kernel configuration is found)."""
    name = os.uname()
    return {"kernel": name.release, "arch": name.machine, "hz": _timer_hz(name.release)}


def _timer_hz(release: str) -> int | None:
    from pathlib import Path  # noqa: PLC0415 - only captures need it

    try:
        text = Path(f"/boot/config-{release}").read_text()
    except OSError:
        text = _running_config()
    for line in text.splitlines():
        if line.startswith("CONFIG_HZ="):
            return int(line.removeprefix("CONFIG_HZ="))
    return None


def _running_config() -> str:
    import gzip  # noqa: PLC0415 - only captures need it

    try:
        with gzip.open("/proc/config.gz", "rt") as stream:
            return stream.read()
    except OSError:
        return ""
