"""The values of fields, decoded: quoted and hex strings, numbers, titles.

Pure functions from bytes to JSON values. Bytes that are not UTF-8 are shown as `\\xNN`.
Source of the encodings: kernel/audit.c, audit_log_n_untrustedstring(); kernel/auditsc.c.
"""

from __future__ import annotations

import re
from typing import Any

from consumer.text.encodings import encoded_fields, is_message

Value = str | int | None | list[str] | dict[str, Any]

NUMBERS = frozenset(
    b"syscall exit items ppid pid auid uid gid euid suid fsuid egid sgid fsgid ses item inode ouid "
    b"ogid argc fd0 fd1 fd opid oauid oses sig nargs mqdes msg_len msg_prio uring_op old-auid "
    b"old-ses list entries family res prom nl-mcgrp cap_frootid frootid id sauid ino".split()
)
_NUMBER = re.compile(rb"-?(0|[1-9][0-9]*)")
_HEX = re.compile(rb"([0-9A-Fa-f]{2})+")


def text(value: bytes) -> str:
    """Bytes as text; those that are not UTF-8 become `\\xNN`."""
    return value.decode("utf-8", "backslashreplace")


def hex_bytes(value: bytes) -> bytes | None:
    """The bytes of hexadecimal digits; None for anything else, and for no digits."""
    return bytes.fromhex(value.decode()) if _HEX.fullmatch(value) else None


def untrusted_bytes(value: bytes) -> bytes | None:
    """The bytes of a quoted or hex value; None for `(null)` and `?`.

    A value that is neither quoted nor proper hex is damaged and returned unchanged.
    """
    if value[:1] == b'"':
        return value[1:-1] if len(value) > 1 and value[-1:] == b'"' else value[1:]
    if value in (b"(null)", b"?"):
        return None
    content = hex_bytes(value)
    return value if content is None else content


def chosen(key: bytes, value: bytes) -> str | list[str] | None:
    """The value of an untrusted field; several rule keys make a list."""
    content = untrusted_bytes(value)
    if content is None:
        return None
    if key == b"key" and b"\x01" in content:
        return [text(part) for part in content.split(b"\x01")]
    return text(content)


def plain(key: bytes, value: bytes, record_type: int) -> Value:
    """The value of a field of a record of that type."""
    if key in encoded_fields(record_type) and not _is_plain_word(value, record_type):
        return chosen(key, value)
    if key in NUMBERS and _NUMBER.fullmatch(value):
        return int(value)
    if value == b"(null)":
        return None
    quoted = len(value) > 1 and value[:1] == value[-1:] == b'"'
    return text(value[1:-1] if quoted else value)


def _is_plain_word(value: bytes, record_type: int) -> bool:
    """Whether a program wrote `acct=abba` unencoded: libaudit's hex is in capitals."""
    return value[:1] != b'"' and value != value.upper() and is_message(record_type)


def title(value: bytes) -> list[str] | None:
    """The arguments in a PROCTITLE; the kernel keeps at most 128 bytes of them."""
    content = untrusted_bytes(value)
    if content is None or value == b'"(null)"':
        return None
    return [text(argument) for argument in content.split(b"\0")]
