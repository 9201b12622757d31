"""Made-up audit.log files: the recorded records of a real kernel, and events made by hand."""

from __future__ import annotations

import gzip
import re
import struct
import subprocess
from collections import Counter
from pathlib import Path

from consumer.receiving.parse import split_capture
from consumer.text.names import type_name
from tests.support.programs import program

CAPTURE = Path(__file__).parents[2] / "golden" / "records" / "linux-6.18.cap.gz"
_HEAD = re.compile(rb"audit\((\d+)\.(\d{3}):(\d+)\)")
END_OF_EVENT = 1320

Line = tuple[int, bytes]


def recorded() -> list[Line]:
    """Type and text of the golden records; no EOE, which audit.log has not."""
    frames = bytes(split_capture(gzip.decompress(CAPTURE.read_bytes()))[1])
    found, pos = [], 0
    while pos < len(frames):
        (length,) = struct.unpack_from("<I", frames, pos)
        datagram = frames[pos + 12 : pos + 12 + length]
        (record_type,) = struct.unpack_from("=H", datagram, 4)
        if record_type != END_OF_EVENT and datagram[16:22] == b"audit(":
            found.append((record_type, datagram[16:]))
        pos += 12 + length
    return found


def line(record_type: int, text: bytes, node: bytes = b"") -> bytes:
    """A line as auditd writes it."""
    prefix = b"node=" + node + b" " if node else b""
    body = text.replace(b"\n", b" ").removesuffix(b" ")
    return prefix + b"type=" + type_name(record_type).encode() + b" msg=" + body + b"\n"


def shifted(text: bytes, seconds: int, serials: int) -> bytes:
    """The same record, later and with another serial."""
    match = _HEAD.search(text)
    assert match is not None
    head = b"audit(%d.%s:%d)" % (int(match[1]) + seconds, match[2], int(match[3]) + serials)
    return text[: match.start()] + head + text[match.end() :]


def repeated(times: int, node: bytes = b"") -> bytes:
    """The recorded log that many times over, each later than the one before."""
    records = recorded()
    return b"".join(
        line(record_type, shifted(text, 10 * turn, 100_000 * turn), node)
        for turn in range(times)
        for record_type, text in records
    )


def aureport(report: str, path: Path, *options: str) -> Counter[str]:
    """What `aureport REPORT --summary` counts in a file."""
    done = subprocess.run(
        [program("aureport"), report, "--summary", "--escape", "raw", "-if", str(path), *options],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    counts: Counter[str] = Counter()
    for row in done.stdout.decode("utf-8", "backslashreplace").split("\n"):
        match = re.match(r"(\d+)  (.*)", row, re.DOTALL)
        if match:
            counts[match[2]] += int(match[1])
    return counts


def everyday(records: int) -> bytes:
    """A log of about that many records: the recorded events without those of huge arguments."""
    events: dict[bytes, list[Line]] = {}
    for record_type, text in recorded():
        events.setdefault(text.split(b")")[0], []).append((record_type, text))
    ordinary = [
        one for event in events.values() if sum(len(t) for _, t in event) < 3000 for one in event
    ]
    turns = -(-records // len(ordinary))
    return b"".join(
        line(record_type, shifted(text, turn // 40, 1000 * turn))
        for turn in range(turns)
        for record_type, text in ordinary
    )


REPORTS = {
    "exe": "--executable",
    "comm": "--comm",
    "syscall": "--syscall",
    "key": "--key",
    "auid": "--user",
    "address": "--host",
    "type": "--event",
}


def spelled(kind: str, row: dict[str, object]) -> str:
    """A row's value as aureport spells it without -i."""
    if kind == "auid":
        number = int(str(row["number"]))
        return str(number - (1 << 32) if number >= 1 << 31 else number)  # it prints them signed
    return str(row["number"] if kind in ("syscall", "type") else row["value"])


def ours(document: dict[str, object], kind: str) -> Counter[str]:
    """The same counts out of a document of `top` or of `consumer.log.summary`."""
    tables = document["tables"]
    assert isinstance(tables, list)
    (rows,) = [table["rows"] for table in tables if table["by"] == kind]
    counts: Counter[str] = Counter()
    for row in rows:
        counts[spelled(kind, row)] += row["events"]
    return counts
