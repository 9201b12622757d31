"""Captures in memory: what is sent of them, against a reader in plain Python."""

from __future__ import annotations

import gzip
import io
import re
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workloads.parts.capture import MOST_BYTES, LoadedCapture, read_capture, unpacked

FIRST = 1_000_000_000
SPACE = 2**32 - FIRST
SERIAL = re.compile(rb"(audit\([0-9.]*:)([0-9]{1,10})(\))")


def datagram(text: bytes, kind: int = 1300) -> bytes:
    return struct.pack("=IHHII", 16 + len(text), kind, 0, 0, 0) + text


def capture(datagrams: list[bytes], metadata: bytes = b"{}", version: int = 1) -> bytes:
    head = b"AUDITCAP" + struct.pack("<II", version, len(metadata)) + metadata
    return head + b"".join(struct.pack("<IQ", len(one), 7) + one for one in datagrams)


def expected(datagrams: list[bytes], round_number: int) -> list[bytes]:
    """The twin: every serial becomes ten digits, the distances stay, rounds do not overlap."""
    found = [SERIAL.match(one, 16) for one in datagrams]
    serials = [int(match[2]) for match in found if match]
    lowest, span = min(serials, default=0), max(serials, default=0) - min(serials, default=0) + 1
    sent = []
    for one, match in zip(datagrams, found, strict=True):
        if match is None:
            sent.append(one)
            continue
        counted = int(match[2]) - lowest + round_number * span
        digits = b"%d" % (FIRST + counted % SPACE)
        grown = struct.unpack_from("=I", one)[0] + len(digits) - len(match[2])
        text = match[1] + digits + match[3] + one[match.end() :]
        sent.append(struct.pack("=I", grown) + one[4:16] + text)
    return sent


serials = st.integers(0, 2**32 - 1) | st.integers(0, 2000)
ODDITIES = (
    b"",
    b"audit(",
    b"audit(1.2",
    b"audit(1.2:",
    b"audit(1.2:3",
    b"audit(1.2:x): a",
    b"audit(1.2:): a",
    b"audit(1.2:12345678901): a",
    b"AUDIT(1.2:3): a",
)


def record(serial: int, rest: bytes = b"x") -> bytes:
    return b"audit(1700000000.123:%d): %s" % (serial, rest)


texts = st.one_of(
    st.builds(record, serials, st.binary(max_size=40)),
    st.sampled_from(ODDITIES),
    st.binary(max_size=40),
)


@given(st.lists(texts, min_size=1, max_size=20), st.integers(0, 3))
def test_sends_what_the_twin_sends(records: list[bytes], round_number: int) -> None:
    datagrams = [datagram(text) for text in records]
    loaded = LoadedCapture(capture(datagrams))
    assert loaded.records == len(datagrams)
    sent = [loaded.sendable(index, round_number) for index in range(loaded.records)]
    assert sent == expected(datagrams, round_number)


def test_rounds_never_repeat_a_serial() -> None:
    loaded = LoadedCapture(
        capture([datagram(b"audit(1.000:%d): x" % serial) for serial in (99, 7, 1050)])
    )
    seen = [loaded.sendable(index, turn) for turn in range(50) for index in range(loaded.records)]
    assert len(set(seen)) == len(seen)
    assert loaded.serials == 1050 - 7 + 1


def test_records_of_one_event_keep_one_serial() -> None:
    loaded = LoadedCapture(
        capture([datagram(b"audit(1.000:5): a"), datagram(b"audit(1.000:5): b")])
    )
    assert loaded.sendable(0)[16:-1] == loaded.sendable(1)[16:-1] == b"audit(1.000:1000000000): "


def test_serials_start_again_after_the_highest() -> None:
    datagrams = [datagram(record(0)), datagram(record(999))]
    loaded = LoadedCapture(capture(datagrams))
    last_whole_round = SPACE // 1000 - 1
    assert loaded.sendable(0, last_whole_round) == expected(datagrams, last_whole_round)[0]
    assert b":1000000703)" in loaded.sendable(1, last_whole_round + 1)  # SPACE ends in 296


