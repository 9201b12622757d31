"""The operations of a guest: their numbers, and how io_uring is told to do them."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from pathlib import Path

import pytest

from harness.guest.inside import covering
from harness.guest.inside.covering import MARK, Attempt, is_of
from harness.guest.inside.covering import _result as result_of
from harness.guest.inside.record_log import CallRecord
from harness.guest.operations.catalog import GROUPS, OPERATIONS
from harness.guest.operations.entries import (
    COMPAT,
    ENTRIES,
    NATIVE,
    RING,
    Identity,
    identity,
    missing,
    perform,
    prepare,
)
from harness.guest.operations.memory import SIZE, Memory
from harness.guest.operations.operation import PROGRAM, Place
from harness.guest.operations.ring import Submission, submission
from tests.support.programs import NOT_SERVED

x86_64_only = pytest.mark.skipif(
    platform.machine() != "x86_64", reason=f"guests are x86_64: {NOT_SERVED}"
)
LEAST_OPERATIONS = 100
SAFE = ("openat to write", "rename", "chmod", "connect to IPv4", "mkdirat", "fsetxattr")
"""Done here, in a folder of the test's, as they would be in a guest."""


def test_names_are_single_and_many() -> None:
    assert len(OPERATIONS) == sum(map(len, GROUPS.values()))
    assert len(OPERATIONS) >= LEAST_OPERATIONS


@x86_64_only
@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_has_a_number_by_each_entry_that_it_names(name: str) -> None:
    operation = OPERATIONS[name]
    assert (identity(operation, NATIVE) is None) == (operation.call == "")
    assert (identity(operation, COMPAT) is None) == (operation.call_32 == "")
    assert (identity(operation, RING) is None) == (not operation.ring)


@x86_64_only
def test_the_32_bit_entry_has_the_numbers_that_programs_use() -> None:
    assert identity(OPERATIONS["chown"], NATIVE) == Identity(0xC000003E, 92)
    assert identity(OPERATIONS["chown"], COMPAT) == Identity(0x40000003, 212)
    assert identity(OPERATIONS["openat to read"], RING) == Identity(None, 18)


def test_a_submission_has_each_argument_where_the_kernel_looks_for_it() -> None:
    renamed = submission("renameat2", (-100, 1, -100, 2, 0))
    assert renamed == Submission(35, fd=-100, addr=1, len=-100, off=2, flags=0)
    assert len(renamed.packed()) == 64
    assert struct.unpack_from("<BBHiQQI", renamed.packed()) == (35, 0, 0, -100, 2, 1, 2**32 - 100)
    named = submission("setxattr", (1, 2, 3, 4, 0))
    assert (named.addr3, named.addr, named.off, named.len) == (1, 2, 3, 4)


def test_memory_is_below_four_gibibytes_and_words_are_as_wide_as_pointers() -> None:
    memory = Memory(4)
    address = memory.words((memory.text("a"), -1))
    assert address < 1 << 32
    low, high = struct.unpack("<Ii", ctypes.string_at(address, 8))
    assert (ctypes.string_at(low), high) == (b"a", -1)
    with pytest.raises(MemoryError):
        memory.data(bytes(SIZE))


@x86_64_only
@pytest.mark.parametrize(
    ("name", "entry"),
    [(name, entry) for name in SAFE for entry in ENTRIES if entry != RING or OPERATIONS[name].ring],
)
def test_an_operation_does_what_it_says(name: str, entry: str, tmp_path: Path) -> None:
    operation = OPERATIONS[name]
    if entry != NATIVE and missing(entry):
        pytest.skip(f"this kernel has no {entry}")
    prepared = prepare(operation, entry, tmp_path)
    result = perform(operation, entry, prepared)
    # What only root may do is refused to others, and so it is where attributes are not kept.
    assert result >= 0 or -result in (errno.EPERM, errno.EOPNOTSUPP), os.strerror(-result)


def test_the_program_runs_and_ends(tmp_path: Path) -> None:
    place = Place(tmp_path, Memory())
    program = place.program()
    assert program.read_bytes() == PROGRAM
    if os.uname().machine == "x86_64":
        assert os.spawnv(os.P_WAIT, program, [str(program)]) == 0


def record(number: int, comm: str, arch: int | None = 0xC000003E) -> CallRecord:
    """A record of process 7."""
    return CallRecord(arch, number, 7, comm, None)


def test_only_the_call_itself_counts_and_not_what_came_before() -> None:
    attempt = Attempt("openat to read", NATIVE, Identity(0xC000003E, 257), 7, 0)
    assert is_of(record(257, MARK), attempt)
    assert not is_of(record(257, "python3"), attempt), "a call of the preparation"
    assert not is_of(record(87, MARK), attempt)
    assert not is_of(record(257, MARK, 0x40000003), attempt)


def test_a_started_program_has_its_own_name() -> None:
    attempt = Attempt("execve", NATIVE, Identity(0xC000003E, 59), 7, 0)
    assert is_of(record(59, "program"), attempt)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (b"prepared 0", (0, "")),
        (b"prepared -13", (errno.EACCES, "")),
        (b"prepared 5", (0, "")),
        (b"prepared ", (0, "")),
        (b"failed OSError: x", (None, "failed OSError: x")),
        (b"", (None, "")),
    ],
)
def test_what_a_process_says_of_its_call(said: bytes, expected: tuple[int | None, str]) -> None:
    assert result_of(said) == expected


def test_a_rule_may_name_the_folder_that_operations_are_done_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What rules name is made before: then the folder is there already."""
    mounted: list[bytes] = []

    class Libc:
        def mount(self, source: bytes, target: bytes, *_: object) -> int:
            mounted.append(target)
            return 0

    monkeypatch.setattr(covering, "WORK", tmp_path)
    monkeypatch.setattr(covering, "_libc", Libc())
    monkeypatch.setattr(covering, "raise_loopback", lambda: None)
    covering._prepare_machine()
    assert mounted == [os.fsencode(tmp_path)]
