"""Real auditctl on a made-up kernel: what it would send, what it would print, what it refuses.

Compiles `auditctl_shim.c` and preloads it; the kernel is never touched and no privilege needed.
$AUDITBENCH_AUDITCTL names another auditctl than the first on the path.
"""

from __future__ import annotations

import os
import re
import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.programs import compiler, program

AUDIT_ADD_RULE, AUDIT_DEL_RULE = 1011, 1012
FIXED_BYTES = 1040
_HEAD = struct.Struct("=II")
EXAMPLES = (
    Path("/usr/share/doc/auditd/examples/rules"),
    Path("/usr/share/doc/auditd/examples/audit-rules"),
    Path("/usr/share/doc/auditd/examples/rules.d"),
    Path("/usr/share/audit/sample-rules"),
    Path("/usr/share/audit-rules"),
)
"""Where Debian, Ubuntu and Fedora put the rule files that come with auditd."""


@dataclass(frozen=True)
class Answer:
    """What one run of auditctl did: exit code, what it said, and the rules it sent."""

    exit_code: int
    said: str
    requests: tuple[tuple[int, bytes], ...]

    @property
    def rules(self) -> tuple[tuple[int, bytes], ...]:
        """(AUDIT_ADD_RULE or AUDIT_DEL_RULE, payload) of every rule sent."""
        return tuple(r for r in self.requests if r[0] in (AUDIT_ADD_RULE, AUDIT_DEL_RULE))


class ShimmedAuditctl:
    """auditctl with the shim in front; `folder` is for the shim and the files it works with."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._program = auditctl_or_skip()
        self.shim = folder / "auditctl_shim.so"
        source = Path(__file__).with_name("auditctl_shim.c")
        subprocess.run(
            [compiler(), "-Wall", "-O1", "-shared", "-fPIC", "-o", self.shim, source], check=True
        )

    def run_line(self, line: bytes) -> Answer:
        """`auditctl -R` of a file with this one line."""
        rules = self._folder / "line.rules"
        rules.write_bytes(line + b"\n")
        return self.run(["-R", str(rules)])

    def run(self, arguments: Sequence[str]) -> Answer:
        """auditctl with these arguments."""
        log = self._folder / "requests"
        log.unlink(missing_ok=True)
        done = self._start(arguments, SHIM_LOG=str(log))
        content = log.read_bytes() if log.exists() else b""
        said = (done.stdout + done.stderr).decode("utf-8", "backslashreplace")
        return Answer(done.returncode, said, tuple(_requests(content)))

    def listing(self, payloads: Sequence[bytes]) -> list[bytes]:
        """The lines of `auditctl -l` for a kernel that holds these rules."""
        held = self._folder / "held"
        held.write_bytes(b"".join(struct.pack("=I", len(p)) + p for p in payloads))
        done = self._start(["-l"], SHIM_RULES=str(held))
        return done.stdout.split(b"\n")[:-1]

    @property
    def version(self) -> tuple[int, ...]:
        """auditctl's own version, like (3, 0, 9)."""
        said = self._start(["-v"]).stdout.decode()
        found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", said)
        assert found, said
        return tuple(int(number or 0) for number in found.groups())

    def _start(self, arguments: Sequence[str], **more: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [self._program, *arguments],
            env={**os.environ, **more, "LD_PRELOAD": str(self.shim), "LC_ALL": "C"},
            capture_output=True,
            stdin=subprocess.DEVNULL,
            check=False,
            timeout=30,
        )


def auditctl_or_skip() -> str:
    """The auditctl to ask; without one the test is skipped."""
    return os.environ.get("AUDITBENCH_AUDITCTL") or program("auditctl")


def packaged_files() -> list[Path]:
    """The rule files that come with auditctl; without them the test is skipped."""
    auditctl_or_skip()
    found = [file for folder in EXAMPLES for file in sorted(folder.glob("*.rules"))]
    if not found:
        pytest.skip("auditctl was installed without the rule files of its documentation")
    return found


def _requests(log: bytes) -> list[tuple[int, bytes]]:
    requests = []
    at = 0
    while at < len(log):
        number, size = _HEAD.unpack_from(log, at)
        payload = log[at + _HEAD.size : at + _HEAD.size + size]
        at += _HEAD.size + size
        if number in (AUDIT_ADD_RULE, AUDIT_DEL_RULE):
            # auditctl pads the message; the rule ends with its strings.
            (text_bytes,) = struct.unpack_from("=I", payload, FIXED_BYTES - 4)
            payload = payload[: FIXED_BYTES + text_bytes]
        requests.append((number, payload))
    return requests
