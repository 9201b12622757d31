"""Socket addresses, decoded from the bytes that the system call passed.

Lengths are the caller's: the kernel records the bytes as given, before the protocol checks them.
Source: include/linux/socket.h; for the shortest address a protocol takes, its bind and connect
(SIN6_LEN_RFC2133 of net/ipv6, 24 bytes, has no scope).
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from typing import Any

from consumer.text.values import hex_bytes, text

_NAMES = """
unspec unix inet ax25 ipx appletalk netrom bridge atmpvc x25 inet6 rose decnet netbeui security key
netlink packet ash econet atmsvc rds sna irda pppox wanpipe llc ib mpls can tipc bluetooth iucv
rxrpc isdn phonet ieee802154 caif alg nfc vsock kcm qipcrtr smc xdp mctp
"""
# AF_* by number; what Linux has dropped keeps its name.
FAMILIES = dict(enumerate(_NAMES.split()))


def socket_address(value: bytes) -> dict[str, Any]:
    """A socket address as the system call passed it, in hex; `malformed` if it is too short.

    The family is in the byte order of the host that made the record, assumed to be this one's.
    """
    decoded: dict[str, Any] = {"saddr": text(value)}
    address = hex_bytes(value) or b""
    if len(address) < 2:
        return decoded | {"malformed": True}
    family = int.from_bytes(address[:2], sys.byteorder)
    decoded["family"] = FAMILIES.get(family, family)
    decode = _DECODERS.get(family)
    if decode is None:
        return decoded
    try:
        return decoded | decode(address)
    except ValueError:
        return decoded | {"malformed": True}


def _exactly(address: bytes, start: int, length: int) -> bytes:
    part = address[start : start + length]
    if len(part) < length:
        raise ValueError("too short")
    return part


def _number(address: bytes, start: int, length: int) -> int:
    """A number in the host's byte order."""
    return int.from_bytes(_exactly(address, start, length), sys.byteorder)


def _port(address: bytes) -> int:
    return int.from_bytes(_exactly(address, 2, 2), "big")


def _inet(address: bytes) -> dict[str, Any]:
    host = socket.inet_ntop(socket.AF_INET, _exactly(address, 4, 4))
    return {"port": _port(address), "address": host}


def _inet6(address: bytes) -> dict[str, Any]:
    host = socket.inet_ntop(socket.AF_INET6, _exactly(address, 8, 16))
    decoded: dict[str, Any] = {"port": _port(address), "address": host}
    if len(address) >= 28:
        decoded["scope_id"] = _number(address, 24, 4)
    return decoded


def _unix(address: bytes) -> dict[str, Any]:
    name = address[2:]
    if not name:
        return {"unnamed": True}
    if name[0] == 0:
        return {"abstract": text(name[1:])}
    return {"path": text(name.partition(b"\0")[0])}


def _netlink(address: bytes) -> dict[str, Any]:
    return {"portid": _number(address, 4, 4), "groups": _number(address, 8, 4)}


def _packet(address: bytes) -> dict[str, Any]:
    decoded: dict[str, Any] = {
        "protocol": int.from_bytes(_exactly(address, 2, 2), "big"),
        "ifindex": _number(address, 4, 4),
    }
    if len(address) > 12:
        decoded["hardware_address"] = address[12 : 12 + address[11]].hex(":")
    return decoded


def _vsock(address: bytes) -> dict[str, Any]:
    return {"port": _number(address, 4, 4), "cid": _number(address, 8, 4)}


_DECODERS: dict[int, Callable[[bytes], dict[str, Any]]] = {
    1: _unix,
    2: _inet,
    10: _inet6,
    16: _netlink,
    17: _packet,
    40: _vsock,
}
