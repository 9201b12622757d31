"""All operations, in groups, in the order in which they are shown."""

from __future__ import annotations

from harness.guest.operations import accounts, files, network, processes, system
from harness.guest.operations.operation import Operation, only_32

GROUPS: dict[str, tuple[Operation, ...]] = {
    "programs": processes.PROGRAMS,
    "network": (*network.OPERATIONS, only_32(*network.CONNECT_OLD)),
    "opening": files.OPENING,
    "names": files.NAMES,
    "rights": files.RIGHTS,
    "accounts": accounts.OPERATIONS,
    "mounts": system.MOUNTS,
    "kernel code": system.MODULES,
    "processes": processes.PROCESSES,
    "machine": (*system.MACHINE, only_32(*system.CLOCK_64)),
}
OPERATIONS: dict[str, Operation] = {each.name: each for group in GROUPS.values() for each in group}
"""By name."""
