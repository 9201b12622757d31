"""From a fuzzer's bytes to lines of an audit.log, and how the log reader is held to itself."""

from __future__ import annotations

from typing import Any

from consumer.log.summary import LogSums
from consumer.log.tables import KINDS
from consumer.text.names import type_name
from tests.fuzz.grammar import datagrams

HEADS = (b"", b"node=a ", b"node=b type=SYSCALL ", b"type=", b"\x1b[31m ")
TAILS = (b"", b'\x1dAUID="root" UID="unset" SYSCALL=connect', b"\x1dSADDR={ laddr=::1 lport=1 }")


def log_of(data: bytes) -> bytes:
    """The lines that the bytes stand for; the last byte of a record chooses what is around it."""
    lines = []
    for one in datagrams(data)[1]:
        if len(one) < 16:
            lines.append(one)
            continue
        number = int.from_bytes(one[4:6], "little")
        choice = one[-1]
        head, tail = HEADS[choice % len(HEADS)], TAILS[choice // 8 % len(TAILS)]
        lines.append(head + b"type=" + type_name(number).encode() + b" msg=" + one[16:] + tail)
    return b"\n".join(lines) + b"\n"[: data[-1:] != b"x"]


def read(pieces: list[bytes]) -> dict[str, Any]:
    """The sums over a log that comes in these pieces."""
    sums = LogSums(KINDS, with_shapes=True)
    feed(sums, pieces)
    return sums.document()


def feed(sums: LogSums, pieces: list[bytes]) -> None:
    """Give a log to sums, each piece from memory of its own."""
    sums.reader.begin_file()
    for piece in pieces:
        sums.reader.feed(bytearray(piece))
    sums.reader.end_file()


def cut(log: bytes, place: int) -> list[bytes]:
    """The log in two or three pieces, wherever that is."""
    first = place % (len(log) + 1)
    second = first + place // 7 % (len(log) - first + 1)
    return [part for part in (log[:first], log[first:second], log[second:]) if part]
