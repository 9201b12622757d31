"""The consumer on the live kernel: every event of a session, exactly, in both modes.

The rules match one loginuid only, so nobody else's calls are recorded.
"""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from consumer.receiving.parse import split_capture
from harness.kernel.client import AuditClient
from harness.kernel.rules.text import parse_rule
from tests.support.patience import PATIENCE_S
from tests.support.records.audit_consumer import ConsumerProcess
from tests.support.records.parsed_records import parse_buffer

pytestmark = pytest.mark.kernel

LOGINUID = 424242
DEEDS = Path(__file__).parents[2] / "golden" / "records" / "deeds.py"
CONNECTS = """
import socket, sys
open("/proc/self/loginuid", "w").write(sys.argv[1])
print(open("/proc/self/sessionid").read(), flush=True)
sys.stdin.readline()
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for _ in range(int(sys.argv[2])):
    s.connect(("127.0.0.1", 9))
"""


@pytest.fixture
def audited(audit_host: AuditClient) -> Iterator[AuditClient]:
    """Audit enabled with room for a burst; as before afterwards."""
    before = audit_host.status().settings()
    audit_host.set_status("failure", 0)
    audit_host.set_status("backlog_limit", 16384)
    audit_host.set_status("enabled", 1)
    try:
        yield audit_host
    finally:
        for name in ("enabled", "backlog_limit", "failure"):
            audit_host.set_status(name, before[name])


@contextmanager
def rule(client: AuditClient, *calls: str) -> Iterator[None]:
    """Records these calls of LOGINUID while it lasts."""
    words = ["-a", "always,exit", "-F", "arch=b64", "-S", ",".join(calls)]
    parsed = parse_rule([*words, "-F", f"auid={LOGINUID}"]).rule
    assert parsed is not None
    client.add_rule(parsed.to_bytes())
    try:
        yield
    finally:
        client.delete_rule(parsed.to_bytes())


class Worker:
    """A process of LOGINUID that connects `count` times once it is told to."""

    def __init__(self, count: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", CONNECTS, str(LOGINUID), str(count)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        self.session = self.process.stdout.readline().strip()

    def work(self) -> None:
        """Let it connect, and wait for its end."""
        self.process.communicate("go\n", timeout=PATIENCE_S)
        assert self.process.returncode == 0


def close(client: AuditClient, consumer: ConsumerProcess) -> dict[str, Any]:
    """Send a marker behind everything until it comes through, and stop."""
    for _ in range(50):
        client.send_user_message("consumer-test:1")
        with suppress(TimeoutError):
            assert consumer.line(timeout_s=0.4) == {"event": "marker", "k": 1}
            return consumer.stop()
    raise AssertionError("no marker came through")


def drained(client: AuditClient) -> None:
    """Wait until the kernel's thread, which others may keep from running, has sent all there is."""
    deadline = time.monotonic() + PATIENCE_S
    while client.status().backlog:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("mode", ["unicast", "multicast"])
@pytest.mark.parametrize("depth", ["assemble", "store"])
def test_every_connect_is_one_complete_event(
    mode: str, depth: str, audited: AuditClient, tmp_path: Path
) -> None:
    count = 20_000
    store = ["--store", str(tmp_path / "log")] if depth == "store" else []
    with ConsumerProcess(
        "--mode", mode, "--depth", depth, "--marker", "consumer-test", *store
    ) as consumer:
        ready = consumer.event("ready")
        assert audited.status().pid == (ready["pid"] if mode == "unicast" else 0)
        worker = Worker(count)
        with rule(audited, "connect"):
            worker.work()
            result = close(audited, consumer)
    group = result["sessions"][worker.session]
    assert group["by_syscall"]["42"] == {"complete": count, "partial": 0, "records": 4 * count}
    assert group["partial"] == group["missing_records"] == 0
    assert result["socket_drops"] == result["malformed"] == result["truncated"] == 0
    assert audited.status().pid == 0
    if depth == "store":
        lines = (tmp_path / "log").read_bytes().count(f"ses={worker.session} ".encode())
        assert lines >= count


@pytest.mark.parametrize("depth", ["discard", "count", "decode"])
def test_shallow_depths_see_the_marker(depth: str, audited: AuditClient) -> None:
    with ConsumerProcess(
        "--mode", "unicast", "--depth", depth, "--marker", "consumer-test"
    ) as consumer:
        consumer.event("ready")
        worker = Worker(1000)
        with rule(audited, "connect"):
            worker.work()
            result = close(audited, consumer)
    assert set(result["markers"]) == {1}
    by_type = result["records_by_type"]
    if depth == "discard":
        assert set(by_type) <= {str(number) for number in range(1100, 1200)}
    else:
        assert by_type["1306"] >= 1000
    assert (result["serials"] is not None) == (depth == "decode")


def test_every_event_of_many_sorts_is_complete(audited: AuditClient, tmp_path: Path) -> None:
    """All system calls of a process that makes many kinds of them, and of its children."""
    capture = tmp_path / "capture"
    with ConsumerProcess(
        "--mode", "unicast", "--marker", "consumer-test", "--capture", str(capture)
    ) as consumer:
        consumer.event("ready")
        with rule(audited, "all"):
            done = subprocess.run(
                [sys.executable, str(DEEDS), str(LOGINUID)],
                input="go\n",
                text=True,
                check=False,
                timeout=PATIENCE_S,
            )
            result = close(audited, consumer)
    assert done.returncode == 0
    assert result["events"]["partial"] == 0
    assert result["events"]["complete"] > 1000
    assert result["socket_drops"] == 0
    _, frames = split_capture(capture.read_bytes())
    again = parse_buffer(frames, "assemble")
    for name in ("records_by_type", "events", "sessions", "serials"):
        assert again[name] == result[name]


def test_a_second_registration_is_refused(audit_host: AuditClient) -> None:
    with ConsumerProcess("--mode", "unicast") as first:
        pid = first.event("ready")["pid"]
        with ConsumerProcess("--mode", "unicast") as second:
            error = second.event("error")
            assert error["exit_code"] == 4
            assert second.errors().splitlines() == [f"consumer: {error['message']}"]
            assert second.process.returncode == 4
        assert f"process {pid}" in error["message"]
        assert audit_host.status().pid == pid
        first.stop()
    assert audit_host.status().pid == 0


def forge(portid: int, group: int) -> None:
    """Send a record from this process, as only the kernel should."""
    text = b"audit(1.000:1): forged=1"
    datagram = struct.pack("=IHHII", 16 + len(text), 1300, 0, 0, 0) + text
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9) as forger:
        forger.sendto(datagram, (portid, group))


