"""The hypervisor under the kernel, and the container around this process.

The order is that of systemd-detect-virt (DMI, Xen, device tree, CPU flag), without executing
anything. If only the CPU's flag shows a hypervisor, its name stays `unknown`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.host.finding import Finding
from harness.host.tree import HostTree

_DMI_FIELDS = ("product_name", "sys_vendor", "board_vendor", "bios_vendor", "product_version")
# systemd's src/basic/virt.c has the same strings, which are the vendors'.
_DMI_PREFIXES = (
    ("KVM", "kvm"),
    ("OpenStack", "kvm"),
    ("KubeVirt", "kvm"),
    ("Amazon EC2", "amazon"),
    ("QEMU", "qemu"),
    ("VMware", "vmware"),
    ("VMW", "vmware"),
    ("innotek GmbH", "virtualbox"),
    ("VirtualBox", "virtualbox"),
    ("Oracle Corporation", "virtualbox"),
    ("Xen", "xen"),
    ("Bochs", "bochs"),
    ("Parallels", "parallels"),
    ("BHYVE", "bhyve"),
    ("Hyper-V", "microsoft"),
    ("Virtual Machine", "microsoft"),
    ("Apple Virtualization", "apple"),
    ("Google Compute Engine", "google"),
)
_CLOCK_HINTS = (("kvm-clock", "kvm"), ("hyperv", "microsoft"), ("xen", "xen"))


@dataclass(frozen=True, slots=True)
class PlatformFacts:
    """`virtualisation` is `none`, a hypervisor's name, or `unknown` (some hypervisor)."""

    virtualisation: str
    virtualisation_evidence: str
    container: str | None
    container_evidence: str
    product: str | None


def read_platform_facts(
    tree: HostTree, *, hypervisor_flag: bool, clocksources: tuple[str, ...]
) -> PlatformFacts:
    """Read hypervisor and container, each with the file that shows it."""
    virtualisation, evidence = _virtualisation(tree, hypervisor_flag, clocksources)
    container, container_evidence = _container(tree)
    return PlatformFacts(
        virtualisation=virtualisation,
        virtualisation_evidence=evidence,
        container=container,
        container_evidence=container_evidence,
        product=tree.text("/sys/class/dmi/id/product_name"),
    )


def _virtualisation(
    tree: HostTree, hypervisor_flag: bool, clocksources: tuple[str, ...]
) -> tuple[str, str]:
    return (
        _by_xen(tree)
        or _by_dmi(tree, hypervisor_flag)
        or _by_firmware(tree)
        or _by_flag(hypervisor_flag, clocksources)
        or ("none", "no sign of a hypervisor")
    )


def _by_dmi(tree: HostTree, hypervisor_flag: bool) -> tuple[str, str] | None:
    for field in _DMI_FIELDS:
        path = f"/sys/class/dmi/id/{field}"
        value = tree.text(path) or ""
        for prefix, name in _DMI_PREFIXES:
            if not value.startswith(prefix):
                continue
            # EC2's bare-metal machines carry the same DMI strings as its virtual ones, and
            # Oracle builds real servers: there the CPU's flag decides.
            if name in {"amazon", "virtualbox"} and not hypervisor_flag:
                continue
            return name, f"{path} is {value!r}"
    return None


def _by_xen(tree: HostTree) -> tuple[str, str] | None:
    capabilities = tree.text("/proc/xen/capabilities")
    if capabilities and "control_d" in capabilities:
        return "none", "/proc/xen/capabilities: Xen's control domain"
    kind = tree.text("/sys/hypervisor/type")
    return (kind, f"/sys/hypervisor/type is {kind!r}") if kind else None


def _by_firmware(tree: HostTree) -> tuple[str, str] | None:
    """The device tree of ARM and POWER guests, and z/VM's `/proc/sysinfo`."""
    compatible = tree.data("/proc/device-tree/hypervisor/compatible")
    if compatible is not None:
        name = compatible.split(b"\0")[0].decode("utf-8", "replace")
        return name.removeprefix("linux,"), "/proc/device-tree/hypervisor/compatible"
    sysinfo = tree.text("/proc/sysinfo") or ""
    if "VM00 Control Program" in sysinfo:
        program = sysinfo.split("VM00 Control Program:", 1)[1].split("\n")[0]
        return ("zvm" if "z/VM" in program else "kvm"), "/proc/sysinfo"
    return None


def _by_flag(hypervisor_flag: bool, clocksources: tuple[str, ...]) -> tuple[str, str] | None:
    if not hypervisor_flag:
        return None
    for prefix, name in _CLOCK_HINTS:
        if any(source.startswith(prefix) for source in clocksources):
            return name, f"CPU flag 'hypervisor' and clocksource {prefix}"
    return "unknown", "CPU flag 'hypervisor' in /proc/cpuinfo"


_MANAGER_FILES = ("/run/host/container-manager", "/run/systemd/container")
_MARKER_FILES = (
    ("podman", "/run/.containerenv"),
    ("docker", "/.dockerenv"),
    ("kubernetes", "/var/run/secrets/kubernetes.io/serviceaccount"),
)


def _container(tree: HostTree) -> tuple[str | None, str]:
    """The container manager this process runs under, or None."""
    release = (tree.text("/proc/sys/kernel/osrelease") or "").lower()
    if "microsoft" in release or "-wsl" in release:
        return "wsl", "/proc/sys/kernel/osrelease"
    if tree.exists("/proc/vz") and not tree.exists("/proc/bc"):
        return "openvz", "/proc/vz without /proc/bc"
    told = _told_manager(tree)
    if told is not None:
        return told
    marked = (found for found in _MARKER_FILES if tree.exists(found[1]))
    return next(marked, (None, "no sign of a container"))


def _told_manager(tree: HostTree) -> tuple[str, str] | None:
    """The manager's own statement: in a file, or in the environment of init."""
    for path in _MANAGER_FILES:
        manager = tree.text(path)
        if manager:
            return manager, path
    for entry in (tree.data("/proc/1/environ") or b"").split(b"\0"):
        name, _, value = entry.partition(b"=")
        if name == b"container" and value:
            return value.decode("utf-8", "replace"), "/proc/1/environ"
    return None


def check(platform: PlatformFacts) -> Iterator[Finding]:
    """Check whether there is a hypervisor between the kernel and the machine."""
    name, evidence = "virtualisation", platform.virtualisation_evidence
    if platform.virtualisation == "none":
        yield Finding(name, "ok", "no hypervisor", evidence=evidence)
        return
    yield Finding(
        name,
        "note",
        f"a virtual machine ({platform.virtualisation}): ratios hold here, absolute times belong "
        "to this hypervisor and its neighbours",
        evidence=evidence,
    )
