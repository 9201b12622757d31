"""The whole diagnosis of a host: its facts, the kernel's answers, the findings. No printing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from harness.errors import HostUnfitError
from harness.host import (
    audience,
    cpu,
    instruments,
    kernel,
    limits,
    load,
    other_run,
    platform,
    privilege,
    software,
)
from harness.host.audit_view import AskingClient, AuditView, ClientFactory, ask_kernel
from harness.host.ever_enabled.locked_probe import locked_probe
from harness.host.ever_enabled.probe import EverEnabled
from harness.host.facts import HostFacts, read_host_facts
from harness.host.finding import Finding
from harness.host.tree import HostTree
from harness.kernel.client import AuditClient


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The diagnosis of a host; `dataclasses.asdict` of it is JSON."""

    facts: HostFacts
    findings: tuple[Finding, ...]
    fit: bool
    """Whether a run can be measured here: no finding is `unfit`."""
    ever_enabled: EverEnabled | None


def checks(
    facts: HostFacts, view: AuditView, without_libaudit: HostUnfitError | None = None
) -> Iterable[Iterable[Finding]]:
    """The findings of every topic, in the order in which they are printed."""
    return (
        privilege.check(facts.privilege, facts.platform),
        other_run.check(facts.other_run),
        kernel.check(facts.kernel, view),
        audience.check(facts.audience, view),
        limits.check(view, hz=facts.kernel.hz),
        cpu.check_cores(facts.cpu),
        platform.check(facts.platform),
        load.check(facts.load, facts.cpu),
        cpu.check_clocks(facts.cpu, facts.platform),
        software.check(without_libaudit),
        instruments.check(facts.instruments, facts.kernel),
    )


Probe = Callable[[AskingClient], EverEnabled]


def diagnose(
    root: Path = Path("/"),
    client_factory: ClientFactory | None = None,
    *,
    probe: Probe | None = None,
    library_error: Callable[[], HostUnfitError | None] = software.libaudit_error,
) -> Diagnosis:
    """Read the facts, ask the kernel, judge. Takes under a second.

    `probe` finds out whether audit was ever enabled; the default takes the lock of this host's
    runs meanwhile (see `locked_probe`). `library_error` says why libaudit cannot be loaded.
    """
    facts = read_host_facts(root)
    view = ask_kernel(
        client_factory or AuditClient, tree=HostTree(root), probe=probe or locked_probe
    )
    findings = judge(facts, view, library_error())
    fit = all(finding.severity != "unfit" for finding in findings)
    return Diagnosis(facts=facts, findings=findings, fit=fit, ever_enabled=view.ever)


def judge(
    facts: HostFacts, view: AuditView, without_libaudit: HostUnfitError | None = None
) -> tuple[Finding, ...]:
    """All findings; nothing more is read."""
    found = checks(facts, view, without_libaudit)
    return tuple(finding for check in found for finding in check)
