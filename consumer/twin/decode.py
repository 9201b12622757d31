"""The pure-Python twin of the decoder: the head and the fields of a record, for clarity.

It is the oracle of the tests, written from the formats and not from the Cython code; slow.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_TEXT = 16384

_HEAD = re.compile(rb"audit\(([0-9]{1,14})\.([0-9]{3}):([0-9]{1,10})\):(?: |\Z)")
_GLUED_SESSION = re.compile(rb"([0-9]+)([a-z][^=]*)=(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its type, identity, fields as (key, value), and body as received."""

    type: int
    stamp_ms: int
    serial: int
    fields: tuple[tuple[bytes, bytes], ...]
    body: bytes
    length: int  # of the whole text in bytes

    def get(self, key: bytes) -> bytes | None:
        """The value of the first field of that key."""
        return next((value for name, value in self.fields if name == key), None)


def decode(record_type: int, text: bytes) -> Record | None:
    """The record in a datagram's text; None if the text has no valid head."""
    text = text[:MAX_TEXT]
    head = _HEAD.match(text)
    if head is None or int(head[3]) >> 32:
        return None
    body = text[head.end() :]
    split = plain_fields if 1300 <= record_type <= 1399 else quoted_fields
    stamp_ms = int(head[1]) * 1000 + int(head[2])
    return Record(record_type, stamp_ms, int(head[3]), tuple(split(body)), body, len(text))


def plain_fields(body: bytes) -> list[tuple[bytes, bytes]]:
    """Fields of a body whose values hold no spaces."""
    fields: list[tuple[bytes, bytes]] = []
    after_value = 0
    for word in re.finditer(rb"[^ ]+", body):
        key, equal, value = word[0].partition(b"=")
        if equal:
            while key == b"ses" and (glued := _GLUED_SESSION.fullmatch(value)):
                fields.append((b"ses", glued[1]))
                key, value = glued[2], glued[3]
            fields.append((key, value))
        elif fields:
            key, value = fields[-1]
            fields[-1] = (key, value + body[after_value : word.end()])
        after_value = word.end()
    return fields


def quoted_fields(body: bytes) -> list[tuple[bytes, bytes]]:
    """Fields of a body whose quoted values may hold spaces, and whose `msg='...'` runs on."""
    spans: list[tuple[bytes, int, int]] = []
    pos = 0
    while word := re.compile(rb" *([^ =]+|(?==))").match(body, pos):
        pos = word.end()
        if body[pos : pos + 1] == b"=":
            end = _end_of_value(body, word[1], pos + 1)
            spans.append((word[1], pos + 1, end))
            pos = end
        elif spans:
            key, start, _ = spans[-1]
            spans[-1] = (key, start, pos)
    return [(key, body[start:end]) for key, start, end in spans]


def _end_of_value(body: bytes, key: bytes, start: int) -> int:
    opening = body[start : start + 1]
    if key == b"msg" and opening == b"'":
        closing = body.rfind(b"'", start + 1)
        return len(body) if closing < 0 else closing + 1
    search = start
    if opening == b'"':
        search = max(body.find(b'"', start + 1), start)
    space = body.find(b" ", search)
    return len(body) if space < 0 else space
