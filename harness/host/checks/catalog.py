"""The groups of checks in the order in which the doctor prints them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from harness.host.audit_view import AuditView
from harness.host.checks import (
    audience,
    instruments,
    kernel_audit,
    limits,
    machine,
    other_run,
    privilege,
)
from harness.host.facts import HostFacts
from harness.host.finding import Finding

Check = Callable[[HostFacts, AuditView], Iterable[Finding]]

CHECKS: tuple[Check, ...] = (
    privilege.check,
    other_run.check,
    kernel_audit.check,
    audience.check,
    limits.check,
    machine.check,
    instruments.check,
)
