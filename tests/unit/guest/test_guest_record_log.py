"""What is read from a record of a call."""

from __future__ import annotations

import pytest

from harness.guest.inside.record_log import CallRecord, read_call

CALL = (
    b"audit(1767225630.123:42): arch=c000003e syscall=257 success=yes exit=3 a0=ffffff9c a1=4000 "
    b"a2=0 a3=0 items=1 ppid=1 pid=77 auid=1000 uid=0 gid=0 euid=0 tty=(none) ses=5 "
    b'comm="in-operation" exe="/usr/bin/python3.11" subj=unconfined key="auditbench-12"\0'
)
RING = (
    b"audit(1767225630.124:43): uring_op=18 success=yes exit=5 items=1 ppid=1 pid=78 uid=0 gid=0 "
    b"euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 subj=unconfined key=(null)"
)


def test_a_system_call() -> None:
    found = read_call(CALL)
    assert found == CallRecord(0xC000003E, 257, 77, "in-operation", "auditbench-12")


def test_an_operation_of_io_uring_has_no_architecture_and_may_have_no_key() -> None:
    assert read_call(RING) == CallRecord(None, 18, 78, "", None)


def test_a_record_without_process_is_refused() -> None:
    with pytest.raises(ValueError, match="without number or process"):
        read_call(CALL.replace(b" pid=77", b""))
