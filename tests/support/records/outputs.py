"""Made-up outputs of consumers: the recorded records as each of them writes them."""

from __future__ import annotations

import gzip
import json
import re
import struct
from collections.abc import Iterable
from pathlib import Path

from consumer.output.capture import MAGIC, VERSION
from consumer.receiving.parse import frame
from tests.support.records.audit_logs import CAPTURE, Line

LAUREL = CAPTURE.with_name("linux-6.18.laurel.gz")
"""What Laurel 0.5.1 made of the records of CAPTURE, fed as lines, with `CONF` of
`harness/consumers/laurel.py`. It refused one of them, a USER_LOGIN, for its quotes."""
REFUSED = 4343715
"""The serial of that one."""
_HEAD = re.compile(rb"audit\((\d+\.\d{3}):(\d+)\): ?")


def laurel_log() -> bytes:
    """Laurel's lines of the recorded records."""
    return gzip.decompress(LAUREL.read_bytes())


def by_event(records: Iterable[Line]) -> list[list[Line]]:
    """Records of the same time and serial together, in the order of the first of each."""
    found: dict[bytes, list[Line]] = {}
    for record_type, text in records:
        head = _HEAD.match(text)
        assert head is not None
        found.setdefault(head[0], []).append((record_type, text))
    return list(found.values())


def go_audit_log(events: Iterable[list[Line]]) -> bytes:
    """Events as go-audit writes them: Go escapes what could be HTML."""
    lines = []
    for records in events:
        head = _HEAD.match(records[0][1])
        assert head is not None
        event = {
            "sequence": int(head[2]),
            "timestamp": head[1].decode(),
            "messages": [
                {"type": kind, "data": text.partition(b"): ")[2].decode(errors="replace")}
                for kind, text in records
            ],
            "uid_map": {"0": "root"},
        }
        text = json.dumps(event, separators=(",", ":"), ensure_ascii=False)
        lines.append(re.sub(r"[<>&]", lambda found: f"\\u{ord(found[0]):04x}", text) + "\n")
    return "".join(lines).encode()


def mapped_log(records: Iterable[Line]) -> bytes:
    """Records as a program of the user's own may write them, an object for each."""
    lines = []
    for kind, text in records:
        head = _HEAD.match(text)
        assert head is not None
        serial, stamp = int(head[2]), head[1].decode()
        record = {
            "id": f"{stamp}:{serial}",
            "seq": serial,
            "ts": float(stamp),
            "type": kind,
            "audit": {"type": kind, "text": text[head.end() :].decode(errors="replace")},
        }
        lines.append(json.dumps(record) + "\n")
    return "".join(lines).encode()


def capture(records: Iterable[Line]) -> bytes:
    """Records as a capture file."""
    metadata = b"{}"
    header = MAGIC + struct.pack("<II", VERSION, len(metadata)) + metadata
    return header + b"".join(frame(kind, text) for kind, text in records)


def written(path: Path, content: bytes) -> Path:
    """A file of these bytes, packed if its name says so."""
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path
