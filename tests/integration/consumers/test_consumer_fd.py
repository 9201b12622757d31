"""The consumer as a program, fed through a socket pair: every depth, every command, every end."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from consumer.catalog import DEPTHS
from consumer.receiving.parse import split_capture
from tests.support.patience import PATIENCE_S
from tests.support.privilege import WITHOUT_CAPABILITIES, unprivileged
from tests.support.records.audit_consumer import ConsumerProcess, FedConsumer
from tests.support.records.audit_records import Maker, datagram, datagrams

MARK = ("--marker", "sync")
MODE = ("--mode", "fd", "--fd")
KINDS = ["seqpacket", "dgram", "netlink"]


def connects(count: int, session: int = 7) -> list[bytes]:
    return [
        one
        for serial in range(count)
        for one in datagrams(Maker(serial, session=session).connect())
    ]


def marker(number: int) -> bytes:
    return datagram(*Maker(1_000_000 + number).user_message(f"sync:{number}"))


def extra_arguments(depth: str, folder: Path) -> list[str]:
    return ["--store", str(folder / "log")] if depth == "store" else []


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_depth(depth: str, kind: str, tmp_path: Path) -> None:
    arguments = extra_arguments(depth, tmp_path)
    with FedConsumer("--depth", depth, *MARK, *arguments, kind=kind) as consumer:
        ready = consumer.event("ready")
        assert ready["pid"] == consumer.process.pid
        consumer.send([*connects(500), marker(3)])
        assert consumer.event("marker")["k"] == 3
        result = consumer.stop()
    assert_result(result, depth)
    if depth == "store":
        assert (tmp_path / "log").stat().st_size == result["stored_bytes"] > 0


def assert_result(result: dict[str, Any], depth: str) -> None:
    """500 connects and one marker, as that depth sees them."""
    level = DEPTHS.index(depth)
    assert (result["schema"], result["mode"], result["depth"]) == (
        "auditbench.consumer/1",
        "fd",
        depth,
    )
    assert result["markers"] == [3]
    seen = (
        {"1111": 1}
        if level == 0
        else {"1111": 1, "1300": 500, "1306": 500, "1320": 500, "1327": 500}
    )
    assert result["records_by_type"] == seen
    assert result["records"] == sum(seen.values())
    assert result["elapsed_ns"] > 0
    assert result["cpu_user_ns"] + result["cpu_system_ns"] > 0
    assert result["max_rss_bytes"] > 1 << 20
    assert (result["serials"] is None) == (level < 2)
    assert (result["events"] is None) == (result["sessions"] is None) == (level < 3)
    if level >= 3:
        assert result["events"]["complete"] == 501
        assert result["sessions"]["7"]["by_syscall"] == {
            "42": {"complete": 500, "partial": 0, "records": 2000}
        }


def test_counters_on_demand() -> None:
    with FedConsumer() as consumer:
        consumer.event("ready")
        for round_number in (1, 2):
            consumer.send(connects(10, session=round_number))
            while True:
                consumer.command("counters")
                counters = consumer.event("counters")
                if counters["records"] == 40 * round_number:
                    break
            assert counters["events"]["in_flight"] == 0
        assert consumer.stop()["events"]["duplicate_records"] == 40


def test_tree() -> None:
    with FedConsumer(*MARK) as consumer:
        consumer.event("ready")
        consumer.command("tree 300")
        consumer.command("counters")
        consumer.event("counters")
        for serial, (pid, ppid) in enumerate([(300, 1), (301, 300), (302, 9)]):
            consumer.send(datagrams(Maker(serial, pid=pid, ppid=ppid).connect()))
        assert consumer.stop()["tree"]["events"] == 2


@pytest.mark.parametrize("command", ["", "nonsense", "tree", "tree x", "tree 99999999", "stop now"])
def test_a_command_that_is_none(command: str) -> None:
    with FedConsumer() as consumer:
        consumer.event("ready")
        consumer.command(command)
        assert consumer.event("unknown")["command"] == command
        consumer.stop()


def test_commands_are_obeyed_while_records_flow() -> None:
    with FedConsumer(*MARK) as consumer:
        consumer.event("ready")
        flow = threading.Thread(target=flood, args=(consumer.feed,))
        flow.start()
        counts = [0]
        while len(counts) < 20 or counts[-1] == 0:
            consumer.command("counters")
            counts.append(consumer.event("counters")["records"])
        assert consumer.stop()["records"] >= counts[-1]
        flow.join()


def flood(feed: socket.socket) -> None:
    data = connects(1000)
    try:
        while True:
            for one in data:
                feed.send(one)
    except OSError:
        return


def test_what_was_sent_before_the_stop_is_counted() -> None:
    with FedConsumer() as consumer:
        consumer.event("ready")
        consumer.process.send_signal(signal.SIGSTOP)
        sent = [one for one in connects(100) if try_send(consumer.feed, one)]
        consumer.command("stop")
        consumer.process.send_signal(signal.SIGCONT)
        assert consumer.result()["records"] == len(sent) > 5


def try_send(feed: socket.socket, one: bytes) -> bool:
    try:
        feed.send(one, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_stop_and_still_give_the_result(number: signal.Signals) -> None:
    with FedConsumer(*MARK) as consumer:
        consumer.event("ready")
        consumer.send([*connects(10), marker(1)])
        consumer.event("marker")
        consumer.process.send_signal(number)
        assert consumer.result()["records"] == 41


def test_a_closed_stdin_stops() -> None:
    with FedConsumer(*MARK) as consumer:
        consumer.event("ready")
        consumer.send([marker(1)])
        consumer.event("marker")
        assert consumer.process.stdin
        consumer.process.stdin.close()
        assert consumer.result()["records"] == 1


@pytest.mark.parametrize("kind", KINDS)
def test_the_end_of_the_feed_ends_it(kind: str) -> None:
    with FedConsumer(kind=kind) as consumer:
        consumer.event("ready")
        consumer.send(connects(50))
        consumer.end()
        assert consumer.result()["records"] == 200


def test_a_netlink_feed_has_the_buffer_it_asks_for() -> None:
    with FedConsumer("--rcvbuf", "300K", kind="netlink") as consumer:
        assert consumer.event("ready")["portid"] != 0
        assert consumer.stop()["rcvbuf_bytes"] == 300 << 10


def test_it_stops_by_itself() -> None:
    with FedConsumer("--duration", "0.2") as consumer:
        consumer.event("ready")
        assert 0.2e9 <= consumer.result()["elapsed_ns"] < 5e9


@pytest.mark.parametrize("limit", [1, 63, 64, 65, 200])
def test_it_stops_after_exactly_so_many_records(limit: int) -> None:
    with FedConsumer("--records", str(limit), "--batch", "16") as consumer:
        consumer.event("ready")
        feeder = threading.Thread(target=flood, args=(consumer.feed,))
        feeder.start()
        result = consumer.result()
        feeder.join()
    assert result["records"] == limit


def test_markers_that_are_none() -> None:
    texts = ["sync", "sync:", "sync:x", "other:1", "sync :1"]
    with FedConsumer(*MARK) as consumer:
        consumer.event("ready")
        for serial, text in enumerate(texts):
            consumer.send([datagram(*Maker(serial).user_message(text))])
        consumer.send([datagram(*Maker(90).user_message("sync:4", record_type=2100)), marker(5)])
        assert consumer.event("marker")["k"] == 5
        assert consumer.stop()["markers"] == [5]


def test_odd_datagrams() -> None:
    with FedConsumer(*MARK) as consumer:
        consumer.event("ready")
        consumer.send([b"short", datagram(1329, b"\1\2\3\4"), datagram(2, bytes(20))])
        consumer.send(
            [datagram(1300, b"no head"), datagram(1300, b"audit(1.000:1): " + b"x" * 20000)]
        )
        consumer.send([marker(1)])
        consumer.event("marker")
        result = consumer.stop()
    assert (result["malformed"], result["control_messages"]) == (2, 2)
    assert (result["truncated"], result["records"]) == (1, 3)


def test_a_capture_is_what_was_received(tmp_path: Path) -> None:
    path = tmp_path / "capture"
    with FedConsumer("--depth", "count", "--capture", str(path)) as consumer:
        consumer.event("ready")
        consumer.send(connects(300))
        consumer.feed.close()
        assert consumer.result()["records"] == 1200
    metadata, frames = split_capture(path.read_bytes())
    assert metadata["kernel"] == os.uname().release
    assert len(frames) == 1200 * 12 + sum(map(len, connects(300)))


def test_followed_events(tmp_path: Path) -> None:
    with FedConsumer("--follow") as consumer:
        consumer.event("ready")
        consumer.send(datagrams(Maker(5).execve()))
        event = consumer.event("audit")
        assert event["serial"] == 5
        assert event["records"][1]["argv"] == ["/bin/sh", "-c", ": :"]
        consumer.send(datagrams(Maker(6).connect())[:2])
        consumer.feed.close()
        assert consumer.event("audit")["ended"] is False
        assert consumer.result()["events"] == {
            "complete": 1,
            "partial": 1,
            "duplicate_records": 0,
            "late_records": 0,
            "evicted": 0,
            "in_flight": 1,
            "unchecked_records": 0,
        }


def run_alone(*arguments: str, fds: tuple[int, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "consumer", *arguments],
        pass_fds=fds,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )


def test_alone_it_prints_one_document() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for one in connects(1):
        ours.send(one)
    ours.close()
    done = run_alone("--mode", "fd", "--fd", str(theirs.fileno()), fds=(theirs.fileno(),))
    theirs.close()
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["events"]["complete"] == 1


@pytest.fixture
def stream_fd() -> Iterator[int]:
    ours, theirs = socket.socketpair()
    yield theirs.fileno()
    ours.close()
    theirs.close()


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--depth", "store", "--store", "/no/such/folder/log"], 2, "/no/such/folder/log"),
        (["--capture", "/"], 2, "Is a directory"),
        (["--cpu", "100000"], 4, "no CPU 100000"),
        ([], 2, "is a stream"),
    ],
)
def test_refused_in_one_line(arguments: list[str], code: int, told: str, stream_fd: int) -> None:
    done = run_alone("--mode", "fd", "--fd", str(stream_fd), *arguments, fds=(stream_fd,))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (code, "", 1)
    assert told in done.stderr


def test_a_descriptor_that_is_no_socket(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w") as file:
        done = run_alone("--mode", "fd", "--fd", str(file.fileno()), fds=(file.fileno(),))
    assert done.returncode == 2
    assert "is not a socket" in done.stderr


def test_a_full_disk_ends_it_in_one_line() -> None:
    with FedConsumer("--depth", "store", "--store", "/dev/full") as consumer:
        consumer.event("ready")
        consumer.send(connects(10))
        consumer.command("stop")
        assert consumer.event("error")["exit_code"] == 4
        assert consumer.errors().startswith("consumer: writing failed (No space left on device)")


def test_a_closed_stdout_ends_it_quietly() -> None:
    with FedConsumer() as consumer:
        consumer.event("ready")
        assert consumer.process.stdout
        consumer.process.stdout.close()
        consumer.command("counters")
        assert consumer.errors() == ""


@pytest.mark.parametrize("mode", ["unicast", "multicast"])
def test_without_capabilities_the_kernel_refuses_in_one_line(mode: str) -> None:
    done = subprocess.run(
        [*unprivileged(WITHOUT_CAPABILITIES), sys.executable, "-m", "consumer", "--mode", mode],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (4, "", 1)
    assert done.stderr.startswith("consumer: ")


def test_memory_is_constant_over_many_records() -> None:
    """Resident memory after 100,000 and after 1,100,000 records is the same."""
    with FedConsumer("--depth", "assemble", *MARK) as consumer:
        consumer.event("ready")
        data = [datagrams(Maker(serial, session=serial % 9).connect()) for serial in range(25_000)]
        sizes = []
        for round_number in range(11):
            for records in data:
                for one in records:
                    consumer.feed.send(one)
            consumer.send([marker(round_number)])
            consumer.event("marker")
            sizes.append(resident_bytes(consumer.process.pid))
        assert consumer.stop()["records"] == 1_100_011
    assert sizes[-1] - sizes[0] <= 16 * resource.getpagesize()


def resident_bytes(pid: int) -> int:
    pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    return int(pages) * resource.getpagesize()


def test_it_dies_with_its_starter() -> None:
    """The starter is killed; the kernel then tells the consumer to stop."""
    script = (
        "import subprocess, sys, time\n"
        "fd = sys.argv[1]\n"
        "p = subprocess.Popen([sys.executable, '-m', 'consumer', '--mode', 'fd', '--fd', fd,"
        " '--control'], stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=[int(fd)])\n"
        "p.stdout.readline(); print(p.pid, flush=True); time.sleep(60)\n"
    )
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    starter = subprocess.Popen(
        [sys.executable, "-c", script, str(theirs.fileno())],
        pass_fds=(theirs.fileno(),),
        stdout=subprocess.PIPE,
        text=True,
    )
    theirs.close()
    assert starter.stdout
    assert int(starter.stdout.readline()) > 0
    starter.kill()
    starter.communicate()
    ours.settimeout(10)
    assert ours.recv(1) == b"", "the consumer still holds its end of the socket"
    ours.close()


def test_protocol_process_is_a_context_manager() -> None:
    with ConsumerProcess("--mode", "nonsense") as consumer:
        assert consumer.event("error")["exit_code"] == 2
        assert consumer.errors().count("\n") == 1


def test_one_whose_parent_has_ended_before_it_began_changes_nothing() -> None:
    """Killed while it loads its modules, a harness leaves one that must not register."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    reading, writing = os.pipe()
    os.close(writing)
    with ours, theirs:
        done = subprocess.run(
            [sys.executable, "-m", "consumer", *MODE, str(theirs.fileno()), "--control"],
            stdin=reading,
            pass_fds=[theirs.fileno()],
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
    os.close(reading)
    assert done.returncode == 4
    assert json.loads(done.stdout)["message"].startswith("the program that started this one")
