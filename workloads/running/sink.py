"""The target of a load's datagrams: a socket that is bound and never read.

The supervisor binds it before the audit session begins, so its own bind is no event of the
trial. Its receive buffer is the smallest possible; the kernel drops what does not fit.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING

from workloads.errors import EXIT_HOST_UNFIT, WorkloadError
from workloads.parts.datagram import Target
from workloads.parts.process import enter_network_namespace

if TYPE_CHECKING:
    from workloads.running.options import Options

LOOPBACK = "127.0.0.1"
SIOCGIFADDR = 0x8915  # linux/sockios.h
SMALLEST_BUFFER = 1  # the kernel raises it to its minimum, about three datagrams


class Sink:
    """An address for datagrams, and the socket bound there if the address is this machine's.

    `kind` is "own" (bound here), "taken" (another program on this machine has the port) or
    "remote" (the user named an address that is not this machine's).
    """

    def __init__(
        self, address: str, port: int, interface: str, *, buffer_bytes: int = SMALLEST_BUFFER
    ) -> None:
        self.address, self.interface = address, interface
        self.family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.socket = socket.socket(self.family, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
        self.kind, self.port = self._bind(port)
        self._try_out()

    def _bind(self, port: int) -> tuple[str, int]:
        try:
            self.socket.bind(self._endpoint(port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return "taken", port
            if error.errno == errno.EADDRNOTAVAIL:
                return "remote", self._remote_port(port)
            raise WorkloadError(
                f"cannot bind a sink to {self.address} port {port} ({error.strerror}): "
                "give another --address or --port"
            ) from None
        return "own", self.socket.getsockname()[1]

    def _remote_port(self, port: int) -> int:
        if port == 0:
            raise WorkloadError(
                f"{self.address} is not an address of this machine: to send datagrams to "
                "another machine, give --port as well"
            )
        return port

    def _endpoint(self, port: int) -> tuple[str, int] | tuple[str, int, int, int]:
        if self.family == socket.AF_INET6:
            return self.address, port, 0, self._scope()
        return self.address, port

    def _scope(self) -> int:
        return socket.if_nametoindex(self.interface) if self.interface else 0

    def _try_out(self) -> None:
        """Connect once; for UDP that consults the routing table and sends nothing."""
        with socket.socket(self.family, socket.SOCK_DGRAM) as trial:
            try:
                if self.interface:
                    name = self.interface.encode()
                    trial.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name)
                trial.connect(self._endpoint(self.port))
            except OSError as error:
                raise WorkloadError(
                    f"{self.address} cannot be reached ({error.strerror}): is the interface "
                    "up (ip link set lo up, in a new network namespace)?",
                    exit_code=EXIT_HOST_UNFIT if error.errno == errno.EPERM else 2,
                ) from None

    def target(self, *, shut_down: bool = False) -> Target:
        """The address for the operation in C; `shut_down` adds a shutdown before the close."""
        return Target(self.address, self.port, self.interface, self._scope(), shut_down)

    def yields(self, usual: Mapping[str, float]) -> dict[str, float]:
        """`usual`, and the call that binds each socket to the interface, if any."""
        return {**usual, "setsockopt": 1.0 if self.interface else 0.0}

    def details(self) -> dict[str, object]:
        """The target of the datagrams, for the result."""
        return {
            "sink": self.kind,
            "address": self.address,
            "port": self.port,
            "interface": self.interface or None,
        }


def open_sink(options: Options) -> Sink:
    """The sink that `--netns`, `--interface`, `--address`, `--port`, `--sink-buffer` ask for."""
    if options.netns:
        _enter(options.netns)
    interface = _checked_interface(options.interface)
    address = options.address or (_address_of(interface) if interface else LOOPBACK)
    check_address(address)
    return Sink(
        address, options.port, interface, buffer_bytes=options.sink_buffer or SMALLEST_BUFFER
    )


def open_namespace(name: str) -> int:
    """A descriptor of the network namespace with this name, or at this path."""
    path = name if "/" in name else f"/var/run/netns/{name}"
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or "it is not a path"
        raise WorkloadError(
            f"there is no network namespace {name} ({reason}): "
            "ip netns list shows the names, and a path to a namespace file will do as well"
        ) from None


def _enter(name: str) -> None:
    handle = open_namespace(name)
    try:
        enter_network_namespace(handle)
    except PermissionError:
        raise WorkloadError(
            f"entering the network namespace {name} needs root: run with sudo",
            exit_code=EXIT_HOST_UNFIT,
        ) from None
    except OSError:
        raise WorkloadError(f"{name} is not a network namespace: name one") from None
    finally:
        os.close(handle)


def _checked_interface(name: str) -> str:
    if name and name not in (known := [entry[1] for entry in socket.if_nameindex()]):
        raise WorkloadError(f"there is no interface {name}: there are {', '.join(known)}")
    return name


def check_address(address: str) -> None:
    """Raise WorkloadError if it is not an IP address."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        socket.inet_pton(family, address)
    except (OSError, ValueError):
        raise WorkloadError(f"{address} is not an IP address: give one, not a name") from None


def _address_of(interface: str) -> str:
    """The first IPv4 address of `interface`."""
    request = struct.pack("256s", interface.encode()[:15])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        try:
            answer = fcntl.ioctl(asker.fileno(), SIOCGIFADDR, request)
        except OSError:
            raise WorkloadError(
                f"interface {interface} has no IPv4 address: give one with --address"
            ) from None
    return socket.inet_ntoa(answer[20:24])
