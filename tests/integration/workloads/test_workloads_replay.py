"""The replay of captures through a socket."""

from __future__ import annotations

import json
import re
import socket
import struct
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.loads import load_command, refused_load, run_load
from tests.support.patience import PATIENCE_S

RECORDS = 30


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """Ten events of three records."""
    path = tmp_path / "events.cap"
    frames = []
    for number in range(RECORDS):
        text = b"audit(1700000000.%03d:%d): a%d" % (number // 3, 95 + number // 3, number)
        datagram = struct.pack("=IHHII", 16 + len(text), 1300 + number % 3, 0, 0, 0) + text
        frames.append(struct.pack("<IQ", len(datagram), number * 1000) + datagram)
    path.write_bytes(b"AUDITCAP" + struct.pack("<II", 1, 2) + b"{}" + b"".join(frames))
    return path


class Reader:
    """Reads one end of a socket pair until the other is closed."""

    def __init__(self) -> None:
        self.ours, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.received: list[bytes] = []
        self.thread = threading.Thread(target=self._read)
        self.thread.start()

    def _read(self) -> None:
        while datagram := self.ours.recv(65536):
            self.received.append(datagram)

    def finish(self) -> list[bytes]:
        self.theirs.close()
        self.thread.join()
        self.ours.close()
        return self.received


@contextmanager
def reader() -> Iterator[Reader]:
    made = Reader()
    try:
        yield made
    finally:
        made.finish()


def replay(capture: Path, *words: object) -> tuple[dict[str, object], list[bytes]]:
    with reader() as sink:
        fd = sink.theirs.fileno()
        found = run_load("replay", "--capture", capture, "--fd", fd, *words, pass_fds=(fd,))
        return found, sink.finish()


def serials(received: list[bytes]) -> list[int]:
    found = [re.match(rb"audit\([0-9.]+:(\d+)\): ", one[16:]) for one in received]
    return [int(match[1]) for match in found if match]


def test_once_as_recorded(capture: Path) -> None:
    found, received = replay(capture)
    assert found["ops"] == len(received) == RECORDS
    assert [one[16:].rpartition(b" ")[2] for one in received] == [
        b"a%d" % number for number in range(RECORDS)
    ]
    assert [struct.unpack_from("=IH", one)[1] for one in received[:3]] == [1300, 1301, 1302]
    assert all(struct.unpack_from("=I", one)[0] == len(one) for one in received)
    assert serials(received) == [1_000_000_000 + number // 3 for number in range(RECORDS)]
    assert (found["session"], found["failures"]) == (None, 0)


@pytest.mark.parametrize("rate", [[], ["--rate", 100_000]])
def test_again_and_again_without_repeating_a_serial(capture: Path, rate: list[object]) -> None:
    found, received = replay(capture, "--ops", 3 * RECORDS + 4, *rate)
    assert found["ops"] == len(received) == 3 * RECORDS + 4
    assert serials(received) == [1_000_000_000 + number // 3 for number in range(3 * RECORDS + 4)]


def test_ends_with_a_marker(capture: Path) -> None:
    _, received = replay(capture, "--marker", "sync:7", "--ops", RECORDS + 1)
    *_, before, marker = received
    assert struct.unpack_from("=IH", marker) == (len(marker), 1111)
    text = rb"audit\(\d+\.\d{3}:\d+\): pid=\d+ uid=0 auid=0 ses=1 msg='sync:7'"
    assert re.fullmatch(text, marker[16:])
    assert serials([marker])[0] > max(serials([before]))


def test_paced(capture: Path) -> None:
    found, received = replay(capture, "--rate", 1000, "--ops", 100)
    assert len(received) == 100
    assert found["rate_per_s"] == 1000.0
    # Where the first one goes late, the others catch up.
    assert isinstance(found["elapsed_ns"], int)
    assert isinstance(found["behind_ns"], int)
    assert found["elapsed_ns"] + found["behind_ns"] >= 99_000_000


def test_a_slow_reader_holds_the_sender_back_and_loses_nothing(capture: Path) -> None:
    with reader() as sink:
        sink.theirs.setblocking(False)
        fd = sink.theirs.fileno()
        words = ["replay", "--capture", capture, "--fd", fd, "--ops", 50_000]
        assert run_load(*words, pass_fds=(fd,))["failures"] == 0
        received = sink.finish()
    assert serials(received) == [1_000_000_000 + number // 3 for number in range(50_000)]


def test_a_reader_that_goes_is_a_failure_and_the_end(capture: Path) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        fd = theirs.fileno()
        words = load_command("replay", "--capture", capture, "--fd", fd, "--ops", 10**9)
        with subprocess.Popen(words, pass_fds=(fd,), stdout=subprocess.PIPE) as process:
            ours.recv(65536)
            ours.close()
            output, _ = process.communicate(timeout=PATIENCE_S)
    found = json.loads(output)
    assert 0 < found["ops"] < 10**9
    assert found["errors"] in ({"EPIPE": 1}, {"ECONNRESET": 1})


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--fd", 0], "--capture"),
        (["--capture", "CAPTURE"], "--fd"),
        (["--capture", "CAPTURE", "--fd", 99], "descriptor 99 is not a socket"),
        (["--capture", "CAPTURE", "--fd", 1], "descriptor 1 is not a socket"),
        (["--capture", "CAPTURE", "--fd", 0, "--workers", 2], "leave --workers out"),
        (["--capture", "CAPTURE", "--fd", 0, "--marker", "a\nb"], "--marker"),
    ],
)
def test_refusals(capture: Path, words: list[object], complaint: str) -> None:
    filled = [capture if word == "CAPTURE" else word for word in words]
    code, line = refused_load("replay", *filled)
    assert code == 2
    assert complaint in line


def refused_with_socket(path: Path) -> tuple[int, str]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        fd = theirs.fileno()
        done = subprocess.run(
            load_command("replay", "--capture", path, "--fd", fd),
            pass_fds=(fd,), capture_output=True, text=True, check=False,
        )  # fmt: skip
    return done.returncode, done.stderr


def test_a_missing_capture(tmp_path: Path) -> None:
    code, line = refused_with_socket(tmp_path / "none.cap")
    assert code == 2
    assert "cannot be read" in line


def test_a_damaged_capture(tmp_path: Path, capture: Path) -> None:
    damaged = tmp_path / "damaged.cap"
    damaged.write_bytes(capture.read_bytes()[:-3])
    code, line = refused_with_socket(damaged)
    assert code == 2
    assert f"ends in the middle of record {RECORDS}" in line
    assert len(line.splitlines()) == 1
