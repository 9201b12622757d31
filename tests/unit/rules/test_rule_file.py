"""Rule files: order, settings, what is named when a line is bad."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from unittest.mock import Mock

import pytest

from harness.errors import ManyFaultsError, UsageError
from harness.kernel.rules import content as rule_content
from harness.kernel.rules.controls import RuleControls
from harness.kernel.rules.file import RuleFile, load_rule_file, parse_rules_text
from harness.kernel.rules.format import format_listing, format_rule
from harness.kernel.rules.warning import told_together


def read(*lines: str, ignore_lock: bool = False) -> RuleFile:
    return parse_rules_text("\n".join(lines) + "\n", "some.rules", ignore_lock=ignore_lock)


def pids(file: RuleFile) -> list[int]:
    """The pid= of each rule, by which these tests tell rules apart."""
    return [rule.fields[0].number for rule in file.rules]


def codes(file: RuleFile) -> list[str]:
    return [warning.code for warning in file.warnings]


def told(file: RuleFile) -> list[str]:
    return told_together(file.warnings)


def test_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "whole.rules"
    path.write_text(
        "## Umlaute schaden nicht: ä\n"
        "-D\n"
        "\n"
        "-b 8192\n"
        "--backlog_wait_time 60000\n"
        "-f 1\n"
        "-r 0\n"
        "   -a always,exit -F arch=b64 -S execve -k exec\n"
        "-w /etc/passwd -p wa -k identity\n"
        "-e 1",
        encoding="latin-1",
    )
    file = load_rule_file(path)
    assert file.path == str(path)
    assert [format_rule(rule) for rule in file.rules] == [
        "-a always,exit -F arch=b64 -S execve -F key=exec",
        "-w /etc/passwd -p wa -k identity",
    ]
    assert file.line_numbers == (8, 9)
    assert file.controls == RuleControls(
        delete_all=True,
        enabled=1,
        failure=1,
        backlog_limit=8192,
        rate_limit=0,
        backlog_wait_time=60000,
    )
    assert [line.number for line in file.lines] == [2, 4, 5, 6, 7, 8, 9, 10]
    assert file.lines[5].text == "-a always,exit -F arch=b64 -S execve -k exec"
    assert file.warnings == ()


def test_nothing_is_a_file_too() -> None:
    assert parse_rules_text("", "empty") == RuleFile("empty", (), (), (), RuleControls())


def test_all_other_controls() -> None:
    file = read(
        "-c",
        "-i",
        "-t",
        "-q /mnt,/mnt/a",
        "-q /mnt,/mnt/b",
        "--reset-lost",
        "--reset_backlog_wait_time_actual",
        "-b 1",
        "-b 2",
    )
    assert file.controls == RuleControls(
        backlog_limit=2,
        ignore_errors=True,
        continue_on_error=True,
        reset_lost=True,
        reset_backlog_wait_time_actual=True,
        trim_subtrees=True,
        equivalences=(("/mnt", "/mnt/a"), ("/mnt", "/mnt/b")),
    )


def test_prepended_rules_are_evaluated_first() -> None:
    file = read(
        "-a always,exit -F pid=1",
        "-A never,exit -F pid=2",
        "-a always,exit -F pid=3",
        "-A never,exit -F pid=4",
    )
    assert pids(file) == [4, 2, 1, 3]
    assert file.line_numbers == (4, 2, 1, 3)
    assert not any(rule.prepend for rule in file.rules)
    assert file.lines[1].parsed.rule is not None
    assert file.lines[1].parsed.rule.prepend


def test_deleted_rules_are_gone() -> None:
    file = read(
        "-a always,exit -F pid=1",
        "-A always,exit -F pid=2",
        "-w /etc/passwd -p wa -k a",
        "-d always,exit -F pid=2",
        "-W /etc/passwd -p wa -k a",
    )
    assert pids(file) == [1]


def test_delete_all_in_the_middle() -> None:
    file = read("-a always,exit -F pid=1", "-D", "-a always,exit -F pid=1")
    assert file.line_numbers == (3,)
    assert file.controls.delete_all


def test_delete_all_of_a_key() -> None:
    file = read(
        "-a always,exit -F pid=1 -F perm=x -k one",
        "-a always,exit -F pid=2 -F perm=x -k two -k one-more",
        "-a always,exit -F pid=3 -F perm=x -k two",
        "-a always,exit -F pid=4",
        "-D -k one",
        "-a always,exit -F pid=1 -F perm=x -k one",
    )
    assert pids(file) == [3, 4, 1]
    assert not file.controls.delete_all


def test_the_same_rule_twice_is_refused_as_by_the_kernel() -> None:
    with pytest.raises(UsageError) as caught:
        read("-D", "-w /etc/passwd -p wa", "-a always,exit -F path=/etc/passwd -F perm=aw")
    assert caught.value.what.startswith("some.rules:3: the rule is the same as that of line 2")
    # Prepended, the kernel takes it.
    assert pids(read("-a always,exit -F pid=1", "-A always,exit -F pid=1")) == [1, 1]


def test_deleting_what_is_not_there_is_refused_as_by_the_kernel() -> None:
    with pytest.raises(UsageError, match=r"some\.rules:1: no line above adds"):
        read("-d always,exit -F pid=1")


def test_a_bad_line_is_named_first() -> None:
    with pytest.raises(UsageError) as caught:
        read("-D", "# fine", "-a always,exit -S nosuchcall", "-z")
    assert caught.value.one_line() == (
        "some.rules:3: -S nosuchcall names no syscall of "
        f"{os.uname().machine}: see `ausyscall ARCH --dump` for the names, or give -F arch= "
        "before it"
    )


@pytest.mark.parametrize("switch", ["-i", "-c"])
def test_bad_lines_are_skipped_when_the_file_says_so(switch: str) -> None:
    lines = ["-a always,exit -F pid=1", "-z", "-a always,exit -F pid=1", "-a always,exit -F pid=2"]
    file = read(switch, *lines)
    assert pids(file) == [1, 2]
    assert [warning.where for warning in file.warnings] == ["some.rules:3", "some.rules:4"]
    assert codes(file) == ["skipped", "skipped"]
    with pytest.raises(UsageError, match=r"some\.rules:2:"):
        read(*lines, switch)


@pytest.mark.parametrize(
    ("line", "option"),
    [
        ("-i 1", "-i"),
        ("-c 1", "-c"),
        ("-i on -b 5", "-i"),
        ("-i -e 1", "-i"),
        ("-ci", "-c"),
        ("-a always,exit -F pid=7 -i", "-i"),
    ],
)
def test_a_switch_with_an_argument_counts_from_its_own_line_on(line: str, option: str) -> None:
    """auditctl ignores errors before it comes to the one behind the switch."""
    file = read(line, "-a always,exit -S nosuchcall -k bad", "-a always,exit -F pid=1")
    assert pids(file) == [1]
    assert file.line_numbers == (3,)
    assert file.controls.backlog_limit is None
    assert [(warning.where, warning.code) for warning in file.warnings] == [
        ("some.rules:1", "skipped"),
        ("some.rules:2", "skipped"),
    ]
    assert file.warnings[1].what.startswith(f"skipped because of {option}: -S nosuchcall names no")


def test_a_skipped_line_has_set_what_stands_before_its_fault() -> None:
    file = read("-i", "-b 8192 -f 0 junk", "-r 5 -r many", "-r 6 -D", "-e 1 -z", "-b zero")
    assert file.controls == RuleControls(
        enabled=1, failure=0, backlog_limit=8192, rate_limit=6, ignore_errors=True
    )
    assert codes(file) == ["skipped"] * 5


@pytest.mark.parametrize("line", ["-e 2 junk", "-b 64 -e 2 -z", "-f 2 -r many"])
def test_a_lock_in_a_line_that_is_skipped_is_one_too(line: str) -> None:
    with pytest.raises(UsageError, match=r"some\.rules:2: -[ef] 2 .*--ignore-lock runs the rest"):
        read("-i", line)
    file = read("-i", line, ignore_lock=True)
    assert (file.controls.enabled, file.controls.failure) == (None, None)
    assert codes(file) == ["lock", "skipped"]


PATH_NOT_EQUAL = "-a always,exit -F arch=b64 -S open -F dir!=/etc -k x"
NO_FOLDER = "-w /no/such/dir/file -p wa -k x"


def test_what_the_kernel_refuses_is_refused_with_its_line() -> None:
    for line, reason in {
        PATH_NOT_EQUAL: "dir!=/etc, but dir takes only =",
        NO_FOLDER: "the directory of path=/no/such/dir/file does not exist",
        "--backlog_wait_time 99999999": "it is in jiffies",
        "-d always,exit -F path!=/etc/passwd": "path!=/etc/passwd, but path takes only =",
    }.items():
        with pytest.raises(UsageError) as caught:
            read("-D", line)
        assert caught.value.what.startswith("some.rules:2: the kernel will refuse"), line
        assert reason in caught.value.what, line
        assert caught.value.remedy
        # From -i on it is skipped; before it, it ends the file.
        file = read("-i", line, "-a always,exit -F pid=1")
        assert pids(file) == [1]
        assert codes(file) == ["skipped"]
        with pytest.raises(UsageError):
            read(line, "-i")


def test_a_rule_that_was_refused_is_not_there() -> None:
    file = read("-i", NO_FOLDER, NO_FOLDER, "-W /no/such/dir/file -p wa -k x")
    assert [warning.what.partition(": ")[2][:30] for warning in file.warnings] == [
        "the kernel will refuse the rule: "[:30]
    ] * 3


def test_rules_of_another_host_are_not_held_against_this_ones_paths() -> None:
    lines = f"{NO_FOLDER}\n-a always,exit -F dir=/no/such\n--backlog_wait_time 99999999\n"
    file = parse_rules_text(lines, "their.rules", elsewhere=True)
    assert len(file.rules) == 2
    assert file.warnings == ()
    with pytest.raises(UsageError, match="takes only ="):
        parse_rules_text(PATH_NOT_EQUAL, "their.rules", elsewhere=True)


def test_skipped_lines_of_a_kind_are_one_line_without_the_remedy_that_is_followed() -> None:
    folders = [f"-w /no/such/{number}/file -p wa -k x" for number in range(8)]
    file = read("-i", *folders, "-a always,exit -F pid=1", "-a always,exit -F pid=1", "-S x")
    assert told(file) == [
        "some.rules:2: skipped because of -i: the kernel will refuse the rule: the directory of "
        "path=/no/such/0/file does not exist (likewise lines 3, 4, 5, 6, 7 and 2 more): "
        "create it first",
        "some.rules:11: skipped because of -i: the rule is the same as that of line 10, and the "
        "kernel refuses it (EEXIST): delete one of the lines",
        f"some.rules:12: skipped because of -i: -S x names no syscall of {os.uname().machine}: see "
        "`ausyscall ARCH --dump` for the names, or give -F arch= before it",
    ]
    assert not any("put -i" in warning.one_line() for warning in file.warnings)


def test_other_warnings_of_a_kind_are_one_line_too() -> None:
    file = read("-a always,exit -S open", "-a always,exit -S execve", "-b 08")
    assert [line.partition(": ")[0] for line in told(file)] == ["some.rules:3", "some.rules:1"]
    assert "(likewise line 2)" in told(file)[1]


def test_rules_come_as_auditctl_lists_them() -> None:
    file = read(
        "-a always,exit -F arch=b32 -S open -k one",
        "-a always,exclude -F msgtype=CWD",
        "-a never,user -F uid=0",
        "-a never,task -F uid=99",
        "-A always,exit -F arch=b64 -S openat -k first",
        "-w /etc/hosts -p wa -k w",
        "-a always,filesystem -F fstype=tracefs",
        "-a never,filesystem -F fstype=debugfs",
        "-a always,io_uring -S bind",
    )
    assert file.line_numbers == (3, 4, 5, 1, 6, 2, 7, 8, 9)
    assert format_listing(file.rules) == [
        "-a never,user -F uid=0",
        "-a never,task -F uid=99",
        "-a always,exit -F arch=b64 -S openat -F key=first",
        "-a always,exit -F arch=b32 -S open -F key=one",
        "-w /etc/hosts -p wa -k w",
        "-a always,exclude -F msgtype=CWD",
        "-a always,filesystem -F fstype=tracefs",
        "-a never,filesystem -F fstype=debugfs",
        "-a always,io_uring -S bind",
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("-e 2", "-e 2 locks the audit configuration until the next reboot"),
        ("-f 2", "-f 2 makes the kernel panic when it loses a record"),
        ("-b 64 -e 2", "-e 2 locks the audit configuration until the next reboot"),
    ],
)
@pytest.mark.parametrize("before", ["-D", "-i"])
def test_locks_are_refused(line: str, reason: str, before: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(before, line)
    assert caught.value.one_line() == f"some.rules:2: {reason}: --ignore-lock runs the rest"
    file = read(before, "-e 1", line, ignore_lock=True)
    assert (file.controls.enabled, file.controls.failure) == (1, None)
    assert codes(file) == ["lock"]
    assert (
        file.warnings[0].one_line().startswith(f"some.rules:3: {reason}: ignored (--ignore-lock)")
    )


def test_loginuid_immutable_is_a_lock_too() -> None:
    file = read("--loginuid-immutable")
    assert file.controls.loginuid_immutable
    assert codes(file) == ["lock"]


def test_traps_are_warned_of_with_their_line() -> None:
    file = read("-D", "-A always,exit -S execve", "-b 08")
    assert [(w.where, w.code) for w in file.warnings] == [
        ("some.rules:3", "number"),
        ("some.rules:2", "arch-missing"),
    ]


def test_carriage_returns() -> None:
    with pytest.raises(UsageError) as caught:
        read("-D\r")
    assert caught.value.remedy == "remove the carriage returns: sed -i 's/\\r$//' FILE"
    with pytest.raises(UsageError, match=r"some\.rules:1:"):
        read("\r")
    file = read("-w /etc/passwd -p wa -k identity\r")
    assert file.rules[0].fields[-1].value == b"identity\r"
    assert codes(file) == ["carriage-return"]


def test_a_backslash_at_the_end_continues_nothing() -> None:
    with pytest.raises(UsageError, match=r"some\.rules:1: .*belongs to no option"):
        read("-a always,exit \\", "-S open")


def test_paths_that_are_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "bytes.rules"
    path.write_bytes(b"# \xff\n-w /etc/\xfe -p wa -k \xfd\n")
    file = load_rule_file(path)
    assert file.rules[0].fields[0].value == b"/etc/\xfe"
    assert file.lines[0].text == "-w /etc/\\xfe -p wa -k \\xfd"


def test_a_warning_names_the_line_of_its_rule(tmp_path: Path) -> None:
    path = tmp_path / "odd\nname.rules"
    path.write_text("-A always,exit -F pid=1\n-A always,exit -S execve\n", encoding="utf-8")
    file = load_rule_file(path)
    assert file.path.isprintable()
    assert [warning.where for warning in file.warnings] == [f"{file.path}:2"]
    assert file.line_numbers == (2, 1)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x7fELF\x00\x00\n", ":1: the line holds a control character"),
        (b"-D\n-w /etc/\x00passwd\n", ":2: the line holds a control character"),
        (b"\xef\xbb\xbf-D\n", "remove the byte order mark"),
        (b"-w /etc/passwd -k " + b"k" * 7000, ":1: the line has 7,018 bytes"),
        (b"\xff\xfe-\x00D\x00", "the file is in UTF-16"),
        (b"plain text\n", ":1: plain belongs to no option"),
    ],
)
def test_files_that_are_no_rule_files(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "odd.rules"
    path.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        load_rule_file(path)
    message = caught.value.one_line()
    assert reason in message
    assert message.isprintable()


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    looped = tmp_path / "loop"
    looped.symlink_to(looped)
    for path, reason in {
        tmp_path: "holds no file that ends in .rules",
        fifo: "is not a regular file",
        Path("/dev/zero"): "is not a regular file",
        tmp_path / "missing": "No such file or directory",
        tmp_path / "missing" / "below": "No such file or directory",
        looped: "levels of symbolic links",
        tmp_path / ("n" * 300): "File name too long",
        Path("-"): "No such file or directory",
        Path("nul\0"): "null ",
    }.items():
        with pytest.raises(UsageError) as caught:
            load_rule_file(path)
        message = caught.value.one_line()
        assert reason in message
        assert message.startswith(("rule file ", "folder "))
        assert message.isprintable()
        assert caught.value.remedy
    big = tmp_path / "big"
    big.write_bytes(b"-D\n" * 100)
    monkeypatch.setattr(rule_content, "MAX_FILE_BYTES", 299)
    with pytest.raises(UsageError, match="300 bytes"):
        load_rule_file(big)


def test_a_file_without_the_right_to_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the system refuses it; root reads everything, so the refusal is made up."""
    path = tmp_path / "secret"
    path.touch()
    refusal = PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    monkeypatch.setattr("os.open", Mock(side_effect=refusal))
    with pytest.raises(UsageError, match="Permission denied"):
        load_rule_file(path)


def test_many_rules() -> None:
    count = 3000
    file = read(*(f"-a always,exit -F pid={number}" for number in range(count)))
    assert pids(file) == list(range(count))


def test_a_file_of_another_kind_is_told_once_and_not_line_by_line() -> None:
    passwd = (
        "root:x:0:0:root:/root:/bin/bash\n# a comment\nnobody:x:65534:65534::/:/usr/sbin/nologin\n"
    )
    with pytest.raises(
        UsageError, match="p is not a rule file: not one of its 2 lines begins with"
    ):
        parse_rules_text(passwd, "p")
    with pytest.raises(ManyFaultsError, match="p:1: "):
        parse_rules_text(f"{passwd}-D\n", "p")
