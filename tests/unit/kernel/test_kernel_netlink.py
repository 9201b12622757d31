"""Framing: lengths, signs and sequence numbers of what arrives."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import KernelAnswerError
from harness.kernel.netlink import AuditMarshal
from tests.fakes.fake_kernel import HEADER, message


def acknowledgement(error: int, sequence: int = 1) -> bytes:
    return message(2, struct.pack("=i", error) + bytes(16), sequence)


@pytest.mark.parametrize("error", [0, -1, -105, 1, 57, 105, 2**31 - 1, -(2**31)])
def test_the_error_of_an_acknowledgement_keeps_its_sign(error: int) -> None:
    [answer] = AuditMarshal().parse(acknowledgement(error))
    assert answer["error"] == error
    assert answer["header"]["sequence_number"] == 1


def test_a_refused_request_sent_back_in_full_is_not_taken_for_attributes() -> None:
    # without NETLINK_CAP_ACK the error carries the whole request, a rule of over 1 KiB
    request = HEADER.pack(16 + 1044, 1011, 5, 9, 0) + b"\xff" * 1044
    [answer] = AuditMarshal().parse(message(2, struct.pack("=i", -17) + request, 9))
    assert answer["error"] == -17


def test_an_answer_ends_where_its_length_says() -> None:
    first, second = message(1013, b"abcde", 4), message(3, b"", 4)
    found = list(AuditMarshal().parse(first + bytes(3) + second))
    assert [answer["payload"] for answer in found] == [b"abcde", b""]


@pytest.mark.parametrize("kind", [1006, 1300, 1305, 2999])
def test_a_record_ends_where_the_datagram_does(kind: int) -> None:
    # unicast audit records carry a length without the header (kernel/audit.c)
    text = b"audit(1.000:1): op=set"
    [record] = AuditMarshal().parse(HEADER.pack(len(text), kind, 0, 0, 0) + text)
    assert record["payload"] == text


@pytest.mark.parametrize(
    "data",
    [
        b"x",
        bytes(15),
        HEADER.pack(8, 1000, 0, 1, 0),  # shorter than its own header
        HEADER.pack(60, 1000, 0, 1, 0),  # longer than what came
        message(1000, b"1234", 1) + b"torn",
        message(2, b"", 1),  # an acknowledgement without a number
    ],
)
def test_what_is_not_netlink_is_a_one_line_error(data: bytes) -> None:
    with pytest.raises(KernelAnswerError, match="not understood"):
        list(AuditMarshal().parse(data))


@given(st.binary(max_size=200))
def test_no_bytes_whatever_end_in_another_error(data: bytes) -> None:
    with contextlib.suppress(KernelAnswerError):
        list(AuditMarshal().parse(data))
