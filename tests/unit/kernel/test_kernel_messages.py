"""Payloads, byte for byte."""

from __future__ import annotations

import struct
import sys

import pytest

from harness.kernel import messages
from harness.kernel.rules.describe import describe_bytes, describe_rule
from tests.fakes.fake_kernel import rule


@pytest.mark.parametrize(
    ("field", "bit", "offset"),
    [
        ("enabled", 0x01, 4),
        ("failure", 0x02, 8),
        ("pid", 0x04, 12),
        ("rate_limit", 0x08, 16),
        ("backlog_limit", 0x10, 20),
        ("backlog_wait_time", 0x20, 36),
    ],
)
def test_a_status_payload_sets_one_bit_and_one_word(field: str, bit: int, offset: int) -> None:
    payload = messages.status_payload(field, 0x01020304)
    expected = bytearray(44)
    struct.pack_into("=I", expected, 0, bit)
    struct.pack_into("=I", expected, offset, 0x01020304)
    assert payload == bytes(expected)


def test_the_prepend_flag_is_set_and_cleared_without_touching_the_rest() -> None:
    plain = rule(7, filter_list=5, strings=b"key")
    head = messages.with_prepend(plain, True)
    assert head[0] == 0x15
    assert head[1:] == plain[1:]
    assert messages.rule_list(head) == messages.rule_list(plain) == 5
    assert messages.rule_is_prepended(head)
    assert not messages.rule_is_prepended(plain)
    assert messages.with_prepend(head, False) == plain


def test_a_rule_is_described_by_list_and_strings() -> None:
    assert "list exit with '/etc/passwd'" in describe_bytes(rule(1, strings=b"/etc/passwd"))


def test_a_rule_is_described_as_auditctl_writes_it() -> None:
    assert describe_rule(bytes([0x15]) + rule(77, filter_list=1)[1:]).endswith("pid=77`")


@pytest.mark.parametrize("missing", ["harness.kernel.rules.rule", "harness.kernel.rules.format"])
def test_without_rule_text_the_bytes_must_do(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    assert describe_rule(rule(77)).startswith("rule on list exit")


@pytest.mark.parametrize("payload", [b"", b"\x01", b"\xff" * 1041])
def test_describing_a_broken_rule_does_not_fail(payload: bytes) -> None:
    assert describe_rule(payload).startswith("rule o")
