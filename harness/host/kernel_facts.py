"""Which kernel runs and how it was built and booted, as far as audit cares.

Does not ask the audit subsystem itself; that is `harness.kernel`. Of the kernel's command line
only what bears on audit or on speed is kept: results get published, and command lines hold
credentials at times.
"""

from __future__ import annotations

import gzip
import os
import re
import zlib
from dataclasses import dataclass

from harness.host.proc import boot_parameter, boot_parameters
from harness.host.tree import HostTree
from harness.kernel.jiffies import kernel_hz

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
    """The running kernel. `None` is unknown; `config` holds only the options that matter here."""

    release: str
    version: str
    arch: str
    boot_parameters: tuple[str, ...]
    """What the command line says about audit and about speed, in its order."""
    audit_parameter: str | None
    """The value of the last `audit=` on the command line."""
    backlog_limit_parameter: int | None
    config_source: str | None
    config: dict[str, str]
    """Option to value; an option that is not set is `n`."""
    hz: int | None
    """CONFIG_HZ: jiffies per second (not USER_HZ)."""
    lsms: tuple[str, ...] | None
    """Active security modules; `None` where securityfs is not mounted."""

    @property
    def boots_with_audit(self) -> bool:
        """Whether the command line switched audit on at boot (`audit=1`): hold queue in use."""
        return self.audit_parameter in {"1", "on"}

    @property
    def boots_without_audit(self) -> bool:
        """Whether the command line switched audit off for good (`audit=0`)."""
        return self.audit_parameter in {"0", "off"}


def read_kernel_facts(tree: HostTree) -> KernelFacts:
    """Reads `/proc/sys/kernel`, `/proc/cmdline`, the kernel's configuration and the LSM list."""
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
    """The first readable configuration of this very kernel."""
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
