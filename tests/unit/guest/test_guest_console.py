"""How a guest's console ended, in one line."""

from __future__ import annotations

import pytest

from harness.guest.console import MOST_BYTES, Console


def end_of(*parts: bytes) -> str:
    """What is said of a console that said this."""
    console = Console()
    for part in parts:
        console.take(part)
    return console.end()


def test_what_went_wrong_is_told_though_a_trace_follows() -> None:
    trace = b"".join(b"[ 1.0] ? function_%d+0x1/0x2\r\n" % number for number in range(40))
    said = end_of(b"booting\r\n[ 1.0] Kernel panic - not syncing: VFS\r\n", trace)
    first, *last = said.split(" | ")
    assert first == "[ 1.0] Kernel panic - not syncing: VFS"
    assert len(last) == 3
    assert last[-1].endswith("function_39+0x1/0x2")


def test_a_line_in_two_parts_is_one_line() -> None:
    assert end_of(b"Out of mem", b"ory: Killed process 7\n") == "Out of memory: Killed process 7"


def test_it_is_one_line_without_controls() -> None:
    said = end_of(b"\x1bc\x1b[?7l\x1b[2Jfirst\nsecond\x07\xff\n")
    assert "\n" not in said
    assert "\x1b" not in said
    assert said.startswith("first | second")


def test_one_that_said_nothing_says_so() -> None:
    assert end_of() == "nothing"


def test_only_the_end_is_kept() -> None:
    assert end_of(b"x" * MOST_BYTES, b"\nthe end\n").endswith("the end")


@pytest.mark.parametrize(
    "said",
    [
        b"[ 1.6] Initramfs unpacking failed: write error",
        b"[ 0.5] Kernel panic - not syncing: System is deadlocked on memory",
        b"[ 9.1] Out of memory: Killed process 1 (python3)",
        b"MemoryError",
    ],
)
def test_what_had_too_little_memory_is_told_apart(said: bytes) -> None:
    console = Console()
    trace = b"".join(b"[ 2.0] ? function_%d+0x1/0x2\r\n" % number for number in range(40))
    console.take(said + b"\r\n" + trace)
    assert console.lacks_memory()
    assert said.decode() in console.end()


def test_no_other_panic_is_one_for_want_of_memory() -> None:
    console = Console()
    console.take(b"[ 1.0] Kernel panic - not syncing: VFS: Unable to mount root fs\r\n")
    assert not console.lacks_memory()


def test_what_a_kernel_dies_of_is_no_complaint_of_one_that_goes_on() -> None:
    console = Console()
    console.take(b"[ 1.0] BUG: soft lockup\r\n[ 2.0] Kernel panic - not syncing: softlockup\r\n")
    assert console.complaints() == ["[ 1.0] BUG: soft lockup"]
