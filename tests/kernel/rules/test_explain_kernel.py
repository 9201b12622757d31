"""`auditbench rules explain` against the kernel's own events, and its forecast against both."""

from __future__ import annotations

import contextlib
import json
import shlex
import socket
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from consumer.text.names import type_name
from harness.kernel.client import AuditClient
from harness.kernel.rules.explain.records import Event, read_events
from harness.kernel.rules.file import load_rule_file
from harness.kernel.rules.libaudit import syscall_number
from harness.kernel.rules.text import parse_rule
from tests.kernel.conftest import enabled
from tests.support.patience import PATIENCE_S
from tests.support.programs import needs

pytestmark = [pytest.mark.kernel, needs("strace")]

LOGIN = 4242
"""A login uid gives the session of the test, which all of its rules are for."""
SESSION = f"""
import os, subprocess, sys
os.chdir(sys.argv[1])
with open("/proc/self/loginuid", "w") as file:
    file.write("{LOGIN}")
print(open("/proc/self/sessionid").read(), flush=True)
for line in sys.stdin:
    done = subprocess.run(["/bin/sh", "-c", line], stdin=subprocess.DEVNULL)
    print(done.returncode, flush=True)
"""
PROGRAM = """
import os, socket, subprocess
def make(name):
    open(name, "w").close()
for name in ("watched", "a", "plain", "owned", "nokey", "tree/inside"):
    make(name)
os.rename("a", "b")
os.chmod("plain", 0o600)
os.chmod("plain", 0o640)
open("tree/inside").read()
os.mkdir("tree/folder")
os.rmdir("tree/folder")
try:
    open("missing")
except OSError:
    pass
os.chown("owned", 65534, 65534)
os.truncate("owned", 0)
os.chown("owned", 0, 0)
socket.socket(socket.AF_UNIX).close()
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.connect(("127.0.0.1", 9))
if not os.path.lexists("link"):
    os.symlink("plain", "link")
os.chmod("link", 0o644)
os.truncate("plain", 0)
subprocess.run(["/bin/true"])
for name in ("watched", "b", "owned", "nokey", "tree/inside"):
    os.unlink(name)
"""
B64 = "-a always,exit -F arch=b64"


def never_matching(line: str) -> tuple[str, ...]:
    """The line, unless this libaudit adds to its calls those that belong to the access."""
    rule = parse_rule(line.split()).rule
    assert rule is not None
    return () if rule.names_syscall(syscall_number("openat", "x86_64")) else (line,)


