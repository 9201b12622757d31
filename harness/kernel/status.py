"""The kernel's audit status and features as values, decoded from its answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.counted import counted
from harness.errors import KernelAnswerError
from harness.kernel import messages
from harness.model.state import SETTINGS


@dataclass(frozen=True, slots=True)
class AuditStatus:
    """struct audit_status; None where an older kernel does not know the field.

    `backlog_limit` and `backlog` count records, `rate_limit` records per second (0: no
    limit), `backlog_wait_time` and `backlog_wait_time_actual` are in jiffies
    (`harness.kernel.jiffies` converts), `pid` is that of the registered daemon, in the
    caller's pid namespace, and stays after the daemon's death until the kernel notices.
    """

    mask: int
    enabled: int
    failure: int
    pid: int
    rate_limit: int
    backlog_limit: int
    lost: int
    backlog: int
    feature_bitmap: int
    backlog_wait_time: int | None
    backlog_wait_time_actual: int | None

    @classmethod
    def from_bytes(cls, payload: bytes) -> AuditStatus:
        """Decode an AUDIT_GET answer of any kernel: 32, 36, 40, 44 or more bytes.

        Raises KernelAnswerError if it is shorter than any kernel's or not whole words.
        """
        size = min(len(payload), messages.STATUS.size)
        if size < messages.STATUS_MINIMUM_BYTES or size % 4:
            raise KernelAnswerError(
                f"the kernel's audit status has {counted(len(payload), 'byte')}, which no "
                "known kernel sends",
                remedy="report this with the output of `uname -r`",
            )
        words: list[int | None] = list(memoryview(payload[:size]).cast("I"))
        if len(words) == 8:
            words.append(0)  # no bitmap of features is a bitmap of no feature
        words += [None] * (11 - len(words))
        values: dict[str, Any] = dict(zip(cls.__slots__, words, strict=True))
        return cls(**values)

    def settings(self) -> dict[str, int]:
        """The settings a lease restores, by name, without those the kernel lacks."""
        values = {name: getattr(self, name) for name in SETTINGS}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True)
class AuditFeatures:
    """struct audit_features: bit 0 only_unset_loginuid, bit 1 loginuid_immutable.

    A bit in `lock` means that the feature cannot be changed any more until a reboot.
    """

    version: int
    mask: int
    features: int
    lock: int

    @classmethod
    def from_bytes(cls, payload: bytes) -> AuditFeatures:
        """Decode an AUDIT_GET_FEATURE answer; KernelAnswerError when it is too short."""
        if len(payload) < messages.FEATURES.size:
            raise KernelAnswerError(
                f"the kernel's audit features have {counted(len(payload), 'byte')} instead of 16",
                remedy="report this with the output of `uname -r`",
            )
        return cls(*messages.FEATURES.unpack_from(payload))

    def names(self) -> dict[str, str]:
        """`off`, `on`, `off (locked)` or `on (locked)` for each feature by name."""
        return {
            name: ("on" if self.features & bit else "off") + (" (locked)" * bool(self.lock & bit))
            for bit, name in messages.FEATURE_NAMES.items()
        }
