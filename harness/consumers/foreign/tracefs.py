"""tracefs for a program that needs it, in a mount namespace of its own.

If the host has it mounted, nothing is done. If not, the host's mounts stay unchanged: the
namespace ends with the program, however that ends.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.host.instruments import TRACEFS_FOLDERS
from harness.host.tree import HostTree

# Only /sys is made private: after chroot(2), `/` is not a mount point.
_MOUNT = 'mount --make-rprivate /sys && mount -t tracefs tracefs /sys/kernel/tracing && exec "$@"'


def with_tracefs(command: Sequence[str], tree: HostTree | None = None) -> list[str]:
    """The command to start; its process id stays that of the program."""
    tree = tree or HostTree()
    if any(tree.exists(f"{folder}/events") for folder in TRACEFS_FOLDERS):
        return list(command)
    return ["unshare", "--mount", "--propagation", "unchanged", "sh", "-c", _MOUNT, "sh", *command]


def has_tracefs(tree: HostTree) -> bool:
    """Whether this kernel knows tracefs, mounted or not; True if that is unknown."""
    known = tree.text("/proc/filesystems")
    return known is None or "tracefs" in known.split()
