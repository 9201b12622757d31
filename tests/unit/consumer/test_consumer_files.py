"""What is written: lines of audit.log, and capture files."""

from __future__ import annotations

import errno
import struct
from pathlib import Path

import pytest

from consumer.output.capture import CaptureWriter
from consumer.output.outfile import OutFile
from consumer.output.store import LineStore
from consumer.receiving.parse import feed_frames, frame, split_capture
from consumer.receiving.pipeline import Pipeline
from tests.support.records.audit_records import Maker, datagram, datagrams, frames, head
from tests.support.records.parsed_records import parse_buffer


def stored(path: Path, stream: list[bytes]) -> bytes:
    store = LineStore(str(path))
    pipeline = Pipeline("store", store=store)
    feed_frames(pipeline, frames(stream))
    store.out.flush()
    assert store.out.written == path.stat().st_size
    return path.read_bytes()


def test_lines_are_those_of_audit_log(tmp_path: Path) -> None:
    maker = Maker(5)
    lines = stored(tmp_path / "log", datagrams(maker.connect())).decode().splitlines()
    assert [line.split(" msg=")[0] for line in lines] == [
        "type=SYSCALL",
        "type=SOCKADDR",
        "type=PROCTITLE",
    ]
    assert lines[1] == f"type=SOCKADDR msg={head(5)}saddr=02002BCB7F0000010000000000000000"


def test_line_feeds_and_trailing_spaces(tmp_path: Path) -> None:
    stream = [
        datagram(1111, b"audit(1.000:1): msg='a\nb\n'"),
        datagram(1305, b"audit(1.000:2): op=x "),
        datagram(1299, b"audit(1.000:3): "),
        datagram(4096, b"audit(1.000:4): no type has such a number"),
    ]
    assert stored(tmp_path / "log", stream) == (
        b"type=USYS_CONFIG msg=audit(1.000:1): msg='a b '\n"
        b"type=CONFIG_CHANGE msg=audit(1.000:2): op=x\n"
        b"type=UNKNOWN[1299] msg=audit(1.000:3):\n"
    )


def test_many_lines(tmp_path: Path) -> None:
    stream = [one for serial in range(5000) for one in datagrams(Maker(serial).execve())]
    lines = stored(tmp_path / "log", stream).splitlines()
    assert len(lines) == 6 * 5000
    assert all(line.startswith(b"type=") for line in lines)


def test_a_capture_reads_back(tmp_path: Path) -> None:
    capture = CaptureWriter(str(tmp_path / "cap"), {"kernel": "1.2"})
    pipeline = Pipeline("count", capture=capture)
    stream = [*datagrams(Maker(5).connect()), b"\x24\0\0\0\2\0" + bytes(30)]
    feed_frames(pipeline, frames(stream))
    capture.out.flush()
    metadata, found = split_capture((tmp_path / "cap").read_bytes())
    assert metadata == {"kernel": "1.2"}
    assert bytes(found) == b"".join(frame(*record) for record in Maker(5).connect())
    assert struct.unpack_from("<IQI", found) == (len(stream[0]), 0, len(stream[0]))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "AUDITCAP"),
        (b"NOTACAPTUREFILE!", "AUDITCAP"),
        (b"AUDITCAP" + struct.pack("<II", 2, 0), "version 2"),
        (b"AUDITCAP" + struct.pack("<II", 1, 99), "within its header"),
    ],
)
def test_what_is_no_capture(content: bytes, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        split_capture(content)


@pytest.mark.parametrize("cut", [1, 11, 12, 13, 100])
def test_a_cut_capture_is_told(cut: int) -> None:
    data = frame(*Maker(5).syscall(1))
    with pytest.raises(ValueError, match="cut off"):
        parse_buffer(data[:cut], "assemble")


def test_long_datagrams_are_cut() -> None:
    counters = parse_buffer(frame(1300, head(1).encode() + b"x" * 20000), "decode")
    assert (counters["truncated"], counters["bytes"]) == (1, 16384)


def test_a_full_disk_is_remembered() -> None:
    out = OutFile("/dev/full")
    out.write(b"x" * 100)
    out.flush()
    assert (out.error, out.written) == (errno.ENOSPC, 0)
    out.write(b"x" * (1 << 20))
    with pytest.raises(ValueError, match="1 MiB"):
        out.write(b"x" * ((1 << 20) + 1))


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        LineStore(str(tmp_path / "no" / "log"))
