"""Putting a wanted audit state in force, changing only what differs. Nothing is restored here.

Rules change while recording is off, so that no event is recorded by half a rule set and the
changes themselves leave no records; `enabled` comes last.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence

from harness.counted import counted
from harness.errors import HostUnfitError, KernelAnswerError
from harness.kernel.client import AuditClient
from harness.kernel.lease.rule_plan import arrange, plan_rules
from harness.kernel.lease.snapshot import Snapshot
from harness.kernel.messages import ENABLED_LOCKED, rule_list
from harness.kernel.rules.describe import describe_rule
from harness.model.state import AuditState


class StateWriter:
    """Applies wanted states to one kernel; `before` is the state from before the lease.

    It learns how the kernel lists each rule (the kernel expands syscall classes and rewrites
    some fields), so that the same rule is recognised the next time.
    """

    def __init__(self, client: AuditClient, before: Snapshot) -> None:
        self._client = client
        self._before = before
        self._listed: dict[bytes, bytes] = {}

    def apply(self, wanted: AuditState) -> Snapshot:
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

    def _resolve(self, wanted: AuditState) -> dict[str, int]:
        asked = wanted.given()
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
