"""From a fuzzer's bytes to datagrams: a dense language in which small changes are changes of sense.

It knows the formats of records, and not what the consumer makes of them. The first byte says how
the rest is to be read and what the consumer is set up as; any bytes are a valid input.
"""

from __future__ import annotations

import struct

LONGEST = 16384 + 64
SERIALS = (1, 2, 3, 9, 4294967294, 4294967295, 0, 2000000)
SECONDS = ("1700000000", "1700000001", "99999999999999", "0")
TYPES = (
    *(1300, 1320, 1327, 1309, 1302, 1307, 1306, 1006, 1111, 1305, 1336, 1425, 1426, 1400, 1317),
    *(1321, 1322, 1323, 1337, 1318, 1303, 1304, 1312, 1313, 1326, 1701, 2100, 1423, 1800, 1329),
    *(1005, 1100, 1199, 1299, 1399, 65535, 2, 3),
)
CALLS = (2, 9, 22, 42, 43, 49, 51, 55, 59, 102, 126, 240, 322, 426, 437, 999)
SMALL = (b"", b'"', b"'", b"=", b"  ", b"\0", b"\n", b"\x1d", b"(null)", b'"(null)"', b"?", b"\xff")
WORDS = (
    *(b"argc=", b"argc=1 ", b"argc=3 ", b"argc=4294967295 ", b"argc=18446744073709551 "),
    *(b" a0=", b" a1=", b" a2=", b" a999999999=", b"_len=", b"_len=0 ", b"_len=9000 "),
    *(b"_len=4294967295 ", b"[0]=", b"[1]=", b"[4294967295]=", b"[", b"]", b"2F62696E", b"2f6"),
    *(b"F", b" ses=", b" ses=7", b" ses=4294967295op=updated_rules", b" pid=", b" ppid="),
    *(b" items=", b" exit=-", b" success=yes", b" success=no", b" syscall=", b" arch=c000003e"),
    *(b" arch=40000003", b" per=8", b" subj=?", b" obj=?", b" subj=/x (enforce)", b"msg='"),
    *(b"mk:", b"mk:12", b"item=", b"item=0 ", b"item=1 ", b"item=70 ", b"saddr=0200"),
    *(b'proctitle="x"', b'cwd="/"', b" key=", b"uring_op=18", b"avc:  denied  { read } for"),
    *(b"auid=1 ses=1 ", b"9999999999", b"18446744073709551615"),
)
# Around the 64 bytes of a scan, the 7500 of a split command and the 16 KiB of a record.
LONG = (
    *(b"A" * 63, b"A" * 64, b"A" * 65, b"F" * 7500),
    *(b"= " * 4096, b" " * 64, b"a=1 " * 512, b"x" * 16384),
)


def syscall(number: int) -> bytes:
    """The body of a SYSCALL record of that call."""
    return (
        f"arch=c000003e syscall={number} success=yes exit=0 a0=3 a1=7ffd a2=10 a3=0 items=1 "
        'ppid=301 pid=302 auid=1000 uid=0 ses=7 comm="c" exe="/c" key=(null)'
    ).encode()


def table() -> list[bytes]:
    """What each byte of a record stands for: itself if printable, else a word."""
    literal = [bytes([byte]) for byte in range(256)]
    words = [*(syscall(call) for call in CALLS), *LONG, *WORDS]
    for place, word in enumerate(SMALL, 1):
        literal[place] = word
    for place, word in enumerate(words, 128):
        literal[place] = word
    return literal


MEANS = table()


def meaning(program: bytes) -> bytes:
    """What the bytes of a body stand for, up to a little more than the consumer takes."""
    parts, length = [], 0
    for byte in program:
        parts.append(MEANS[byte])
        length += len(parts[-1])
        if length > LONGEST:
            break
    return b"".join(parts)[:LONGEST]


def record(program: bytes) -> bytes:
    """One datagram: a byte for the type, a byte for the head, and the body's bytes."""
    if not program:
        return b""
    if program[0] == 0xFF:
        return program[1:]
    choice = program[1] if len(program) > 1 else 0
    body = meaning(program[2:])
    if choice < 0xF0:
        head = f"audit({SECONDS[choice >> 3 & 3]}.{choice >> 5:03d}:{SERIALS[choice & 7]}): "
        body = head.encode() + body
        if choice >= 0xE0:
            body = body[:choice]
    return struct.pack("=IHHII", len(body), TYPES[program[0] % len(TYPES)], 0, 0, 0) + body


def pieces(data: bytes) -> list[bytes]:
    """Raw datagrams: each with its length in two bytes before it."""
    found, pos = [], 0
    while pos + 2 <= len(data):
        length = int.from_bytes(data[pos : pos + 2], "little")
        found.append(data[pos + 2 : pos + 2 + length])
        pos += 2 + length
    return found


def datagrams(data: bytes) -> tuple[int, list[bytes]]:
    """The number of a set-up (0 to 3), and datagrams."""
    if not data:
        return 0, []
    way, setup = data[0] & 3, data[0] >> 2 & 3
    if way == 1:
        return setup, [data[1:]]
    if way == 2:
        return setup, pieces(data[1:])
    return setup, [record(part) for part in data[1:].split(b"\0")]
