"""The state that the kernel's audit is in: whether it records, its limits, and its rules.

The settings are declared here, as auditctl and the kernel name them: what a rule file, a cell of a
plan, a scenario, a stored one and a lease say of them is said with these types. Their places on the
wire stand in `harness.kernel.messages`, their options of auditctl in
`harness.kernel.rules.controls`. No library is loaded for it: a lease needs none.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final

from harness.errors import UsageError

_LARGEST_U32: Final = 0xFFFF_FFFF
_LARGEST: Final = {"enabled": 1, "failure": 1}
"""2 locks the host, or lets it panic."""


class BadSettingError(UsageError, ValueError):
    """A setting that the kernel would refuse, or that must never be made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLimits:
    """The settings besides `enabled`; None: as the host has it.

    `failure` is 0 (silent) or 1 (printed to the kernel's log), `rate_limit` in records per second
    and `backlog_limit` in records (0: no limit), `backlog_wait_time` in jiffies. Raises
    BadSettingError for `failure` 2 and for what does not fit a u32.
    """

    failure: int | None = None
    rate_limit: int | None = None
    backlog_limit: int | None = None
    backlog_wait_time: int | None = None

    def __post_init__(self) -> None:
        for name, value in self.given().items():
            largest = _LARGEST.get(name, _LARGEST_U32)
            if not 0 <= value <= largest:
                raise BadSettingError(
                    f"a wanted audit state has {name} {value}",
                    remedy=f"use 0 to {largest}"
                    + ("; 2 locks the host or lets it panic" if largest == 1 else ""),
                )

    def given(self) -> dict[str, Any]:
        """The settings that are not None, by name; `enabled` first, where there is one."""
        values = {name: getattr(self, name, None) for name in SETTINGS}
        return {name: value for name, value in values.items() if value is not None}


LIMITS: Final = tuple(field.name for field in fields(AuditLimits))
SETTINGS: Final = ("enabled", *LIMITS)
"""The settings that a lease changes and gives back. `lost` and `backlog_wait_time_actual` are
counters of the host, which a lease never resets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSettings(AuditLimits):
    """All settings: the limits, and `enabled`, 0 or 1, whether the kernel records."""

    enabled: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditState(AuditSettings):
    """An audit state to put in force; None keeps the value from before the lease.

    `rules` are payloads in the order of a rule file; one with the prepend flag goes to the head.
    """

    rules: tuple[bytes, ...] = ()
