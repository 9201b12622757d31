"""systemd-journald as it listens on most hosts: by multicast, beside whatever daemon is registered.

It runs as an instance of its own with `/run` and the journal in the folder of the trial, in a mount
namespace of its own: a journald of the host goes on undisturbed. Its audit socket is given to it,
with a buffer of 128 MiB as on a host. Whether a journald switches audit on when it starts differs
by distribution (`Audit=`); here it leaves that to the plan.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.consumers.base import ConsumerSetup, Found
from harness.consumers.foreign import activated
from harness.consumers.foreign.external import ExternalProcess
from harness.consumers.foreign.output_age import OutputAge
from harness.consumers.foreign.program import answer_of, find_program
from harness.consumers.foreign.ready import READY_TIMEOUT_S, await_listening
from harness.consumers.foreign.reassemble import Record
from harness.consumers.foreign.running import ForeignRunning
from harness.processes.line_process import ChildFailedError

FOLDERS = (Path("/usr/lib/systemd"), Path("/lib/systemd"))
REMEDY = "it is part of systemd"
CONF = """\
# Its defaults, except that it changes no state, reads audit alone and keeps everything.
[Journal]
Storage=volatile
ReadKMsg=no
Audit=
ForwardToSyslog=no
ForwardToWall=no
RuntimeMaxUse=8G
RuntimeMaxFileSize=1G
RuntimeKeepFree=64M
"""
# Where / is no mount point (after chroot(2)), /run is made private alone.
_START = """\
mount --make-rprivate / 2>/dev/null || mount --make-rprivate /run 2>/dev/null || {
    echo 'neither / nor /run is a mount point here, as after chroot: leave it, or mount /run' >&2
    exit 1
}
mount --bind "$1" /run && shift && exec "$@"
"""
_EOE_NAME = "EOE"
_TEXT = re.compile(rb"(\S+) ?(.*)", re.DOTALL)


def records_of(lines: Iterator[bytes]) -> Iterator[Record]:
    """The records of journalctl's JSON, end-of-event records left out.

    Raises ChildFailedError at a line that is not an entry of audit.
    """
    for line in lines:
        try:
            entry = json.loads(line)
            stamp, serial = int(entry["_SOURCE_REALTIME_TIMESTAMP"]), int(entry["_AUDIT_ID"])
            found = _TEXT.fullmatch(_bytes(entry["MESSAGE"]))
            number = int(entry["_AUDIT_TYPE"])
        except (ValueError, KeyError, TypeError):
            raise ChildFailedError(
                f"journalctl printed {line[:80]!r}, not an audit record"
            ) from None
        if found is None or found[1].decode("ascii", "replace") == _EOE_NAME:
            continue
        head = f"audit({stamp // 1_000_000}.{stamp // 1000 % 1000:03}:{serial}): "
        yield number, head.encode() + found[2]


def _bytes(value: object) -> bytes:
    """A field's bytes: text, or a list of numbers where it is none; null where it is too long."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    if isinstance(value, list):
        return bytes(value)
    raise TypeError


class _Journal(OutputAge):
    """The files of a journal; their newest event cannot be read from their end."""

    def look(self) -> None:
        """Note nothing: the journal is not a file of lines."""

    def size(self) -> int:
        """Bytes allocated; a journal grows by 8 MiB at a time."""
        return sum(path.stat().st_blocks * 512 for path in self.path.rglob("*.journal"))


class _Running(ForeignRunning):
    def __init__(self, process: ExternalProcess, setup: ConsumerSetup, journal: Path) -> None:
        super().__init__(process, setup, _Journal(journal), mode="multicast")
        self._journal = journal

    def document(self) -> dict[str, Any]:
        return self.judged(lambda: records_of(_entries(self._journal)))


def _entries(journal: Path) -> Iterator[bytes]:
    """What journald took from audit, a line of JSON per record, in its order."""
    fields = "_SOURCE_REALTIME_TIMESTAMP,_AUDIT_ID,_AUDIT_TYPE,MESSAGE"
    command = ["journalctl", "--directory", str(journal), "--output=json", "--all", "--quiet"]
    command += [f"--output-fields={fields}", "_TRANSPORT=audit"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield from process.stdout
    if process.returncode != 0:
        raise ChildFailedError(f"journalctl ended with {process.returncode}")


class JournaldConsumer:
    """systemd-journald by multicast."""

    name = "journald"
    summary = "systemd-journald by multicast, as its own instance with its own journal"
    sees_events = True
    registers = False
    changes = ""
    by_tree = False

    def find(self, binary: Path | None) -> Found:
        """Find its program, which is not on the PATH, and journalctl."""
        found = next((folder / "systemd-journald" for folder in FOLDERS if folder.is_dir()), None)
        there = found if binary is None and found is not None and found.is_file() else binary
        path = find_program("systemd-journald", there, remedy=REMEDY)
        code, words = answer_of([find_program("journalctl", None, remedy=REMEDY), "--version"])
        lines = words.splitlines()
        return Found(path, lines[0] if code == 0 and lines else "not told")

    def start(self, setup: ConsumerSetup) -> _Running:
        """Start it, and wait until it listens."""
        assert setup.folder is not None
        run = setup.folder.resolve() / "run"
        conf = run / "systemd" / "journald.conf.d" / "auditbench.conf"
        for folder in (conf.parent, run / "systemd" / "journal", run / "log" / "journal"):
            folder.mkdir(parents=True)
        conf.write_text(CONF, encoding="utf-8")
        words = ["unshare", "--mount", "--propagation", "unchanged", "sh", "-c", _START, "sh"]
        program = str(self.find(setup.binary).path)
        command = [*words, str(run), sys.executable, "-P", "-m", activated.__name__, program]
        process = ExternalProcess("systemd-journald", command, setup.folder, cpus=setup.cpus)
        try:
            await_listening(process)
            own = run / "systemd" / "journal" / "socket"
            process.wait_until(own.exists, READY_TIMEOUT_S, "open its own sockets")
            return _Running(process, setup, run / "log" / "journal")
        except BaseException:
            process.end()
            raise
