"""The adapters that work in a guest as on a host, each with the programs that it starts."""

from __future__ import annotations

from typing import Final

from harness.consumers.auditd import AUDITD, AUDITD_ENRICHED, AuditdConsumer
from harness.consumers.laurel import AUDITD_LAUREL, LaurelConsumer

ADAPTERS: Final[dict[str, AuditdConsumer | LaurelConsumer]] = {
    adapter.name: adapter for adapter in (AUDITD, AUDITD_ENRICHED, AUDITD_LAUREL)
}
PROGRAMS: Final = {
    AUDITD.name: ("auditd",),
    AUDITD_ENRICHED.name: ("auditd",),
    AUDITD_LAUREL.name: ("laurel", "auditd"),
}
"""By adapter: the program that `--consumer-path` would name, and those that it starts beside it."""
