"""tiny-audit: registers as the audit daemon and writes every record as a line of JSON."""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import socket
import struct
from pathlib import Path

NETLINK_AUDIT = 9
AUDIT_SET, STATUS_PID = 1001, 4
FIRST_RECORD, EOE = 1100, 1320
REQUEST = 1
SO_RCVBUFFORCE = 33
RECORD = re.compile(rb"audit\((\d+\.\d{3}):(\d+)\): (.*)", re.S)


def main() -> None:
    """Run until SIGTERM."""
    parser = argparse.ArgumentParser(prog="tiny-audit")
    parser.add_argument("--config", required=True)
    config = json.loads(Path(parser.parse_args().config).read_text(encoding="utf-8"))
    ended: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: ended.append(number))
    link = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_AUDIT)
    link.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, config["receive_buffer_bytes"])
    link.settimeout(0.05)
    # struct audit_status: mask, enabled, failure, pid, and what is not set.
    status = struct.pack("=4I6I", STATUS_PID, 0, 0, os.getpid(), *[0] * 6)
    head = struct.pack("=IHHII", 16 + len(status), AUDIT_SET, REQUEST, 1, 0)
    link.sendto(head + status, (0, 0))
    with Path(config["output"]).open("w", encoding="utf-8") as output:
        while not ended:
            try:
                datagram = link.recv(16384)
            except TimeoutError:
                output.flush()
                continue
            kind = struct.unpack_from("=H", datagram, 4)[0]
            record = RECORD.match(datagram[16:].rstrip(b"\0"))
            if record is None or kind < FIRST_RECORD or kind == EOE:
                continue
            stamp, serial, text = record.groups()
            line = {"seq": int(serial), "ts": stamp.decode(), "kind": kind}
            output.write(json.dumps(line | {"text": text.decode(errors="replace")}) + "\n")


if __name__ == "__main__":
    main()
