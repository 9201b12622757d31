"""Status and features of kernels old and new."""

from __future__ import annotations

import struct

import pytest

from harness.errors import KernelAnswerError
from harness.kernel.status import AuditFeatures, AuditStatus


def words(count: int) -> bytes:
    return struct.pack(f"={count}I", *range(100, 100 + count))


def test_a_current_status_has_all_eleven_fields() -> None:
    status = AuditStatus.from_bytes(words(11))
    assert status == AuditStatus(100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110)


@pytest.mark.parametrize(
    ("count", "bitmap", "wait", "actual"),
    [(8, 0, None, None), (9, 108, None, None), (10, 108, 109, None), (11, 108, 109, 110)],
)
def test_fields_an_older_kernel_lacks_are_none(
    count: int, bitmap: int, wait: int | None, actual: int | None
) -> None:
    status = AuditStatus.from_bytes(words(count))
    assert status.backlog == 107
    assert status.feature_bitmap == bitmap
    assert status.backlog_wait_time == wait
    assert status.backlog_wait_time_actual == actual


def test_fields_a_newer_kernel_adds_are_ignored() -> None:
    assert AuditStatus.from_bytes(words(14)) == AuditStatus.from_bytes(words(11))


@pytest.mark.parametrize("size", [0, 4, 31, 33, 43])
def test_a_status_of_no_kernel_is_an_error(size: int) -> None:
    with pytest.raises(KernelAnswerError, match=f"has {size} bytes"):
        AuditStatus.from_bytes(bytes(size))


def test_settings_leave_out_what_the_kernel_lacks() -> None:
    assert "backlog_wait_time" not in AuditStatus.from_bytes(words(8)).settings()
    assert AuditStatus.from_bytes(words(10)).settings() == {
        "enabled": 101,
        "failure": 102,
        "rate_limit": 104,
        "backlog_limit": 105,
        "backlog_wait_time": 109,
    }


def test_features_tell_state_and_lock_by_name() -> None:
    features = AuditFeatures.from_bytes(struct.pack("=4I", 1, 3, 0b10, 0b10))
    assert features.names() == {"only_unset_loginuid": "off", "loginuid_immutable": "on (locked)"}


def test_short_features_are_an_error() -> None:
    with pytest.raises(KernelAnswerError, match="12 bytes"):
        AuditFeatures.from_bytes(bytes(12))
