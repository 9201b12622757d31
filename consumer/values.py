"""The values of fields, decoded: quoted and hex strings, numbers, socket addresses, titles.

Pure functions from bytes to what JSON can hold. Bytes that are no UTF-8 are shown as `\\xNN`.
Source of the encodings: kernel/audit.c, audit_log_n_untrustedstring(); kernel/auditsc.c.
"""

from __future__ import annotations

import re
import socket
import sys
from typing import Any

Value = str | int | None | list[str] | dict[str, Any]

# Fields the kernel prints as "literal" or as hex, because whoever ran the process chose them.
UNTRUSTED = frozenset(b"comm exe cwd name key ocomm path dir data device acct cmd".split())
NUMBERS = frozenset(
    b"syscall exit items ppid pid auid uid gid euid suid fsuid egid sgid fsgid ses item inode ouid "
    b"ogid argc fd0 fd1 fd opid oauid oses sig nargs mqdes msg_len msg_prio uring_op old-auid "
    b"old-ses list entries family res prom nl-mcgrp cap_frootid frootid".split()
)
_NUMBER = re.compile(rb"-?(0|[1-9][0-9]*)")
_HEX = re.compile(rb"([0-9A-Fa-f]{2})+")
FAMILIES = {
    0: "unspec",
    1: "unix",
    2: "inet",
    10: "inet6",
    16: "netlink",
    17: "packet",
    40: "vsock",
}


def text(value: bytes) -> str:
    """Bytes as text; what is no UTF-8 becomes `\\xNN`."""
    return value.decode("utf-8", "backslashreplace")


def untrusted_bytes(value: bytes) -> bytes | None:
    """The bytes behind a quoted or hex value; None for `(null)` and `?`.

    A value that is neither quoted nor proper hex is damaged and returned as it is.
    """
    if value[:1] == b'"':
        return value[1:-1] if len(value) > 1 and value[-1:] == b'"' else value[1:]
    if value in (b"(null)", b"?"):
        return None
    return bytes.fromhex(value.decode()) if _HEX.fullmatch(value) else value


def chosen(key: bytes, value: bytes) -> str | list[str] | None:
    """The value of an untrusted field; several rule keys make a list."""
    content = untrusted_bytes(value)
    if content is None:
        return None
    if key == b"key" and b"\x01" in content:
        return [text(part) for part in content.split(b"\x01")]
    return text(content)


def plain(key: bytes, value: bytes) -> Value:
    """The value of a field that needs no special knowledge of its record."""
    if key in UNTRUSTED:
        return chosen(key, value)
    if key in NUMBERS and _NUMBER.fullmatch(value):
        return int(value)
    if value == b"(null)":
        return None
    quoted = len(value) > 1 and value[:1] == value[-1:] == b'"'
    return text(value[1:-1] if quoted else value)


def title(value: bytes) -> list[str] | None:
    """The arguments in a PROCTITLE; the kernel keeps at most 128 bytes of them."""
    content = untrusted_bytes(value)
    if content is None or value == b'"(null)"':
        return None
    return [text(argument) for argument in content.split(b"\0")]


def socket_address(value: bytes) -> dict[str, Any]:
    """A socket address as the system call passed it, in hex; `malformed` if it is too short.

    The family is in the byte order of the host that made the record, taken to be this one's.
    """
    decoded: dict[str, Any] = {"saddr": text(value)}
    address = bytes.fromhex(value.decode()) if _HEX.fullmatch(value) else b""
    if len(address) < 2:
        return decoded | {"malformed": True}
    family = int.from_bytes(address[:2], sys.byteorder)
    decoded["family"] = FAMILIES.get(family, family)
    decode = _DECODERS.get(family)
    if decode is None:
        return decoded
    try:
        return decoded | decode(address)
    except (ValueError, IndexError):
        return decoded | {"malformed": True}


def _exactly(address: bytes, start: int, length: int) -> bytes:
    part = address[start : start + length]
    if len(part) < length:
        raise ValueError("too short")
    return part


def _inet(address: bytes) -> dict[str, Any]:
    return {
        "port": int.from_bytes(_exactly(address, 2, 2), "big"),
        "address": socket.inet_ntop(socket.AF_INET, _exactly(address, 4, 4)),
    }


def _inet6(address: bytes) -> dict[str, Any]:
    return {
        "port": int.from_bytes(_exactly(address, 2, 2), "big"),
        "address": socket.inet_ntop(socket.AF_INET6, _exactly(address, 8, 16)),
        "scope_id": int.from_bytes(_exactly(address, 24, 4), sys.byteorder),
    }


def _unix(address: bytes) -> dict[str, Any]:
    name = address[2:]
    if not name:
        return {"unnamed": True}
    if name[0] == 0:
        return {"abstract": text(name[1:])}
    return {"path": text(name.partition(b"\0")[0])}


def _netlink(address: bytes) -> dict[str, Any]:
    return {
        "portid": int.from_bytes(_exactly(address, 4, 4), sys.byteorder),
        "groups": int.from_bytes(_exactly(address, 8, 4), sys.byteorder),
    }


_DECODERS = {1: _unix, 2: _inet, 10: _inet6, 16: _netlink}


def message(value: bytes) -> Value:
    """The text of a user message: its `key=value` pairs if it consists of such, else the text."""
    inner = value[1:-1] if len(value) > 1 and value[:1] == value[-1:] == b"'" else value
    pairs = re.findall(rb"([A-Za-z0-9_-]+)=(\"[^\"]*\"|'[^']*'|[^ ]*)", inner)
    if not pairs or b" ".join(key + b"=" + word for key, word in pairs) != inner:
        return text(inner)
    decoded: dict[str, Any] = {}
    for key, word in pairs:
        bare = word[1:-1] if word[:1] == b"'" and len(word) > 1 else word
        decoded[text(key)] = plain(key, bare)
    return decoded
