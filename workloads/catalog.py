"""The workloads, one line each. A new one is one file and one line here.

Light on purpose (the harness imports it): no Cython module is loaded before a workload is
chosen. Modules whose names begin with an underscore are shared by all workloads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

# Calls that rule sets commonly watch, and that a workload does not make unless stated there.
WATCHED = (
    "execve", "execveat", "connect", "bind", "accept", "accept4", "listen",
    "socket", "sendto", "sendmsg", "shutdown", "setsockopt",
)  # fmt: skip

SINK_OPTIONS = ("address", "port", "interface", "netns", "sink_buffer")
BUSY = "busy_ns"


@dataclass(frozen=True, slots=True)
class WorkloadInfo:
    """One workload of the catalog.

    `yields` are calls per operation that are certain with default options, by syscall name; a
    name that is not listed is unknown. `noisy` is the call that makes the most events under
    the usual rules. `options` are the command line's options that apply to it; without `session`
    it makes no audited calls and begins no audit session. It accepts a rate if it is `paced`, and
    several workers if it can be `shared`. A `silent` one is there to show what rules cost the calls
    that they do not record.
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
    session: bool = True
    silent: bool = False
    paced: bool = True
    shared: bool = True

    @property
    def sends(self) -> bool:
        """Whether it sends datagrams or connects."""
        return "address" in self.options


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
        options=("program", "command", BUSY),
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
        options=(*SINK_OPTIONS, BUSY),
    ),
    WorkloadInfo(
        name="connect",
        summary="connect one socket over and over: an event and nothing else",
        operation="connect (UDP)",
        default_ops=200_000,
        fast_ops=40_000,
        yields=_certain(connect=1),
        noisy="connect",
        module="workloads.connect",
        options=("address", "port", "netns", BUSY),
    ),
    WorkloadInfo(
        name="mixed",
        summary="one shell and one datagram in turn",
        operation="posix_spawn of /bin/sh -c :, then socket, connect, send, close",
        default_ops=2_000,
        fast_ops=400,
        yields=_certain(execve=1, socket=1, connect=1, sendto=1),
        noisy="connect",
        module="workloads.mixed",
        options=(*SINK_OPTIONS, BUSY),
    ),
    WorkloadInfo(
        name="osquery-stress",
        summary="the load and process tree of osquery's old stress script",
        operation="a shell and a datagram at each node of the tree (-n N: N * 2**N nodes)",
        default_ops=640,
        fast_ops=64,
        yields=_certain(execve=1, socket=1, connect=1, sendto=1, shutdown=1),
        noisy="connect",
        module="workloads.osquery_stress",
        options=("n", *SINK_OPTIONS),
        paced=False,
    ),
    WorkloadInfo(
        name="syscalls",
        summary="the cheapest call, never audited: the floor",
        operation="getppid",
        default_ops=5_000_000,
        fast_ops=1_000_000,
        yields=_certain(getppid=1),
        # It makes no events itself: exclusions are of another load's noise, and tax this one.
        noisy="connect",
        silent=True,
        module="workloads.syscalls",
        options=(BUSY,),
    ),
    WorkloadInfo(
        name="files",
        summary="open one file, create and remove another",
        operation="openat, close, openat (creating), close, unlinkat",
        default_ops=100_000,
        fast_ops=20_000,
        yields=_certain(openat=2, close=2, unlinkat=1, open=0, openat2=0, creat=0, unlink=0),
        noisy="openat",
        module="workloads.files",
        options=(BUSY,),
    ),
    WorkloadInfo(
        name="command",
        summary="any command",
        operation="posix_spawn of the command after --",
        default_ops=100,
        fast_ops=20,
        yields=MappingProxyType({}),
        noisy="execve",
        module="workloads.command",
        options=("command", BUSY),
    ),
    WorkloadInfo(
        name="service",
        summary="a server and the client that drives it, as a file says",
        operation="one operation of the client, as the file says",
        default_ops=10_000,
        fast_ops=10_000,
        yields=MappingProxyType({}),
        noisy="connect",
        module="workloads.service",
        options=("service", "service_digest"),
        paced=False,
        shared=False,
    ),
    WorkloadInfo(
        name="replay",
        summary="send a recorded capture to a consumer",
        operation="one record through a socket",
        default_ops=200_000,
        fast_ops=50_000,
        yields=MappingProxyType({}),
        noisy="sendmmsg",
        module="workloads.replay",
        options=("fd", "capture", "marker"),
        session=False,
        shared=False,
    ),
)

WORKLOADS: dict[str, WorkloadInfo] = {info.name: info for info in _ALL}
