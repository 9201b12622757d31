"""What strace writes, read: joined, split, and never misled by what a command names."""

from __future__ import annotations

import errno

import pytest

from harness.host.syscall_trace.line import (
    Ended,
    LineReader,
    TracedCall,
    number_of,
    path_of,
    split,
    string_of,
)


def calls(*lines: str) -> list[TracedCall]:
    reader = LineReader()
    taken = [reader.take(line) for line in lines]
    assert reader.unread == 0
    return [call for call in taken if isinstance(call, TracedCall)]


def hexed(text: str) -> str:
    return '"' + "".join(f"\\x{byte:02x}" for byte in text.encode()) + '"'


def test_a_call_has_its_parts() -> None:
    path = hexed("/etc/passwd")
    (call,) = calls(f"12  [ 257] openat(-100<\\x2f>, {path}, 0x80000) = 3<\\x2f\\x78>")
    assert (call.pid, call.number, call.name, call.exit) == (12, 257, "openat", 3)
    assert (string_of(call.arguments[1]), path_of(call.arguments[0])) == ("/etc/passwd", "/")
    assert (number_of(call.arguments[0]), number_of(call.arguments[2])) == (-100, 0x80000)
    assert path_of(call.result) == "/x"


def test_calls_between_which_others_came_are_joined() -> None:
    found = calls(
        "1  [  61] wait4(-1,  <unfinished ...>",
        "2  [  39] getpid()                   = 2",
        "2  [   0] read(3, <unfinished ...>",
        "1  [  61] <... wait4 resumed>[{WIFEXITED(s) && WEXITSTATUS(s) == 1}], 0, NULL) = 2",
        '2  [   0] <... read resumed>"", 10) = 0',
    )
    assert [(call.pid, call.name, len(call.arguments)) for call in found] == [
        *((2, "getpid", 0), (1, "wait4", 4), (2, "read", 3)),
    ]


def test_a_program_executed_by_a_thread_goes_on_under_the_first_id() -> None:
    found = calls(
        "7  [  59] execve(" + hexed("/bin/x") + ", [], 0x7ffc <pid changed to 5 ...>",
        "5  [  59] +++ superseded by execve in pid 7 +++",
    )
    assert found == []
    reader = LineReader()
    reader.take("7  [  59] execve(" + hexed("/bin/x") + ", [], 0x7ffc <pid changed to 5 ...>")
    call = reader.take("5  [  59] <... execve resumed>) = 0")
    assert isinstance(call, TracedCall)
    assert (call.pid, string_of(call.arguments[0])) == (5, "/bin/x")


@pytest.mark.parametrize(
    ("line", "code", "returned", "succeeded"),
    [
        ("1  [   1] write(1, NULL, 1) = -1 EBADF (Bad file descriptor)", -errno.EBADF, True, False),
        ("1  [ 130] pause() = ? ERESTARTNOHAND (To be restarted)", -errno.EINTR, True, False),
        ("1  [ 231] exit_group(0)              = ?", None, False, False),
        ("1  [  12] brk(NULL)                  = 0x5619063e8000", 0x5619063E8000, True, True),
        ("1  [   7] poll([{fd=3, events=0x1}], 1, 5) = 1 ([{fd=3, revents=0x1}])", 1, True, True),
    ],
)  # fmt: skip
def test_results(line: str, code: int | None, returned: bool, succeeded: bool) -> None:
    (call,) = calls(line)
    assert (call.exit, call.returned, call.succeeded) == (code, returned, succeeded)


@pytest.mark.parametrize(
    "line",
    [
        "1  [  61] --- SIGCHLD {si_signo=17, si_code=0x1, si_pid=2} ---",
        "1  [  61] --- stopped by SIGTTOU ---",
    ],
)
def test_signals_are_no_calls(line: str) -> None:
    assert calls(line) == []


@pytest.mark.parametrize(
    "line", ["9  [ 231] +++ exited with 0 +++", "9  [????] +++ killed by SIGKILL +++"]
)
def test_an_end_forgets_what_was_unfinished(line: str) -> None:
    reader = LineReader()
    reader.take("9  [   0] read(0,  <unfinished ...>")
    assert reader.take(line) == Ended(9)
    assert reader.unfinished == {}


@pytest.mark.parametrize(
    "name", ['a", 0x1) = 0', "b <unfinished ...>", "+++ exited with 0 +++\n", "é,("]
)
def test_no_name_looks_like_syntax(name: str) -> None:
    path = "".join(f"\\x{byte:02x}" for byte in name.encode())
    (call,) = calls(f'3  [ 257] openat(-100<{path}>, "{path}", 0, 0644) = 4<{path}>')
    assert (string_of(call.arguments[1]), path_of(call.result), len(call.arguments)) == (
        name,
        name,
        4,
    )
    assert number_of(call.arguments[3]) == 0o644


@pytest.mark.parametrize(
    "line",
    [
        "rubbish",
        "1  [ 1] write(",
        "1  [ 1] write() =",
        "x  [ 1] a() = 0",
        "1  [ 1] <... a resumed>",
    ],
)
def test_what_is_not_understood_is_counted(line: str) -> None:
    reader = LineReader()
    assert reader.take(line) is None
    assert reader.unread == 1


def test_arguments_are_split_at_their_own_commas() -> None:
    text = (
        'child_stack=NULL, flags=0x1200011, [{a=1, b=[2, 3]}, "x"], 3<\\x2c>, {x=1} => {x=2}, ~[]'
    )
    assert split(text) == [
        *("child_stack=NULL", "flags=0x1200011", '[{a=1, b=[2, 3]}, "x"]', "3<\\x2c>"),
        *("{x=1} => {x=2}", "~[]"),
    ]
    assert split("") == []


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        *(("NULL", 0), ("x=NULL", 0), ("-1", -1), ("0644", 0o644), ("000", 0), ("0x1f", 31)),
        *(("flags=0x11", 17), ('"\\x2f"', None), ("{a=1}", None), ("[3]", None), ("089", None)),
    ],
)
def test_numbers(argument: str, value: int | None) -> None:
    assert number_of(argument) == value
