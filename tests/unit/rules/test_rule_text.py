"""Lines of rule text: what they mean, and how a bad one is explained. Bytes: test_rule_goldens."""

from __future__ import annotations

import platform
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import EXIT_HOST_UNFIT, HostUnfitError, UsageError
from harness.kernel.rules import libaudit as libaudit_module
from harness.kernel.rules.controls import Control
from harness.kernel.rules.fields import FilterList
from harness.kernel.rules.format import format_rule
from harness.kernel.rules.io_uring_names import IO_URING_OPERATIONS
from harness.kernel.rules.libaudit import libaudit, syscall_number
from harness.kernel.rules.parsed_line import LineError
from harness.kernel.rules.rule import Rule
from harness.kernel.rules.text import parse_rule
from harness.kernel.rules.words import split_line
from tests.support.rule_lines import parse_rule_text

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="names syscalls of x86_64")


def rule_of(line: str) -> Rule:
    rule = parse_rule_text(line).rule
    assert rule is not None
    return rule


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "-a always,exit -F bogus=1",
            "-F bogus=1 names no field that libaudit knows: see auditctl(8), -F, for the names",
        ),
        (
            "-a sometimes,exit",
            "-a sometimes,exit is not an action and a list: write always or never, a comma, and "
            "one of user, task, exit, exclude, filesystem, io_uring",
        ),
        ("-w etc/passwd", "-w etc/passwd is not an absolute path: begin it with a /"),
        (
            "-a always,exit -F arch=b32 -S accept4,nosuch",
            "-S nosuch names no syscall of i386: see `ausyscall ARCH --dump` for the names, or "
            "give -F arch= before it",
        ),
        (
            "-a always,task -F exit=0",
            "-F exit=0 is a field of the exit list only, not of task: use it with -a ACTION,exit",
        ),
        (
            "-a always,exclude -F euid=0",
            "-F euid=0 is not evaluated on the exclude list, where the kernel stops at it and "
            "keeps the record: use msgtype, pid, uid, gid, auid, subj_* or exe there",
        ),
        (
            "-a always,exit -F uid=no-such-user",
            "-F uid=no-such-user names no user or group of this machine: create it, or give the "
            "number",
        ),
        (
            "-a always,exit -S open -F arch=b64",
            "-F arch=b64 comes after -S, and syscall names mean nothing without it: put it "
            "before the first -S",
        ),
        ("-p wa", "-p wa comes before the watch it is for: give -w PATH before it"),
        ("-h", "-h prints auditctl's help, so it has no place among rules: remove the line"),
        ("-R x", "-R inside a rule file is refused by auditctl, so it has no place among rules: "),
        ("-e 3", "-e 3 is none of 0, 1 and 2: give one of them for enabled"),
        ("-b 4294967296", "-b 4294967296 is not a number of 32 bits"),
        ("-a always,exit -S open -i", "-i is not alone on its line"),
        ("-i -e 1", "-i is not alone on its line"),
        ("-t -D", "-t is not alone on its line"),
        ("-D -k", "-D has more on its line than -k and a key"),
    ],
)
def test_messages(line: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_rule_text(line)
    assert caught.value.one_line().startswith(message)


def test_an_empty_rule_is_refused() -> None:
    with pytest.raises(UsageError, match="empty"):
        parse_rule([])
    with pytest.raises(UsageError, match="NUL"):
        parse_rule(["-w", "/a\0b"])


def test_a_rule_too_long_for_a_message() -> None:
    words = ["-a", "always,exit", "-F", f"path=/{'p' * 3899}", "-F", f"exe=/{'e' * 3999}"]
    assert parse_rule([*words, "-F", "subj_type=twelve-bytes"]).rule is not None
    with pytest.raises(UsageError, match="more than auditctl can send"):
        parse_rule([*words, "-F", "subj_type=thirteen-byte"])


@pytest.mark.parametrize(
    ("line", "controls"),
    [
        ("-D", [Control("delete_all", "")]),
        ("-D -k key", [Control("delete_all", "key")]),
        ("-b 8192", [Control("backlog_limit", 8192)]),
        ("-b 0x10 -f 1 -r 100", [("backlog_limit", 16), ("failure", 1), ("rate_limit", 100)]),
        ("-e 2", [Control("enabled", 2)]),
        ("--backlog_wait_time 60000", [Control("backlog_wait_time", 60000)]),
        ("--backlog_wait_time=0", [Control("backlog_wait_time", 0)]),
        ("--loginuid-immutable", [Control("loginuid_immutable", 1)]),
        ("--reset-lost", [Control("reset_lost", 1)]),
        ("--reset_backlog_wait_time_actual", [Control("reset_backlog_wait_time_actual", 1)]),
        ("-q /mnt,/mnt/sub", [Control("equivalences", ("/mnt", "/mnt/sub"))]),
        ("-t", [Control("trim_subtrees", 1)]),
        ("-c", [Control("continue_on_error", 1)]),
    ],
)
def test_controls(line: str, controls: list[Control | tuple[str, int]]) -> None:
    parsed = parse_rule_text(line)
    assert (parsed.operation, parsed.rule) == ("none", None)
    wanted = [c if isinstance(c, Control) else Control(*c) for c in controls]
    assert list(parsed.controls) == wanted


def test_a_setting_beside_a_rule() -> None:
    parsed = parse_rule_text("-b 64 -a always,exit -F pid=1")
    assert parsed.controls == (Control("backlog_limit", 64),)
    assert parsed.operation == "add"


@pytest.mark.parametrize(
    "line", ["-l", "-l -i", "-l -k key", "-s", "-s -i", "-v", "-m hello", "--signal reload"]
)
def test_lines_that_only_print_are_left_out_with_a_warning(line: str) -> None:
    parsed = parse_rule_text(line)
    assert (parsed.operation, parsed.rule, parsed.controls) == ("none", None, ())
    (warning,) = parsed.warnings
    assert (warning.code, warning.remedy) == ("no-rule", "remove the line")
    assert warning.what.endswith("and is ignored")


@pytest.mark.parametrize("option", ["-t", "--reset-lost", "-q /a,/b", "--loginuid-immutable"])
def test_words_behind_what_stands_alone_are_dropped_as_auditctl_drops_them(option: str) -> None:
    parsed = parse_rule_text(f"{option} 1")
    assert len(parsed.controls) == 1
    (warning,) = parsed.warnings
    assert warning.code == "dropped"
    assert warning.what.startswith("1 belongs to no option, and auditctl drops")


@pytest.mark.parametrize(
    ("line", "controls"),
    [
        ("-i 1", ["ignore_errors"]),
        ("-c 1", ["continue_on_error"]),
        ("-i -b 8192", ["ignore_errors"]),
        ("-ib 8192", ["ignore_errors"]),
        ("-a always,exit -F pid=1 -i", ["ignore_errors"]),
        ("-b 8192 -e 1 stray", ["backlog_limit", "enabled"]),
        ("-b 8192 -r many", ["backlog_limit"]),
        ("-r 5 -D", ["rate_limit"]),
        ("1 -z -b 8192", []),
    ],
)
def test_a_bad_line_has_set_what_stands_before_its_fault(line: str, controls: list[str]) -> None:
    with pytest.raises(LineError) as caught:
        parse_rule_text(line)
    assert [control.name for control in caught.value.controls] == controls


def test_numbers_that_are_read_otherwise_are_warned_of() -> None:
    for line, number in {
        "-b 8k": 8,
        "-b 08": 0,
        "-a always,exit -F uid=12x": 12,
        "-a always,exit -F pid=4294967297": 1,
        "-a always,exit -F saddr_fam=inet": 0,
        "-a always,exit -F sessionid=mine": 0,
    }.items():
        (warning,) = parse_rule_text(line).warnings
        assert warning.code == "number", line
        assert warning.what.endswith(f"read as the number {number}"), line
    for line in ("-b 010", "-a always,exit -F uid=0x10 -F a0=-1 -F auid=unset -F uid=root"):
        assert parse_rule_text(line).warnings == (), line


def test_possible_is_ignored_as_auditctl_does() -> None:
    parsed = parse_rule_text("-a exit,possible -S open")
    assert (parsed.operation, parsed.rule) == ("none", None)
    assert parsed.warnings[0].code == "possible"


PIECES = st.sampled_from(
    [b"-a", b"-A", b"-F", b"-S", b"-k", b"-w", b"-p", b"-C", b"-D", b"-d", b"always,exit", b"=",
     b"exit,never", b"uid", b"arch=b64", b"exe=/x", b"open", b"key=", b" ", b"  ", b"\\", b"\\ ",
     b"--backlog_wait_time", b"=5", b"-", b"--", b"\t", b"\xff", b"\xc3", b"#", b"wa", b",", b"!="]
)  # fmt: skip


@given(st.lists(PIECES, max_size=14).map(b"".join) | st.binary(max_size=40))
def test_any_line_is_understood_or_refused_in_one_line(line: bytes) -> None:
    error = refusal_of(line)
    assert error is None or error.one_line().isprintable()
    assert error is None or error.remedy


def refusal_of(line: bytes) -> UsageError | None:
    try:
        words = split_line(line)
        if words:
            parse_rule(words)
    except UsageError as error:
        return error
    return None


def test_text_that_no_file_can_hold() -> None:
    with pytest.raises(UsageError, match="half a character"):
        parse_rule(["-w", "/etc/\ud800"])


def test_state_does_not_leak_into_the_next_rule() -> None:
    """libaudit keeps arch and what was given in globals; each rule starts anew."""
    before = rule_of("-a always,exit -S open")
    rule_of("-a always,exit -F arch=b32 -S open -F exe=/x")
    with pytest.raises(UsageError):
        parse_rule_text("-a always,exit -F key=orphan")
    assert rule_of("-a always,exit -S open") == before
    with pytest.raises(UsageError):
        parse_rule_text("-a always,exit -F arch=b32 -S open -S nosuch")
    assert rule_of("-a always,exit -S open") == before
    assert rule_of("-a always,exit -F arch=b32 -F pid=1").fields[0].value == 0x40000003


def test_threads_do_not_mix_their_rules() -> None:
    lines = {
        f"-a always,exit -F arch=b{bits} -S open,close,read -F uid={n} -k k{n}": None
        for bits in (32, 64)
        for n in range(40)
    }
    expected = {line: rule_of(line) for line in lines}
    wrong: list[str] = []

    def work() -> None:
        wrong.extend(line for line in lines if rule_of(line) != expected[line])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_io_uring_list() -> None:
    """auditctl 3.0.9 has no such list; these are the bytes that 4.0.2 sends."""
    rule = rule_of("-a always,io_uring -S openat,close -F uid=0 -k ring")
    assert rule.filter_list == FilterList.IO_URING
    assert rule.syscalls() == (18, 19)
    assert format_rule(rule) == "-a always,io_uring -S openat,close -F uid=0 -F key=ring"
    assert rule_of("-a always,io_uring -S 18").syscalls() == (18,)
    assert rule_of("-a never,io_uring").names_every_syscall
    assert rule_of("-a always,io_uring -S bind,listen").syscalls() == (56, 57)
    for line in ("-S nop", "-F exit=0", "-F path=/etc/passwd", "-F perm=r", "-S bogus"):
        with pytest.raises(UsageError):
            parse_rule_text(f"-a always,io_uring {line}")


@pytest.mark.parametrize("knows", [False, True], ids=["no-table", "a-table-without-names"])
def test_every_io_uring_operation_whatever_libaudit_knows(
    monkeypatch: pytest.MonkeyPatch, knows: bool
) -> None:
    """3.0.9 has no table, 3.1 one without the newer names, and some are built with an empty one."""
    library = libaudit()
    monkeypatch.setattr(library, "knows_io_uring", knows)
    monkeypatch.setattr(library, "encode_io_uring", lambda _name: (-1, b""))
    monkeypatch.setattr(library, "io_uring_name", lambda _number: None)
    assert len(IO_URING_OPERATIONS) == 30
    for name, number in IO_URING_OPERATIONS.items():
        rule = rule_of(f"-a always,io_uring -S {name}")
        assert rule.syscalls() == (number,)
        assert format_rule(rule) == f"-a always,io_uring -S {name}"
    assert rule_of("-a always,io_uring -S all").names_every_syscall
    with pytest.raises(UsageError, match="names no io_uring operation that the kernel audits"):
        parse_rule_text("-a always,io_uring -S read")


def test_bytes_that_are_not_utf8() -> None:
    rule = parse_rule([b"-w", b"/no/such/\xff", b"-k", b"k\xfe"]).rule
    assert rule is not None
    assert [field.value for field in rule.fields] == [b"/no/such/\xff", 15, b"k\xfe"]
    assert rule == rule_of("-w /no/such/\udcff -k k\udcfe")
    assert format_rule(rule) == "-w /no/such/\\xff -p rwxa -k k\\xfe"


def test_a_rule_that_asks_for_the_head_prints_so() -> None:
    assert format_rule(rule_of("-A never,exit -F pid=1")) == "-A never,exit -S all -F pid=1"


def test_fields_the_tables_do_not_know_print_as_numbers() -> None:
    rule = Rule(4, 2, b"\xff" * 256, (rule_of("-a always,exit -F pid=7").fields[0],))
    strange = Rule(9, 7, b"\xff" * 256, (type(rule.fields[0])(24, 0x40000000, 0),))
    assert format_rule(strange) == "-a (null),(null) f24=0"


def test_syscall_numbers() -> None:
    assert syscall_number("execve", "x86_64") == 59
    assert syscall_number("execve", "i686") == 11
    with pytest.raises(UsageError, match="no syscall nosuch on x86_64"):
        syscall_number("nosuch", "x86_64")
    with pytest.raises(UsageError, match="on pdp11"):
        syscall_number("execve", "pdp11")


def test_libaudit_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    libaudit.cache_clear()
    monkeypatch.setattr(libaudit_module, "LIBRARY", "libaudit-that-is-not-there.so.1")
    try:
        with pytest.raises(HostUnfitError) as caught:
            parse_rule_text("-D")
    finally:
        libaudit.cache_clear()
    message = caught.value.one_line()
    for name in ("apt-get install libaudit1", "dnf install audit-libs", "zypper", "pacman", "apk"):
        assert name in message
    assert "\n" not in message
    assert caught.value.exit_code == EXIT_HOST_UNFIT


def test_libaudit_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    libaudit.cache_clear()
    monkeypatch.setattr(libaudit_module, "LIBRARY", "libc.so.6")
    try:
        with pytest.raises(HostUnfitError, match="too old"):
            libaudit()
    finally:
        libaudit.cache_clear()
