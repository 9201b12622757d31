"""What the kernel's audit counters say between two readings of its status."""

from __future__ import annotations

from dataclasses import dataclass

from harness.kernel.jiffies import jiffies_to_ms
from harness.kernel.status import AuditStatus

_WRAP = 2**32
"""The counters are 32 bits wide and wrap."""


@dataclass(frozen=True, slots=True)
class AuditDelta:
    """Between two readings. `waited` is the sum over all producers, so it may exceed the time."""

    lost: int
    """Records refused (not events): limits, rate, memory."""
    waited_jiffies: int | None
    """`None` on kernels before 5.9, which do not count it."""
    waited_ms: float | None
    """`None` also where CONFIG_HZ is unknown."""


def audit_delta(before: AuditStatus, after: AuditStatus, *, hz: int | None) -> AuditDelta:
    """The counters' differences; a counter that was reset in between cannot be told from a wrap."""
    waited = None
    if before.backlog_wait_time_actual is not None and after.backlog_wait_time_actual is not None:
        waited = (after.backlog_wait_time_actual - before.backlog_wait_time_actual) % _WRAP
    return AuditDelta(
        lost=(after.lost - before.lost) % _WRAP,
        waited_jiffies=waited,
        waited_ms=None if waited is None or hz is None else jiffies_to_ms(waited, hz),
    )
