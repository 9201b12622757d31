"""The audit subsystem: built in, booted with, enabled, ever enabled, locked, features, rules."""

from __future__ import annotations

from collections.abc import Iterator

from harness.host.audit_view import AuditView
from harness.host.ever_enabled import EverEnabled
from harness.host.facts import HostFacts
from harness.host.finding import Finding
from harness.host.kernel_facts import KernelFacts
from harness.kernel import messages
from harness.kernel.status import AuditFeatures, AuditStatus

_STATES = {0: "disabled", 1: "enabled", 2: "enabled and locked"}


def check(facts: HostFacts, view: AuditView) -> Iterator[Finding]:
    """From the kernel's build to the rules in force."""
    yield _support(facts.kernel, view)
    yield _command_line(facts.kernel)
    if view.status is not None:
        yield _enabled(view.status)
    if view.ever is not None:
        yield _ever(view.ever)
    if view.rules is not None:
        yield _rules(len(view.rules))
    if view.features is not None:
        yield _features(view.features)
    yield from _security_modules(facts.kernel)


def _support(kernel: KernelFacts, view: AuditView) -> Finding:
    name, source = "audit-in-kernel", kernel.config_source or ""
    if kernel.config.get("CONFIG_AUDIT") == "n":
        return Finding(
            name, "unfit", "built without CONFIG_AUDIT", "boot a kernel that has it", source
        )
    if kernel.config.get("CONFIG_AUDITSYSCALL") == "n":
        return Finding(
            name,
            "unfit",
            "built without CONFIG_AUDITSYSCALL: syscall rules do nothing",
            "boot a kernel that has it",
            source,
        )
    if view.status is None:
        return Finding(name, "unfit", view.error or "the kernel was not asked", view.remedy)
    return Finding(name, "ok", f"{kernel.release} answers", evidence=source)


def _command_line(kernel: KernelFacts) -> Finding:
    name, evidence = "audit-parameter", "/proc/cmdline"
    value = kernel.audit_parameter
    if kernel.boots_without_audit:
        return Finding(
            name,
            "unfit",
            f"booted with audit={value}: audit is off until the next boot",
            "remove it from the kernel's command line and boot again",
            evidence,
        )
    if kernel.boots_with_audit:
        return Finding(
            name,
            "note",
            f"booted with audit={value}: records that no daemon takes are held back instead of "
            "dropped, and every process since boot has an audit context",
            evidence=evidence,
        )
    what = "no audit= on the command line" if value is None else f"audit={value}"
    return Finding(name, "ok", what, evidence=evidence)


def _enabled(status: AuditStatus) -> Finding:
    what = f"{_STATES.get(status.enabled, status.enabled)} (enabled={status.enabled})"
    if status.enabled == messages.ENABLED_LOCKED:
        return Finding(
            "enabled",
            "unfit",
            f"{what}: neither rules nor settings can be changed until the next boot",
            "remove `-e 2` from the audit rules and boot again",
            "AUDIT_GET",
        )
    return Finding("enabled", "ok", what, evidence="AUDIT_GET")


def _ever(ever: EverEnabled) -> Finding:
    if ever.state == "never":
        what = "never enabled since boot: the first run measures that state, and ends it"
        return Finding("ever-enabled", "ok", what, evidence=ever.how)
    if ever.state == "now":
        return Finding("ever-enabled", "ok", "enabled now", evidence=ever.how)
    if ever.state == "before":
        what = (
            "enabled earlier since boot: 'disabled' costs more than 'never enabled' here; the "
            "scenario no-audit stands in for the latter"
        )
        remedy = "to measure 'never enabled', boot with nothing that enables audit"
        return Finding("ever-enabled", "note", what, remedy, ever.how)
    return Finding(
        "ever-enabled",
        "note",
        "unknown whether audit was enabled since boot: 'never enabled' is not measured",
        "try again on a quiet machine",
        ever.how,
    )


def _rules(count: int) -> Finding:
    if not count:
        return Finding("rules", "ok", "no rules loaded", evidence="AUDIT_LIST_RULES")
    return Finding(
        "rules",
        "note",
        f"{count} rule{'s' * (count != 1)} loaded: a run sets them aside and gives them back; "
        "until then the host is audited by the scenarios' rules only",
        evidence="AUDIT_LIST_RULES",
    )


def _features(features: AuditFeatures) -> Finding:
    names = features.names()
    what = ", ".join(f"{name} {state}" for name, state in names.items())
    if names.get("loginuid_immutable", "off").startswith("on"):
        return Finding(
            "features",
            "warning",
            f"{what}: trials cannot have audit sessions of their own, their events are told apart "
            "by process tree",
            "where that matters, remove --loginuid-immutable from the audit rules and boot again",
            "AUDIT_GET_FEATURE",
        )
    if names.get("only_unset_loginuid", "off").startswith("on"):
        return Finding(
            "features",
            "note",
            f"{what}: a trial gets its own audit session only where none is set yet",
            evidence="AUDIT_GET_FEATURE",
        )
    return Finding("features", "ok", what, evidence="AUDIT_GET_FEATURE")


def _security_modules(kernel: KernelFacts) -> Iterator[Finding]:
    """Modules that give tasks a label make the kernel format `subj=` into most records."""
    labelling = [name for name in kernel.lsms or () if name in {"selinux", "smack", "apparmor"}]
    if labelling:
        yield Finding(
            "security-modules",
            "note",
            f"{', '.join(labelling)} active: records carry subj= and obj= labels, at a cost that "
            "hosts without it do not have",
            evidence="/sys/kernel/security/lsm",
        )
