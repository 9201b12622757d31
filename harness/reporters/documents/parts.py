"""What documents of rule files and of counted runs have alike."""

from __future__ import annotations

from typing import Any

from harness.model.cover import RuleAt
from harness.model.stored.environment import StoredGuest


def guest_document(guest: StoredGuest) -> dict[str, str]:
    """The kernel of a guest, where it came from, and what emulates the machine."""
    return {
        "kernel": guest.kernel,
        "kernel_version": guest.kernel_version,
        "sha256": guest.sha256,
        "source": guest.source,
        "emulator": guest.emulator,
    }


def rule_document(rule: RuleAt) -> dict[str, Any]:
    """A rule as its file writes it, and where."""
    return {"file": rule.file, "line": rule.line, "rule": rule.text, "key": rule.key or None}
