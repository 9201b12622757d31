"""Distribution, Python, libaudit and socket limits: the rest of an environment's description."""

from __future__ import annotations

import hashlib
import platform
import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.errors import HostUnfitError
from harness.host.finding import Finding
from harness.host.tree import HostTree, keyed_lines
from harness.kernel.rules.libaudit import LIBRARY, libaudit

_LIBRARY_FOLDERS = ("/usr/lib64", "/lib64", "/usr/lib", "/lib", "/usr/local/lib")


@dataclass(frozen=True, slots=True)
class SoftwareFacts:
    """Versions as given by their packagers; None means not found."""

    distribution: str
    python: str
    libaudit: str | None
    """The package's version, else the number in the library's file name."""
    rmem_max_bytes: int | None
    rmem_default_bytes: int | None


def read_software_facts(tree: HostTree) -> SoftwareFacts:
    """Read `/etc/os-release`, the package database and `/proc/sys/net/core`."""
    release = keyed_lines(
        tree.text("/etc/os-release") or tree.text("/usr/lib/os-release"), separator="="
    )
    return SoftwareFacts(
        distribution=release.get("PRETTY_NAME", "unknown").strip("\"'"),
        python=platform.python_version(),
        libaudit=_dpkg_version(tree, "libaudit1") or _library_version(tree),
        rmem_max_bytes=tree.number("/proc/sys/net/core/rmem_max"),
        rmem_default_bytes=tree.number("/proc/sys/net/core/rmem_default"),
    )


def libaudit_error() -> HostUnfitError | None:
    """Why libaudit cannot be loaded by this process; None if it can."""
    try:
        libaudit()
    except HostUnfitError as error:
        return error
    return None


def check(error: HostUnfitError | None) -> Iterator[Finding]:
    """Whether rules can be read at all; a run refuses for the same reason."""
    if error is None:
        yield Finding("libaudit", "ok", f"{LIBRARY} can be loaded")
    else:
        yield Finding("libaudit", "unfit", error.what, error.remedy)


def _dpkg_version(tree: HostTree, package: str) -> str | None:
    database = tree.text("/var/lib/dpkg/status") or ""
    stanza = re.search(rf"^Package: {package}\n(?:.+\n)*?Version: (\S+)$", database, re.MULTILINE)
    return stanza.group(1) if stanza else None


def _library_version(tree: HostTree) -> str | None:
    """The version in `libaudit.so.1 -> libaudit.so.1.0.0`, also in Debian's multi-arch folders."""
    arch_folders = [f"/usr/lib/{name}" for name in tree.names("/usr/lib") if "-linux-" in name]
    for folder in (*_LIBRARY_FOLDERS, *arch_folders):
        target = tree.link(f"{folder}/libaudit.so.1")
        if target:
            return target.rpartition("libaudit.so.")[2]
    return None


def machine_name(tree: HostTree, hostname: str, cpu_model: str) -> str:
    """The folder name of this machine's results: its host name and eight hexadecimal digits.

    The digits come from a hash, since `/etc/machine-id` itself must not be published
    (machine-id(5)); without one, from the CPU model, so that equal host names differ.
    """
    secret = tree.text("/etc/machine-id") or tree.text("/var/lib/dbus/machine-id")
    seed = f"auditbench:{secret or hostname + cpu_model}"
    digest = hashlib.sha256(seed.encode()).hexdigest()[:8]
    safe = re.sub(r"[^A-Za-z0-9_-]+", "-", hostname.partition(".")[0]).strip("-") or "machine"
    return f"{safe}-{digest}"
