"""The running kernel: how it was built and booted, and the state of its audit subsystem.

The audit subsystem itself is asked in `audit_view`. Of the kernel's command line, only parameters
about audit or speed are kept: results get published, and command lines sometimes hold credentials.
"""

from __future__ import annotations

import gzip
import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from harness.counted import agreeing, counted
from harness.host.audit_view import AuditView
from harness.host.ever_enabled.probe import EverEnabled
from harness.host.finding import Finding
from harness.host.proc import boot_parameter, boot_parameters
from harness.host.tree import HostTree
from harness.kernel import messages
from harness.kernel.jiffies import kernel_hz
from harness.kernel.status import AuditFeatures, AuditStatus

_WANTED = (
    "CONFIG_AUDIT",
    "CONFIG_AUDITSYSCALL",
    "CONFIG_FTRACE_SYSCALLS",
    "CONFIG_HZ",
    "CONFIG_PERF_EVENTS",
    "CONFIG_PROC_EVENTS",
    "CONFIG_SCHED_INFO",
)


_TOLD = re.compile(
    r"(audit|lsm|security|selinux|apparmor|mitigations|isolcpus|nohz|rcu_nocbs|rcu_nocb_poll|idle"
    r"|nosmt|nopti|pti|spec_|spectre_|tsc|clocksource|cpufreq|intel_pstate|amd_pstate|intel_idle"
    r"|processor\.max_cstate|cpuidle|haltpoll|preempt|threadirqs|kvm-|nopv|numa|psi|randomize_)"
)


@dataclass(frozen=True, slots=True)
class KernelFacts:
    """The running kernel. None is unknown; `config` holds only the options that matter here."""

    release: str
    version: str
    arch: str
    boot_parameters: tuple[str, ...]
    """The command line's parameters about audit and speed, in its order."""
    audit_parameter: str | None
    """The value of the last `audit=` on the command line."""
    backlog_limit_parameter: int | None
    config_source: str | None
    config: dict[str, str]
    """Option to value; an option that is not set is `n`."""
    hz: int | None
    """CONFIG_HZ: jiffies per second (not USER_HZ)."""
    lsms: tuple[str, ...] | None
    """Active security modules; None if securityfs is not mounted."""

    @property
    def boots_with_audit(self) -> bool:
        """Whether the command line switched audit on at boot (`audit=1`): hold queue in use."""
        return self.audit_parameter in {"1", "on"}

    @property
    def boots_without_audit(self) -> bool:
        """Whether the command line switched audit off for good (`audit=0`)."""
        return self.audit_parameter in {"0", "off"}


def read_kernel_facts(tree: HostTree) -> KernelFacts:
    """Read `/proc/sys/kernel`, `/proc/cmdline`, the kernel's configuration and the LSM list."""
    release = tree.text("/proc/sys/kernel/osrelease") or "unknown"
    cmdline = tree.text("/proc/cmdline") or ""
    source, config = _read_config(tree, release)
    hz = config.get("CONFIG_HZ", "")
    lsms = tree.text("/sys/kernel/security/lsm")
    limit = boot_parameter(cmdline, "audit_backlog_limit") or ""
    return KernelFacts(
        release=release,
        version=tree.text("/proc/sys/kernel/version") or "unknown",
        arch=tree.text("/proc/sys/kernel/arch") or os.uname().machine,
        boot_parameters=_told_parameters(cmdline),
        audit_parameter=boot_parameter(cmdline, "audit"),
        backlog_limit_parameter=int(limit) if limit.isdecimal() else None,
        config_source=source,
        config=config,
        hz=int(hz) if hz.isdecimal() else kernel_hz(),
        lsms=None if lsms is None else tuple(filter(None, lsms.split(","))),
    )


def _told_parameters(command_line: str) -> tuple[str, ...]:
    return tuple(word for word in boot_parameters(command_line) if _TOLD.match(word))


def _read_config(tree: HostTree, release: str) -> tuple[str | None, dict[str, str]]:
    """The first readable configuration of this kernel."""
    for path in (
        "/proc/config.gz",
        f"/boot/config-{release}",
        f"/usr/lib/modules/{release}/config",
        f"/lib/modules/{release}/config",
        f"/usr/lib/ostree-boot/config-{release}",
    ):
        data = tree.data(path)
        if data is None:
            continue
        try:
            text = (gzip.decompress(data) if path.endswith(".gz") else data).decode()
        except (OSError, EOFError, zlib.error, UnicodeDecodeError):
            continue
        return path, {name: _option(text, name) for name in _WANTED}
    return None, {}


def _option(text: str, name: str) -> str:
    found = re.search(rf"^{name}=(.*)$", text, re.MULTILINE)
    return found.group(1).strip('"') if found else "n"


_STATES = {0: "disabled", 1: "enabled", 2: "enabled and locked"}


def check(kernel: KernelFacts, view: AuditView) -> Iterator[Finding]:
    """Check everything from the kernel's build to the rules in force."""
    yield _support(kernel, view)
    yield _command_line(kernel)
    if view.status is not None:
        yield _enabled(view.status)
    if view.ever is not None:
        yield _ever(view.ever)
    if view.rules is not None:
        yield _rules(len(view.rules))
    if view.features is not None:
        yield _features(view.features)
    yield from _security_modules(kernel)


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
            f"booted with audit={value}: records that no daemon receives are held back instead of "
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
        what = "never enabled since boot: the first run measures that state and ends it"
        return Finding("ever-enabled", "ok", what, evidence=ever.how)
    if ever.state == "now":
        return Finding("ever-enabled", "ok", "enabled now", evidence=ever.how)
    if ever.state == "before":
        what = (
            "enabled earlier since boot: 'disabled' costs more than 'never enabled' here; the "
            "scenario no-audit replaces the latter"
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
    them = agreeing(count, "it", "them")
    return Finding(
        "rules",
        "note",
        f"{counted(count, 'rule')} loaded: a run sets {them} aside and gives {them} back; "
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
    """Report modules that label tasks: they make the kernel format `subj=` into most records."""
    labelling = [name for name in kernel.lsms or () if name in {"selinux", "smack", "apparmor"}]
    if labelling:
        yield Finding(
            "security-modules",
            "note",
            f"{', '.join(labelling)} active: records carry subj= and obj= labels, at a cost that "
            "hosts without it do not have",
            evidence="/sys/kernel/security/lsm",
        )
