"""tracefs for a program that needs it, in a mount namespace that nobody else is in.

Where the host has it mounted, nothing is done. Where it has not, the host's mounts stay as they
are: the namespace ends with the program, whoever ends it.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.host.instruments import TRACEFS_FOLDERS
from harness.host.tree import HostTree

# /sys alone is made private: `/` is no mount point where a root was changed by chroot(2).
_MOUNT = 'mount --make-rprivate /sys && mount -t tracefs tracefs /sys/kernel/tracing && exec "$@"'


def with_tracefs(command: Sequence[str], tree: HostTree | None = None) -> list[str]:
    """The command as it is to be started; its process id stays that of the program."""
    tree = tree or HostTree()
    if any(tree.exists(f"{folder}/events") for folder in TRACEFS_FOLDERS):
        return list(command)
    return ["unshare", "--mount", "--propagation", "unchanged", "sh", "-c", _MOUNT, "sh", *command]


def has_tracefs(tree: HostTree) -> bool:
    """Whether this kernel knows tracefs, mounted or not; True where it does not tell."""
    known = tree.text("/proc/filesystems")
    return known is None or "tracefs" in known.split()
