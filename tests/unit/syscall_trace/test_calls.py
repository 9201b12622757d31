"""Traced calls as rules may test them: programs, folders, files, ids, architectures."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import pytest

from harness.host.syscall_trace.calls import TracedCalls
from harness.host.syscall_trace.tasks import Task
from harness.kernel.rules.explain.seen import Seen
from harness.kernel.rules.fields import ARCH_NUMBERS

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="the lines are of x86_64")

X86_64, I386 = ARCH_NUMBERS["x86_64"], ARCH_NUMBERS["i386"]
ROOT = {"uid": 0, "euid": 0, "suid": 0, "fsuid": 0, "gid": 0, "auid": 1000}


def hexed(text: object) -> str:
    return '"' + "".join(f"\\x{byte:02x}" for byte in str(text).encode()) + '"'


def seen(*lines: str, cwd: str = "/srv") -> list[Seen]:
    calls = TracedCalls(Task(dict(ROOT), frozenset({0}), cwd))
    found = [calls.take(line) for line in lines]
    assert calls.unread == 0
    return [each for each in found if each is not None]


def paths(call: Seen) -> list[str | None] | None:
    return None if call.names is None else [touched.path for touched in call.names]


def test_a_call_has_its_arguments_result_and_ids() -> None:
    (call,) = seen("1  [  41] socket(0x1, 0x80002, 0)    = 3")
    known = {"a0": 1, "a1": 0x80002, "a2": 0, "exit": 3, "success": 1}
    assert call.call.known == {**ROOT, **known}
    assert (call.call.arch, call.call.number, call.names, call.live) == (X86_64, 41, (), True)


def test_the_architecture_follows_from_the_number_and_the_name() -> None:
    found = seen(
        "1  [  20] getpid() = 1",
        "1  [ 437] openat2(-100, NULL, NULL, 0) = -1 EINVAL (Invalid argument)",
        "1  [ 102] connect(3, {sa_family=0x2, sin_port=0}, 16) = 0",
        "1  [ 110] getppid() = 1",
        "1  [ 437] openat2(-100, NULL, NULL, 0) = -1 EINVAL (Invalid argument)",
    )
    assert [call.call.arch for call in found] == [I386, I386, I386, X86_64, X86_64]
    assert "a0" not in found[2].call.known


def test_a_clone_has_its_flags_first() -> None:
    (call,) = seen("1  [  56] clone(child_stack=NULL, flags=0x1200011, child_tidptr=0x7f) = 2")
    assert (call.call.known["a0"], call.call.known["a1"]) == (0x1200011, 0)


def test_an_address_has_its_family() -> None:
    (call,) = seen("1  [  42] connect(3, {sa_family=0xa, sin6_port=0}, 28) = 0")
    assert (call.call.known["saddr_fam"], call.names) == (10, ())
    (local,) = seen("1  [  42] connect(3, {sa_family=0x1, sun_path=" + hexed("/s") + "}, 9) = 0")
    assert local.names is None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"[   4] stat({hexed('a')}, 0x7f) = 0", ["/srv/a"]),
        (f"[   4] stat({hexed('a')}, 0x7f) = -1 ENOENT (No)", []),
        (f"[ 257] openat(-100<\\x2f>, {hexed('a')}, 0) = 3<\\x2f\\x72>", ["/r"]),
        (f"[ 257] openat(5<\\x2f\\x74>, {hexed('a')}, 0) = -1 EACCES (No)", ["/t/a"]),
        (f"[  82] rename({hexed('/a')}, {hexed('/b')}) = 0", ["/", "/", "/a", "/b"]),
        (f"[  87] unlink({hexed('/none')}) = -1 ENOENT (No)", ["/"]),
        (f"[  87] unlink({hexed('/no/such/x')}) = -1 ENOENT (No)", []),
        (f"[  88] symlink({hexed('to')}, {hexed('/l')}) = 0", ["/", "/l"]),
        ("[  91] fchmod(3<\\x2f\\x66>, 0600) = 0", ["/f"]),
        ("[ 262] newfstatat(3<\\x2f\\x66>, \"\", {st_mode=0}, 0x1000) = 0", []),
        ("[   0] read(3<\\x2f\\x66>, \"\"..., 10) = 10", []),
        ("[  77] ftruncate(3<\\x2f\\x66>, 10) = 0", None),
        ("[   4] stat(0x7f0000, 0x7f) = -1 EFAULT (Bad)", []),
    ],
)  # fmt: skip
def test_the_files_of_a_call(line: str, expected: list[str] | None) -> None:
    (call,) = seen(f"1  {line}")
    assert paths(call) == expected


def test_links_that_are_not_followed() -> None:
    lines = (
        f"1  [   6] lstat({hexed('/l')}, 0x7f) = 0",
        f"1  [   4] stat({hexed('/l')}, 0x7f) = 0",
        f"1  [ 262] newfstatat(-100, {hexed('/l')}, 0x7f, 0x100) = 0",
    )
    assert [call.names[0].follows for call in seen(*lines) if call.names] == [False, True, False]


def test_a_process_keeps_its_program_and_folder(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\n")
    real = os.path.realpath("/bin/sh")
    found = seen(
        f"1  [  59] execve({hexed(script)}, [], 0x7f) = 0",
        f"1  [  80] chdir({hexed('/usr')}) = 0",
        "1  [  57] fork( <unfinished ...>",
        f"2  [   4] stat({hexed('a')}, 0x7f) = 0",
        "1  [  57] <... fork resumed>) = 2",
        f"1  [  80] chdir({hexed('/')}) = 0",
        f"2  [   4] stat({hexed('a')}, 0x7f) = 0",
        f"1  [   4] stat({hexed('a')}, 0x7f) = 0",
    )
    assert {call.call.exe for call in found} == {real}
    assert (paths(found[0]) or [])[:2] == [str(script), real]
    stats = [paths(call) for call in found if call.call.number == 4]
    assert stats == [["/usr/a"], ["/usr/a"], ["/a"]]


def test_a_child_that_is_seen_after_the_fork_is_its_parents() -> None:
    found = seen(
        f"1  [  80] chdir({hexed('/usr')}) = 0",
        "1  [  58] vfork() = 2",
        f"1  [  80] chdir({hexed('/')}) = 0",
        f"2  [   4] stat({hexed('a')}, 0x7f) = 0",
        "2  [  60] +++ exited with 0 +++",
        "1  [  58] vfork() = 2",
        f"2  [   4] stat({hexed('a')}, 0x7f) = 0",
    )
    assert [paths(call) for call in found if call.call.number == 4] == [["/usr/a"], ["/a"]]


def test_threads_share_their_folder() -> None:
    found = seen(
        "1  [ 435] clone3({flags=0x3d0f00, exit_signal=0}, 88) = 2",
        f"2  [  80] chdir({hexed('/usr')}) = 0",
        f"1  [   4] stat({hexed('a')}, 0x7f) = 0",
    )
    assert paths(found[-1]) == ["/usr/a"]


def test_a_child_of_one_of_several_knows_what_they_share() -> None:
    found = seen(
        "1  [  57] fork() = 2",
        f"2  [  80] chdir({hexed('/usr')}) = 0",
        "2  [ 105] setuid(5) = 0",
        "1  [  57] fork( <unfinished ...>",
        "2  [  57] fork( <unfinished ...>",
        f"3  [   4] stat({hexed('a')}, 0x7f) = 0",
    )
    assert paths(found[-1]) is None
    assert "uid" not in found[-1].call.known
    assert found[-1].call.known["auid"] == 1000


def test_ids_that_the_command_changed_are_unknown() -> None:
    found = seen(
        "1  [ 105] setuid(5) = -1 EPERM (No)",
        "1  [ 105] setuid(5) = 0",
        "1  [  39] getpid() = 1",
    )
    assert ["uid" in call.call.known for call in found] == [True, True, False]
    assert found[-1].call.known["gid"] == 0


def test_a_call_that_does_not_return_has_no_result() -> None:
    (call,) = seen("1  [ 231] exit_group(0) = ?")
    assert (call.returned, "exit" in call.call.known, "success" in call.call.known) == (
        *(False, False, False),
    )
