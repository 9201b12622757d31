"""Asks the installed auditctl about every line of `rules.txt` and writes `goldens.json`.

    python -m tests.golden.rules.regenerate

Each golden: the line, what auditctl sent (type of request; the rule, compressed), the FNV-1a of
the rule's bytes, and what `auditctl -l` prints of a kernel that holds just this rule. Lines of
`refused.txt` are checked to be refused. Nothing reaches the kernel.
"""

from __future__ import annotations

import base64
import json
import platform
import struct
import sys
import tempfile
import zlib
from pathlib import Path

from tests.golden.rules.auditctl_shim import ShimmedAuditctl
from tests.support.programs import find_program, why_absent

HERE = Path(__file__).parent


def lines_of(name: str) -> list[bytes]:
    """The lines of a text file here that are not comments."""
    content = (HERE / name).read_bytes().split(b"\n")
    return [line for line in content if line.strip() and not line.startswith(b"#")]


def fnv1a(data: bytes) -> str:
    """FNV-1a, 32 bits, in hexadecimal."""
    value = 0x811C9DC5
    for byte in data:
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return f"{value:08x}"


def pack(payload: bytes) -> str:
    """A rule's bytes, compressed, as text."""
    return base64.b64encode(zlib.compress(payload, 9)).decode()


def unpack(text: str) -> bytes:
    """What `pack` packed."""
    return zlib.decompress(base64.b64decode(text))


def as_listed(payload: bytes) -> bytes:
    """The rule as the kernel lists it: without AUDIT_FILTER_PREPEND."""
    (flags,) = struct.unpack_from("=I", payload)
    return struct.pack("=I", flags & ~0x10) + payload[4:]


def golden_of(auditctl: ShimmedAuditctl, line: bytes) -> dict[str, object]:
    """What auditctl makes of a line."""
    answer = auditctl.run_line(line)
    if answer.exit_code or len(answer.rules) > 1:
        sys.exit(f"auditctl does not take {line!r}: {answer.said}")
    golden: dict[str, object] = {"line": line.decode()}
    for request, payload in answer.rules:
        golden |= {"request": request, "fnv1a": fnv1a(payload), "rule": pack(payload)}
        golden["listing"] = auditctl.listing([as_listed(payload)])[0].decode()
    return golden


def main() -> None:
    """Write `goldens.json`."""
    if find_program("auditctl") is None:
        sys.exit(why_absent("auditctl"))
    with tempfile.TemporaryDirectory() as folder:
        auditctl = ShimmedAuditctl(Path(folder))
        document = {
            "auditctl": ".".join(map(str, auditctl.version)),
            "machine": platform.machine(),
            "goldens": [golden_of(auditctl, line) for line in lines_of("rules.txt")],
        }
        for line in lines_of("refused.txt"):
            if auditctl.run_line(line).exit_code == 0:
                sys.exit(f"auditctl takes {line!r}")
    text = json.dumps(document, indent=1, ensure_ascii=False)
    (HERE / "goldens.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
