"""All checks over one host: the findings in the order in which the doctor prints them."""

from __future__ import annotations

from collections.abc import Callable

from harness.host.audit_view import AskingClient, AuditView, ClientFactory, ask_kernel
from harness.host.checks.catalog import CHECKS
from harness.host.ever_enabled.probe import EverEnabled
from harness.host.facts import HostFacts
from harness.host.finding import Finding, Severity
from harness.host.tree import HostTree

__all__ = ["Finding", "Severity", "examine", "judge"]


def examine(
    facts: HostFacts,
    client_factory: ClientFactory,
    *,
    tree: HostTree | None = None,
    probe: Callable[[AskingClient], EverEnabled] | None = None,
) -> list[Finding]:
    """Asks the kernel through `client_factory()` and judges it together with `facts`."""
    return judge(facts, ask_kernel(client_factory, tree=tree, probe=probe))


def judge(facts: HostFacts, view: AuditView) -> list[Finding]:
    """The findings; reads nothing more."""
    return [finding for check in CHECKS for finding in check(facts, view)]