RULES = (
    "-a never,exit -F arch=b64 -S chmod,fchmodat -F a1=0600",
    f"{B64} -S openat -F exit=-ENOENT -F a2&0100000 -k no-such",
    f"{B64} -S openat -F exit=-ENOENT -F path=/etc/passwd -k never-seen",
    f"{B64} -S openat -F exit=-ENOENT -F success=0 -F a2=0x80000 -k missing",
    "-a always,exit -F path=@/b -F perm=wa -k two-b",
    "-a always,exit -F path=@/a -F perm=wa -k two-a",
    "-a always,exit -F path=@/watched -F perm=wa -k watched",
    f"{B64} -S openat -F dir=@/tree -F perm=r -k tree-read",
    "-a always,exit -F dir=@/tree -F perm=wa -k tree",
    f"{B64} -S socket -F a0=1 -k unix",
    f"{B64} -S connect -F saddr_fam=2 -k inet",
    f"{B64} -S truncate -F obj_uid=65534 -k owner",
    f"{B64} -S chown -C uid!=obj_uid -k compared",
    "-a always,exit -F path=@/plain -F perm=a -k attributes",
    "-a always,exit -F path=@/nokey -F perm=wa",
    f"{B64} -S unlink -k unlinked",
    f"{B64} -S execve -F exe=/bin/true -k by-program",
    f"{B64} -S execve -k executed",
    f"{B64} -S mkdir -F gid!=0 -k by-group",
    *never_matching(f"{B64} -S renameat2 -F perm=w -k never-seen-either"),
)
END = "-a always,exit -F path=@/end -F perm=w -k the-end"
WITH_EVENTS = {
    *("missing", "two-b", "two-a", "watched", "tree-read", "tree", "unix", "inet", "owner"),
    *("compared", "attributes", "unlinked", "by-program", "executed"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "work/tree").mkdir(parents=True)
    (tmp_path / "program.py").write_text(PROGRAM)
    return tmp_path / "work"


class Session:
    """A process with a login of its own, in which commands are run."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert process.stdout is not None
        self.number = int(process.stdout.readline())

    def run(self, command: str) -> int:
        """Run one line of the shell to its end; its exit status."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


@pytest.fixture
def session(folder: Path) -> Iterator[Session]:
    with subprocess.Popen(
        [sys.executable, "-c", SESSION, str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        yield Session(process)


def rules_file(folder: Path, session: Session) -> Path:
    lines = [line.replace("@", str(folder)) for line in (*RULES, END)]
    scope = f" -F sessionid={session.number}"
    path = folder.parent / "scoped.rules"
    path.write_text("".join(f"{line}{scope}\n" for line in lines))
    return path


def arrived(reader: socket.socket, client: AuditClient) -> bytes:
    """The next datagram; a failure once none is on its way any more."""
    lost_before = client.status().lost
    while True:
        try:
            return reader.recv(1 << 16)
        except TimeoutError:
            status = client.status()
            with contextlib.suppress(BlockingIOError, TimeoutError):
                return reader.recv(1 << 16, socket.MSG_DONTWAIT)
            assert status.backlog, f"no record ends the last event: {status}, {lost_before=}"


def records_of(reader: socket.socket, client: AuditClient) -> Iterator[tuple[int, bytes]]:
    """Records until the one that ends the event of the last rule, which has been written."""
    last: bytes | None = None
    while True:
        datagram = arrived(reader, client)
        (kind,) = struct.unpack_from("=H", datagram, 4)
        text = datagram[16:].rstrip(b"\0\n")
        identity = text.partition(b")")[0]
        if kind == 1300 and b'key="the-end"' in text:
            last = identity
        if kind == 1320 and identity == last:
            return
        if last is None or identity != last:
            yield kind, text


def recorded(
    client: AuditClient, session: Session, rules: Path, command: str
) -> tuple[tuple[Event, ...], list[bytes]]:
    """The events that the kernel writes for a command under these rules, and their lines."""
    loaded = load_rule_file(rules)
    payloads = [rule.to_bytes() for rule in loaded.rules]
    with enabled(client) as reader:
        reader.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
        reader.settimeout(5)
        try:
            for payload in payloads:
                client.add_rule(payload)
            assert session.run(f"{command}; : > {rules.parent}/work/end") == 0
            lines = [
                b"type=%s msg=%s" % (type_name(kind).encode(), text)
                for kind, text in records_of(reader, client)
            ]
        finally:
            for payload in client.list_rules():
                client.delete_rule(payload)
    events = read_events(b"\n".join(lines), "the kernel", elsewhere=False).events
    return tuple(event for event in events if _is_of(session, event)), lines


def _is_of(session: Session, event: Event) -> bool:
    """Whether an event is of the session: the kernel writes others, for the rules themselves."""
    return event.seen is not None and event.seen.call.known["sessionid"] == session.number


def explained(*words: object, feed: bytes, code: int = 0) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "harness", "rules", "explain", "--json", *map(str, words)],
        input=feed, capture_output=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr.decode()
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_events_and_calls_are_explained_as_the_kernel_decided(
    empty: AuditClient, session: Session, folder: Path, tmp_path: Path
) -> None:
    rules = rules_file(folder, session)
    command = f"{shlex.quote(sys.executable)} -S -E {tmp_path}/program.py"
    assert session.run(command) == 0  # what is compiled, cached or made is there now
    events, lines = recorded(empty, session, rules, command)
    written = Counter(event.key.decode() for event in events if event.key)
    assert written.keys() == WITH_EVENTS

    document = explained(rules, feed=b"\n".join(lines))
    by_event = {each["event"]: each for each in document["events"]}
    nokey = RULES.index("-a always,exit -F path=@/nokey -F perm=wa") + 1
    keyless = [event for event in events if event.key is None]
    assert keyless
    for event in events:
        writer = by_event[event.name]["writer"]
        assert writer is not None, by_event[event.name]["sentence"]
        if writer["line"] != nokey:
            assert writer["key"] == (event.key or b"").decode()
    assert {by_event[event.name]["writer"]["line"] for event in keyless} == {nokey}

    output = tmp_path / "forecast.json"
    harness = f"{shlex.quote(sys.executable)} -P -m harness rules explain"
    again = f"/bin/sh -c {shlex.quote(f'{command}; :')}"
    session.run(f"{harness} {rules} --json -- {again} > {output} 2> {output}.errors")
    forecast = json.loads(output.read_text())["command"]
    untold = {rule["line"] for each in forecast["open"] for rule in each["candidates"] if rule}
    assert untold == {line_of("owner"), line_of("compared")}  # strace shows no owners
    foreseen = {
        rule["line"]: sum(each["count"] for each in rule["calls"])
        for rule in forecast["rules"]
        if rule["records"]
    }
    by_line = Counter(by_event[event.name]["writer"]["line"] for event in events)
    assert foreseen == {line: count for line, count in by_line.items() if line not in untold}


def line_of(key: str) -> int:
    """The line of the rule with this key."""
    return next(at for at, rule in enumerate(RULES, start=1) if rule.endswith(f"-k {key}"))
