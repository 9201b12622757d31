"""A scenario as it stands in a stored plan."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Final

from harness.model.numbers import Count, Rate, Whole, WholeMilliseconds
from harness.model.state import SETTINGS, AuditSettings

_ABOUT: Final = (
    "name",
    "summary",
    "rules",
    "interleaved",
    "reference",
    "larger_backlog_of",
    "limited_by_plan",
    "alone",
    "file",
)
"""What a scenario is, not what it sets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredScenario(AuditSettings):
    """One scenario of a plan; None in a limit is: as the host has it."""

    name: str
    summary: str = ""
    rules: tuple[str, ...] = ()
    interleaved: bool = True
    consumer: str | None = None
    rcvbuf_bytes: Whole | None = None
    enobufs: bool = False
    stop_after_ms: WholeMilliseconds = 0
    stop_for_ms: WholeMilliseconds = 0
    workload_options: dict[str, str | int] = field(default_factory=dict)
    rate_per_s: Rate | None = None
    workers: Count | None = None
    """Processes that share its operations; None for those of the plan."""
    reference: str = ""
    """The scenario that it is compared with; empty for the reference of the plan."""
    larger_backlog_of: str = ""
    """The scenario that it is but for a larger backlog; empty for one of the plan's own."""
    alone: bool = False
    """Whether the victim was measured in it without the noisy load."""
    limited_by_plan: bool = False
    file: str = ""
    """The user's rule file that it is made of; empty for built-in rules."""

    def limits(self) -> dict[str, Any]:
        """All that it can set besides its rules, by name; what it does not set is None or empty."""
        names = dict.fromkeys((*SETTINGS, *(each.name for each in fields(self))))
        return {name: getattr(self, name) for name in names if name not in _ABOUT}

    def limits_set(self) -> dict[str, Any]:
        """Those that it sets: 0 is a limit as any other, but a stop of 0 ms is none."""
        switches = ("enobufs", "stop_after_ms", "stop_for_ms", "workload_options")
        return {
            name: value
            for name, value in self.limits().items()
            if (bool(value) if name in switches else value is not None)
        }