def test_forged_records_are_kept_from_the_registered_consumer(audit_host: AuditClient) -> None:
    with ConsumerProcess("--mode", "unicast") as consumer:
        portid = consumer.event("ready")["portid"]
        with pytest.raises(ConnectionRefusedError):
            forge(portid, 0)
        assert "1300" not in consumer.stop()["records_by_type"]


def test_forged_records_are_told_apart_in_multicast(audit_host: AuditClient) -> None:
    with ConsumerProcess("--mode", "multicast") as consumer:
        portid = consumer.event("ready")["portid"]
        forge(portid, 0)
        forge(0, 1)
        result = consumer.stop()
    assert result["malformed"] == 2
    assert "1300" not in result["records_by_type"]


def test_the_tree_of_a_process(audited: AuditClient) -> None:
    with ConsumerProcess("--mode", "multicast", "--marker", "consumer-test") as consumer:
        consumer.event("ready")
        worker, other = Worker(100), Worker(50)
        consumer.command(f"tree {worker.process.pid}")
        consumer.command("counters")
        consumer.event("counters")
        with rule(audited, "connect"):
            worker.work()
            other.work()
            result = close(audited, consumer)
    assert result["tree"]["by_syscall"]["42"]["complete"] == 100
    assert result["sessions"][other.session]["by_syscall"]["42"]["complete"] == 50


def test_a_small_buffer_loses_and_says_so(audited: AuditClient) -> None:
    """Multicast, a stopped reader, a burst beyond the buffer: the kernel drops silently."""
    count = 3000
    with ConsumerProcess(
        "--mode", "multicast", "--marker", "consumer-test", "--rcvbuf", "212992"
    ) as consumer:
        consumer.event("ready")
        worker = Worker(count)
        with rule(audited, "connect"):
            consumer.process.send_signal(19)  # SIGSTOP
            worker.work()
            drained(audited)
            consumer.process.send_signal(18)  # SIGCONT
            result = close(audited, consumer)
    received = result["sessions"][worker.session]["by_syscall"]["42"]
    assert 0 < received["complete"] < count
    assert result["socket_drops"] > 0
    assert result["serials"]["gaps"] > 0
    # An event that lost the record with its session is counted as partial among all events only.
    not_whole = count - received["complete"]
    assert result["serials"]["gaps"] + result["events"]["partial"] >= not_whole - 1
