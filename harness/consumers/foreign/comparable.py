"""What of a record's text can be compared between RAW and each form of output.

Each function takes a record's type and its text after the head, and gives bytes that are equal
where the records say the same; None for a record that the form cannot show.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from consumer.receiving.parse import fields_of
from harness.consumers.foreign.audit_log import ENRICHMENT, UNKNOWN_TYPE
from harness.consumers.foreign.laurel_log import JOINED_KEY
from harness.model.verify import JOINED

Pairs = list[tuple[bytes, bytes]]
Comparable = Callable[[int, bytes], bytes | None]

EXECVE, PROCTITLE = 1309, 1327
_NOT_ASCII = re.compile(rb"[^\x00-\x7f]+")
_ARGUMENT = re.compile(rb"a(\d{1,7})(?:\[\d{1,7}\])?")
_JOINED_ARGUMENTS = re.compile(rb"(?:^| )%s=(\S*)" % JOINED_KEY)
_HEX = re.compile(rb"(?:[0-9A-F]{2})+")
_NUMBER = re.compile(rb"(?:0[xo])?0*([0-9a-f]+)")
"""The kernel writes octal and hexadecimal numbers of fixed width; Laurel says which they are."""
_INNER = 1100
"""The type by whose rules the text within `msg='…'` is split."""
_NO_HEAD = b"audit(0.000:0): "


def line_text(_: int, text: bytes) -> bytes:
    """As auditd writes it on a line: without line feeds, and without the names that it adds."""
    return text.partition(ENRICHMENT)[0].replace(b"\n", b" ").rstrip(b" \0\r")


def json_text(record_type: int, text: bytes) -> bytes:
    """As JSON can hold it: bytes that are not ASCII may have become others."""
    return _NOT_ASCII.sub(b"?", line_text(record_type, text))


def no_text(_: int, text: bytes) -> bytes:
    """Nothing of it: of a form that has the types of an event's records and not their texts."""
    return b""


def fields_text(record_type: int, text: bytes) -> bytes | None:
    """Its fields, decoded and sorted: the form in which Laurel keeps them."""
    if record_type == UNKNOWN_TYPE:
        return None
    text = line_text(record_type, text)
    if record_type == EXECVE:
        joined = _JOINED_ARGUMENTS.search(text)
        return JOINED + _unquoted(joined[1]) if joined else b"\0".join(_arguments(text))
    if record_type == PROCTITLE:
        return b" ".join(_unquoted(value) for _, value in _split(PROCTITLE, text)).strip(b"\0")
    return b"\0".join(sorted(b"%s=%s" % pair for pair in _pairs(record_type, text)))


def _split(record_type: int, text: bytes) -> Pairs:
    found = fields_of(record_type, _NO_HEAD + text)
    return found[2] if found else []


def _pairs(record_type: int, text: bytes) -> Iterator[tuple[bytes, bytes]]:
    for key, value in _split(record_type, text):
        if key == b"msg" and value[:1] == b"'":
            inner = list(_pairs(_INNER, value[1:-1]))
            if inner:
                yield from inner
                continue
        yield key, _decoded(value)


def _decoded(value: bytes) -> bytes:
    """A value without zeros in front, quotes, and the encoding of what a user chose."""
    number = _NUMBER.fullmatch(value)
    return number[1] if number else _unquoted(value)


def _unquoted(value: bytes) -> bytes:
    if value[:1] == value[-1:] and value[:1] in (b'"', b"'") and len(value) > 1:
        return value[1:-1]
    return bytes.fromhex(value.decode("ascii")) if _HEX.fullmatch(value) else value


def _arguments(text: bytes) -> Iterator[bytes]:
    """The arguments in order; parts of one that was split over records are joined.

    No value has a space in it, and together they may be longer than any one record.
    """
    joined: dict[int, bytes] = {}
    for word in text.split(b" "):
        key, _, value = word.partition(b"=")
        if found := _ARGUMENT.fullmatch(key):
            number = int(found[1])
            joined[number] = joined.get(number, b"") + _unquoted(value)
    return (b"%d=%s" % each for each in sorted(joined.items()))