def test_gzip_is_unpacked_whatever_its_name() -> None:
    plain = capture([datagram(b"audit(1.000:5): a")])
    assert LoadedCapture(gzip.compress(plain)).sendable(0) == LoadedCapture(plain).sendable(0)
    half = len(plain) // 2
    two_members = gzip.compress(plain[:half]) + gzip.compress(plain[half:])
    assert LoadedCapture(two_members).records == 1


GOOD = capture([datagram(b"audit(1.000:5): a"), datagram(b"audit(1.000:6): b")])


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "does not begin with AUDITCAP"),
        (b"AUDITCAPx", "does not begin with AUDITCAP"),
        (b"type=SYSCALL msg=audit(1.0:1): a", "does not begin with AUDITCAP"),
        (capture([], version=2), "version 2"),
        (b"AUDITCAP" + struct.pack("<II", 1, 50) + b"{}", "middle of its metadata"),
        (b"AUDITCAP" + struct.pack("<II", 1, 2**32 - 1) + b"{}", "middle of its metadata"),
        (capture([]), "no records"),
        (GOOD[:-1], "middle of record 2"),
        (GOOD + b"\x01", "middle of record 3"),
        (capture([b"short"]), "record 1 is said to have 5 bytes"),
        (GOOD + struct.pack("<IQ", 2**32 - 1, 0), "record 3 is said to have 4294967295 bytes"),
        (gzip.compress(GOOD, mtime=0)[:-9], "ends too early"),
        (gzip.compress(GOOD, mtime=0)[:12] + b"xxxxxxxxxxxxxxxx", "damaged gzip"),
        (gzip.compress(GOOD, mtime=0) + b"trailing", "damaged gzip"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(data: bytes, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        LoadedCapture(data)


@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda tail: GOOD + tail))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        loaded = LoadedCapture(data)
    except ValueError:
        return
    for index in range(loaded.records):
        loaded.sendable(index, 3)


def test_only_records_that_are_there() -> None:
    loaded = LoadedCapture(GOOD)
    for index in (-1, 2):
        with pytest.raises(IndexError):
            loaded.sendable(index)


def test_a_bomb_is_unpacked_no_further_than_the_bound() -> None:
    packed = gzip.compress(capture([]) + bytes(64 << 20))
    with pytest.raises(ValueError, match="larger than 2 MiB"):
        unpacked(packed, 2 << 20)


def test_a_bomb_of_zeros_is_no_capture() -> None:
    with pytest.raises(ValueError, match="no capture"):
        unpacked(gzip.compress(bytes(64 << 20)))


def test_what_never_ends_is_read_no_further_than_the_bound() -> None:
    with Path("/dev/zero").open("rb") as endless, pytest.raises(ValueError, match="no capture"):
        read_capture(endless)

    class Endless(io.RawIOBase):
        """Begins like a capture, and asks for the sizes that were read."""

        asked = 0

        def read(self, size: int = -1) -> bytes:
            assert 0 <= size <= MOST_BYTES + 1
            self.asked += 1
            return b"AUDITCAP"[:size] if self.asked == 1 else bytes(size)

    with pytest.raises(ValueError, match="larger than 1 MiB"):
        read_capture(Endless(), 1 << 20)


@pytest.mark.parametrize("members", [1, 2])
def test_members_follow_each_other(members: int) -> None:
    whole = capture([datagram(b"audit(1.000:1): x")] * 3)
    middle = len(whole) // members
    packed = gzip.compress(whole[:middle]) + (gzip.compress(whole[middle:]) if members > 1 else b"")
    assert unpacked(packed) == whole
    with pytest.raises(ValueError, match="ends too early"):
        unpacked(packed[:-5])
