"""Records a golden capture from the running kernel:
`python tests/golden/records/record.py FILE [long_deeds.py]`; without a name it is deeds.py.

Needs root, auditctl and nobody registered; changes the audit state and gives it back. The capture
is reduced to KEPT_PER_SORT events of each sort. Run it from a neutral directory: paths of programs
end up in the records.
"""

from __future__ import annotations

import gzip
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

HERE = Path(__file__).parent
LOGINUID = "54321"
KEPT_PER_SORT = 2
RULES = (
    ["-a", "always,exit", "-F", "arch=b64", "-S", "all", "-F", f"auid={LOGINUID}", "-k", "golden"],
    ["-w", "/tmp/golden-watched", "-p", "wa", "-k", "first", "-k", "second"],
)
RESTORE = (["-e", "0"], ["-D"], ["-b", "64"], ["-f", "1"], ["--reset-lost"])


def auditctl(arguments: list[str]) -> None:
    subprocess.run(["auditctl", *arguments], check=True, stdout=subprocess.DEVNULL)


def say(control: socket.socket, text: str, record_type: int) -> None:
    payload = text.encode() + b"\0"
    header = struct.pack("=IHHII", 16 + len(payload), record_type, 1, 9, 0)
    control.sendto(header + payload, (0, 0))


def add_ring_rule(control: socket.socket) -> None:
    """always,io_uring for openat and close, with a key; older auditctl cannot say it."""
    words = [(1 << 18) | (1 << 19), *[0] * 63]
    rule = struct.pack("=III64I", 7, 2, 1, *words)
    for field in (210, 4, 0x40000000):
        rule += struct.pack("=64I", field, *[0] * 63)
    rule += struct.pack("=I", 4) + b"ring"
    control.sendto(struct.pack("=IHHII", 16 + len(rule), 1011, 1, 7, 0) + rule, (0, 0))


def misdeeds(control: socket.socket, deeds: subprocess.Popen[str]) -> None:
    for rule in RULES:
        auditctl(rule)
    add_ring_rule(control)
    Path("/tmp/golden-watched").touch()
    Path("/tmp/golden-watched").unlink()
    deeds.communicate("go\n")
    say(control, "op=test acct=\"root\" exe='/x y' hostname=? res=success", 1112)
    say(control, "type=SYSCALL msg=audit(1.000:1): forged\nline", 1111)
    say(control, "m " * 4000, 1112)
    say(control, "golden:1", 1111)


def record(consumer: list[str], deeds_file: str, capture: Path) -> None:
    control = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9)
    control.bind((0, 0))
    command = [*consumer, "--mode", "unicast", "--control", "--marker", "golden"]
    with subprocess.Popen(
        [*command, "--depth", "count", "--capture", str(capture)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as receiver:
        assert receiver.stdin
        assert receiver.stdout
        receiver.stdout.readline()
        try:
            for setting in (["-f", "0"], ["-b", "8192"], ["-e", "1"]):
                auditctl(setting)
            deeds = subprocess.Popen(
                ["/usr/bin/python3", str(HERE / deeds_file), LOGINUID],
                stdin=subprocess.PIPE,
                text=True,
                env={"PATH": "/usr/bin:/bin"},
            )
            time.sleep(0.5)
            misdeeds(control, deeds)
            while '"marker"' not in receiver.stdout.readline():
                pass
        finally:
            receiver.communicate("stop\n")
            for setting in RESTORE:
                auditctl(setting)


def reduce(content: bytes) -> bytes:
    """Keep the first events of each sort: system call, outcome, types of records."""
    sys.path.insert(0, str(HERE.parents[2]))
    from consumer.receiving.parse import fields_of, split_capture

    metadata, frames = split_capture(content)
    metadata["kernel"] = metadata["kernel"].partition("-")[0]
    events: dict[tuple[int, int], list[bytes]] = {}
    sorts: dict[tuple[int, int], list[object]] = {}
    pos = 0
    while pos < len(frames):
        (length,) = struct.unpack_from("<I", frames, pos)
        frame = bytes(frames[pos : pos + 12 + length])
        pos += 12 + length
        (kind,) = struct.unpack_from("<H", frame, 16)
        stamp, serial, pairs = fields_of(kind, frame[28:])
        fields = dict(pairs)
        events.setdefault((stamp, serial), []).append(frame)
        outcome = fields.get(b"exit", b"")[:1] == b"-" and fields.get(b"exit")
        sorts.setdefault((stamp, serial), []).append((kind, fields.get(b"syscall"), outcome))
    kept: Counter[tuple[object, ...]] = Counter()
    body = b""
    for identity, event in events.items():
        sort = tuple(sorts[identity])
        kept[sort] += 1
        if kept[sort] <= KEPT_PER_SORT:
            body += b"".join(event)
    header = json.dumps(metadata).encode()
    return b"AUDITCAP" + struct.pack("<II", 1, len(header)) + header + body


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "capture"
        os.environ["PYTHONPATH"] = str(HERE.parents[2])
        deeds_file = sys.argv[2] if len(sys.argv) > 2 else "deeds.py"
        record([sys.executable, "-P", "-m", "consumer"], deeds_file, raw)
        Path(sys.argv[1]).write_bytes(gzip.compress(reduce(raw.read_bytes()), 9, mtime=0))
