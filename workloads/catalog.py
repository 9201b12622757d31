"""The workloads there are: one line each. A new one is one file and one line here.

Light on purpose (the harness imports it): no Cython module is loaded before a workload is
chosen. Modules whose names begin with an underscore are the machinery that all workloads share.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

# Calls that rule sets commonly watch, and that a workload does not make unless it says so.
WATCHED = (
    "execve", "execveat", "connect", "bind", "accept", "accept4", "listen",
    "socket", "sendto", "sendmsg", "shutdown", "setsockopt",
)  # fmt: skip

SINK_OPTIONS = ("address", "port", "interface", "netns", "sink_buffer")


@dataclass(frozen=True, slots=True)
class WorkloadInfo:
    """One workload as the catalog knows it.

    `yields` are calls per operation that are certain with default options, by syscall name; a
    name that is not listed is unknown. `noisy` is the call that makes the most events under
    the usual rules. `options` are the command line's options that mean something to it.
    """

    name: str
    summary: str
    operation: str
    default_ops: int
    fast_ops: int
    yields: Mapping[str, float]
    noisy: str
    module: str
    options: tuple[str, ...] = ()


def _certain(**calls: float) -> Mapping[str, float]:
    named = {name: float(count) for name, count in calls.items()}
    return MappingProxyType(dict.fromkeys(WATCHED, 0.0) | named)


_ALL = (
    WorkloadInfo(
        name="shells",
        summary="start a shell, again and again",
        operation="posix_spawn of /bin/sh -c :",
        default_ops=2_000,
        fast_ops=500,
        yields=_certain(execve=1),
        noisy="execve",
        module="workloads.shells",
        options=("program", "command"),
    ),
    WorkloadInfo(
        name="udp",
        summary="send one datagram from a new socket",
        operation="socket, connect, send, close (UDP)",
        default_ops=100_000,
        fast_ops=20_000,
        yields=_certain(socket=1, connect=1, sendto=1, close=1),
        noisy="connect",
        module="workloads.udp",
        options=SINK_OPTIONS,
    ),
    WorkloadInfo(
        name="syscalls",
        summary="the cheapest call, never audited: the floor",
        operation="getppid",
        default_ops=5_000_000,
        fast_ops=1_000_000,
        yields=_certain(getppid=1),
        noisy="getppid",
        module="workloads.syscalls",
    ),
)

WORKLOADS: dict[str, WorkloadInfo] = {info.name: info for info in _ALL}
