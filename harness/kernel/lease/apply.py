"""Putting a wanted audit state in force, changing only what differs. Nothing is restored here.

Rules change while recording is off, so that no event is recorded by half a rule set and the
changes themselves leave no records; `enabled` comes last.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from harness.counted import counted
from harness.errors import HostUnfitError, KernelAnswerError, UsageError
from harness.kernel.client import AuditClient
from harness.kernel.lease.rule_plan import arrange, plan_rules
from harness.kernel.lease.snapshot import Snapshot
from harness.kernel.messages import ENABLED_LOCKED, rule_list
from harness.kernel.rules.describe import describe_rule

_LARGEST_U32: Final = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedState:
    """An audit state to put in force; None keeps the value from before the lease.

    `enabled` and `failure` are 0 or 1, `backlog_limit` in records (0: no limit),
    `backlog_wait_time` in jiffies, `rate_limit` in records per second (0: no limit). `rules`
    are payloads in the order of a rule file; one with the prepend flag goes to the head.
    Raises UsageError for `enabled` 2, `failure` 2 and values that do not fit a u32.
    """

    enabled: int
    rules: tuple[bytes, ...] = ()
    failure: int | None = None
    backlog_limit: int | None = None
    backlog_wait_time: int | None = None
    rate_limit: int | None = None

    def __post_init__(self) -> None:
        for name, value in self.settings().items():
            largest = 1 if name in ("enabled", "failure") else _LARGEST_U32
            if not 0 <= value <= largest:
                raise UsageError(
                    f"a wanted audit state has {name} {value}",
                    remedy=f"use 0 to {largest}"
                    + ("; 2 locks the host or lets it panic" if largest == 1 else ""),
                )

    def settings(self) -> dict[str, int]:
        """The settings that are not None, by their names in AuditStatus."""
        values = {
            "enabled": self.enabled,
            "failure": self.failure,
            "rate_limit": self.rate_limit,
            "backlog_limit": self.backlog_limit,
            "backlog_wait_time": self.backlog_wait_time,
        }
        return {name: value for name, value in values.items() if value is not None}


class StateWriter:
    """Applies wanted states to one kernel; `before` is the state from before the lease.

    It learns how the kernel lists each rule (the kernel expands syscall classes and rewrites
    some fields), so that the same rule is recognised the next time.
    """

    def __init__(self, client: AuditClient, before: Snapshot) -> None:
        self._client = client
        self._before = before
        self._listed: dict[bytes, bytes] = {}

    def apply(self, wanted: WantedState) -> Snapshot:
        """Put the state in force; return the state that the kernel should report from now on.

        Raises KernelAnswerError if the kernel refuses a rule or a value: the state is then
        somewhere between the old and the new.
        """
        now = Snapshot.capture(self._client)
        if now.settings["enabled"] == ENABLED_LOCKED:
            raise HostUnfitError(
                "somebody locked audit (enabled 2) meanwhile", remedy="only a reboot unlocks it"
            )
        settings = self._resolve(wanted)
        target = arrange(wanted.rules)
        change = plan_rules(now.rules, self._as_listed(target))
        recording = now.settings["enabled"] and settings["enabled"] and not change
        first = [("enabled", 0)] if now.settings["enabled"] and not recording else []
        self._client.set_statuses(
            first + [(n, v) for n, v in settings.items() if n != "enabled" and v != now.settings[n]]
        )
        rules = self._change_rules(now.rules, target) if change else now.rules
        if settings["enabled"] and not recording:
            self._client.set_status("enabled", 1)
        return Snapshot(settings, now.features, now.feature_lock, rules)

    def _resolve(self, wanted: WantedState) -> dict[str, int]:
        asked = wanted.settings()
        unknown = asked.keys() - self._before.settings.keys()
        if unknown:
            raise HostUnfitError(
                f"this kernel does not know {' and '.join(sorted(unknown))}",
                remedy="leave it out, or use Linux 3.14 or newer",
            )
        return {**self._before.settings, **asked}

    def _as_listed(self, rules: Sequence[bytes]) -> list[bytes]:
        return [self._listed.get(rule, rule) for rule in rules]

    def _change_rules(self, now: Sequence[bytes], target: Sequence[bytes]) -> tuple[bytes, ...]:
        try:
            self._execute(now, target)
        except KernelAnswerError as error:
            if error.errno != errno.EEXIST:
                raise
            # The kernel already has a rule of the target, but lists it differently from how it
            # is written here: build the list anew, and learn.
            self._rebuild(target)
        return self._look_back(target)

    def _execute(self, now: Sequence[bytes], target: Sequence[bytes]) -> None:
        plan = plan_rules(now, self._as_listed(target))
        for rule in plan.deletes:
            self._client.delete_rule(rule)
        for rule in plan.adds:
            self._add(rule)

    def _rebuild(self, target: Sequence[bytes]) -> None:
        for rule in self._client.list_rules():
            self._client.delete_rule(rule)
        for rule in target:
            self._add(rule)

    def _add(self, rule: bytes) -> None:
        try:
            self._client.add_rule(rule)
        except KernelAnswerError as error:
            raise KernelAnswerError(
                f"{error.what}; it is the {describe_rule(rule)}",
                errno=error.errno,
                remedy=error.remedy,
            ) from None

    def _look_back(self, target: Sequence[bytes]) -> tuple[bytes, ...]:
        listed = tuple(self._client.list_rules())
        twins = [rule for index, rule in enumerate(listed) if rule in listed[:index]]
        if twins:  # prepended: the kernel refuses a second copy only at the tail
            raise KernelAnswerError(
                f"two of the wanted rules are the same rule to the kernel:"
                f" {describe_rule(twins[0])}",
                errno=errno.EEXIST,
                remedy="remove the second copy of the rule",
            )
        if not self._may_be(target, listed):
            raise KernelAnswerError(
                f"the kernel holds {counted(len(listed), 'rule')}, not the {len(target)} "
                "just put in force",
                remedy="look whether another program changes audit rules at the same time",
            )
        self._listed.update(zip(target, listed, strict=True))
        return listed

    def _may_be(self, target: Sequence[bytes], listed: Sequence[bytes]) -> bool:
        """Whether the kernel's list can be the target, as far as its spelling of rules is known."""
        return len(target) == len(listed) and all(
            rule_list(rule) == rule_list(seen) and self._listed.get(rule, seen) == seen
            for rule, seen in zip(target, listed, strict=True)
        )
