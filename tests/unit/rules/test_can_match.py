"""What hinders each rule of a set from matching a load, by the kernel's order."""

from __future__ import annotations

import platform
from dataclasses import replace
from pathlib import Path

import pytest

from harness.kernel.rules.fields import Field, Operator
from harness.kernel.rules.file import parse_rules_text
from harness.kernel.rules.matching.can_match import (
    CALL,
    CAN_MATCH,
    EARLIER,
    IO_URING,
    MESSAGE,
    RECORD,
    UNREAD,
    hindrances,
)
from harness.kernel.rules.matching.field_match import Call
from harness.kernel.rules.rule import RuleField

pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="the syscall numbers are those of x86_64"
)

X86_64 = 0xC000003E
UNSET = 0xFFFFFFFF
SOCKET, CONNECT, EXECVE, OPENAT, UNLINKAT = 41, 42, 59, 257, 263
GENERATOR, SHELL = "/no/such/generator", "/no/such/shell"
READ, WRITE, EXECUTE = 4, 2, 1
EACCES, ENOENT = 13, 2
IDS = dict.fromkeys(("uid", "euid", "suid", "fsuid", "gid", "egid", "sgid", "fsgid"), 0)
NET = "-a always,exit -F arch=b64 -S connect"


def call(
    number: int | None,
    *,
    exe: str | None = GENERATOR,
    paths: tuple[str, ...] | None = (),
    access: int | None = 0,
    errors: frozenset[int] | None = frozenset(),
    **known: int,
) -> Call:
    values = {**IDS, "auid": 1000, "pers": 0} | known
    if errors == frozenset():
        values["success"] = 1
    return Call(X86_64, number, exe, values, paths, access, errors, frozenset({0, 4}))


UDP = (call(SOCKET, a0=2), call(CONNECT, saddr_fam=2))
SHELLS = (
    call(EXECVE, exe=SHELL, paths=(SHELL,), access=EXECUTE),
    call(OPENAT, exe=SHELL, paths=("/no/lib/",), access=READ, errors=frozenset({ENOENT})),
)
FILES = (
    call(OPENAT, paths=("/no/tmp/existing",), access=READ),
    call(OPENAT, paths=("/no/tmp/passing",), access=WRITE),
    call(UNLINKAT, paths=("/no/tmp/passing",), access=WRITE),
)
ANYTHING = (Call(0, None, None, {"auid": 1000}),)


def reasons(load: tuple[Call, ...], *lines: str) -> list[str]:
    rules = parse_rules_text("\n".join(lines), "test", elsewhere=True).rules
    return hindrances(rules, load)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (NET, CAN_MATCH),
        ("-a always,exit -S all -k every", CAN_MATCH),
        ("-a always,exit -F arch=b64 -S chmod,fchmod -F auid>=1000", CALL),
        ("-a always,exit -F arch=b32 -S connect", "arch"),
        # Whose number on this architecture the load makes all the same: 59 is execve here.
        ("-a always,exit -F arch=b32 -S oldolduname", "arch"),
        # The login uid, in all its forms.
        (f"{NET} -F auid>=1000 -F auid!=unset", CAN_MATCH),
        (f"{NET} -F auid=1000", CAN_MATCH),
        (f"{NET} -F auid>1000", "auid"),
        (f"{NET} -F auid<1000", "auid"),
        (f"{NET} -F auid!=1000", "auid"),
        (f"{NET} -F auid=unset", "auid"),
        (f"{NET} -F auid=4294967295", "auid"),
        (f"{NET} -F sessionid=7", CAN_MATCH),
        # Other ids; groups count the supplementary ones.
        (f"{NET} -F uid>=1000", "uid"),
        (f"{NET} -F uid=0 -F euid=0 -F suid=0 -F fsuid=0", CAN_MATCH),
        (f"{NET} -F euid!=0", "euid"),
        (f"{NET} -F fsuid=33", "fsuid"),
        (f"{NET} -F gid=4", CAN_MATCH),
        (f"{NET} -F egid=5", "egid"),
        (f"{NET} -F gid!=4", "gid"),
        (f"{NET} -F sgid=4", "sgid"),
        (f"{NET} -F pid=1", CAN_MATCH),
        (f"{NET} -F ppid=1", CAN_MATCH),
        (f"{NET} -F pers=8", "pers"),
        # Two fields against each other.
        (f"{NET} -C uid!=euid", "-C"),
        (f"{NET} -C uid=euid", CAN_MATCH),
        (f"{NET} -C auid!=uid", CAN_MATCH),
        (f"{NET} -C auid=euid", "-C"),
        (f"{NET} -C auid!=obj_uid", "-C"),
        # What the call does, and how it ends.
        (f"{NET} -F success=1", CAN_MATCH),
        (f"{NET} -F success=0", "success"),
        (f"{NET} -F exit=-EACCES", "exit"),
        (f"{NET} -F exit!=-EACCES", CAN_MATCH),
        (f"{NET} -F saddr_fam=2", CAN_MATCH),
        (f"{NET} -F saddr_fam=10", "saddr_fam"),
        ("-a always,exit -F arch=b64 -S socket -F a0=2", CAN_MATCH),
        ("-a always,exit -F arch=b64 -S socket -F a0=16", "a0"),
        (f"{NET} -F a1=5", CAN_MATCH),
        # Programs and files.
        (f"{NET} -F exe={GENERATOR}", CAN_MATCH),
        (f"{NET} -F exe=/no/such/other", "exe"),
        (f"{NET} -F exe!={GENERATOR}", "exe"),
        ("-w /etc/passwd -p wa -k identity", "path"),
        ("-a always,exit -F path=/etc/shadow -F perm=r", "path"),
        ("-a always,exit -F dir=/etc -F perm=wa", "path"),
        ("-a always,exit -S all -F inode=7", "path"),
        ("-a always,exit -S all -F perm=x", "perm"),
        (f"{NET} -F devmajor=8", "devmajor"),
        (f"{NET} -F obj_uid=0", "obj_uid"),
        (f"{NET} -F subj_type=httpd_t", CAN_MATCH),
        # The first condition that fails decides, in the rule's own order.
        (f"{NET} -F auid=7 -F uid=7", "auid"),
        (f"{NET} -F uid=7 -F auid=7", "uid"),
        # Lists that a load meets with all it does, or not at all.
        ("-a never,user -F uid=0", MESSAGE),
        ("-a never,filesystem -F fstype=tracefs", "path"),
        ("-a never,task -F uid=0", CAN_MATCH),
        ("-a never,task -F uid=7", "uid"),
        ("-a never,task -F auid=7", CAN_MATCH),
    ],
)
def test_of_one_rule_under_datagrams(line: str, expected: str) -> None:
    assert reasons(UDP, line) == [expected]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-a always,exit -F arch=b64 -S execve -F euid=0", CAN_MATCH),
        (f"-w {SHELL} -p x", CAN_MATCH),
        (f"-w {SHELL} -p wa", "perm"),
        ("-w /no/such/other -p x", "path"),
        ("-a always,exit -F dir=/no/such -F perm=x", CAN_MATCH),
        # Something below it, not known which.
        ("-w /no/lib/libc.so -p r", CAN_MATCH),
        ("-a always,exit -F dir=/no/lib/deep -F perm=r", CAN_MATCH),
        ("-a always,exit -F dir=/no/library -F perm=r", "path"),
        ("-a always,exit -F arch=b64 -S openat -F exit=-EACCES", "exit"),
        ("-a always,exit -F arch=b64 -S openat -F exit=-ENOENT", CAN_MATCH),
        ("-a always,exit -F arch=b64 -S openat -F success=0", CAN_MATCH),
        ("-a never,filesystem -F fstype=tracefs", CAN_MATCH),
    ],
)
def test_of_one_rule_under_shells(line: str, expected: str) -> None:
    assert reasons(SHELLS, line) == [expected]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-a always,exit -F dir=/no/tmp -F perm=w", CAN_MATCH),
        ("-a always,exit -F dir=/no/tmp -F perm=a", "perm"),
        ("-a always,exit -F dir=/no/tm", "path"),
        ("-w /no/tmp/existing -p r", CAN_MATCH),
        ("-w /no/tmp/existing -p wa", "perm"),
        ("-a always,exit -F arch=b64 -S unlinkat -F auid>=1000 -F auid!=unset", CAN_MATCH),
        ("-a always,exit -F arch=b64 -S openat -F exit=-EPERM", "exit"),
    ],
)
def test_of_one_rule_under_files(line: str, expected: str) -> None:
    assert reasons(FILES, line) == [expected]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        # The first match takes the call, whatever its action.
        (["-a never,exit -S all", NET], [CAN_MATCH, EARLIER]),
        ([NET, "-a never,exit -S all"], [CAN_MATCH, CAN_MATCH]),
        ([NET, f"{NET} -k again"], [CAN_MATCH, EARLIER]),
        ([NET, "-A never,exit -F arch=b64 -S connect"], [CAN_MATCH, EARLIER]),
        ([f"-a never,exit -S all -F exe={GENERATOR}", NET], [CAN_MATCH, EARLIER]),
        (["-a never,exit -S all -F exe=/no/such/other", NET], ["exe", CAN_MATCH]),
        (["-a never,exit -F arch=b64 -S socket", NET], [CAN_MATCH, CAN_MATCH]),
        # What only may match takes nothing for certain.
        (["-a never,exit -S all -F pid=1", NET], [CAN_MATCH, CAN_MATCH]),
        # What cannot match at all is told so, not that it comes late.
        (["-a never,exit -S all", f"{NET} -F uid=7"], [CAN_MATCH, "uid"]),
        # A task without audit context never comes to the exit list.
        (["-a never,task", NET], [CAN_MATCH, EARLIER]),
        (["-a always,task -F uid=0", "-a never,exit -S all"], [CAN_MATCH, EARLIER]),
        (["-a never,task -F uid=7", NET], ["uid", CAN_MATCH]),
        # Exclusions are of records, and there are none without an event.
        (["-a never,exit -S all", "-a always,exclude -F msgtype=CWD"], [CAN_MATCH, RECORD]),
        ([NET, "-a always,exclude -F msgtype=CWD"], [CAN_MATCH, CAN_MATCH]),
        ([NET, "-a always,exclude -F msgtype=USER_LOGIN"], [CAN_MATCH, "msgtype"]),
        ([NET, "-a always,exclude -F msgtype=CWD -F auid=7"], [CAN_MATCH, "auid"]),
        ([NET, "-a always,exclude -F uid=7"], [CAN_MATCH, "uid"]),
    ],
)
def test_of_rules_together(lines: list[str], expected: list[str]) -> None:
    assert sorted(reasons(UDP, *lines)) == sorted(expected)


def test_io_uring_is_not_used_by_a_load() -> None:
    rules = parse_rules_text("-a always,io_uring -S connect\n", "test", elsewhere=True).rules
    assert hindrances(rules, UDP) == [IO_URING]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (NET, CAN_MATCH),
        ("-a always,exit -F arch=b32 -S connect", CAN_MATCH),
        ("-w /etc/passwd -p wa", CAN_MATCH),
        (f"{NET} -F auid=7", "auid"),
        (f"{NET} -F euid=33", CAN_MATCH),
        (f"{NET} -F success=0 -F exit=-EACCES", CAN_MATCH),
        (f"{NET} -C uid!=euid", CAN_MATCH),
    ],
)
def test_of_an_unknown_command_only_the_login_uid_is_known(line: str, expected: str) -> None:
    assert reasons(ANYTHING, line) == [expected]


def test_what_may_match_first_takes_nothing() -> None:
    assert reasons(ANYTHING, "-a never,exit -S all", NET) == [CAN_MATCH, CAN_MATCH]


def test_without_calls_nothing_matches() -> None:
    assert reasons((), NET, "-a always,exclude -F msgtype=CWD") == [CALL, RECORD]


def test_a_field_that_the_exclude_list_lacks_ends_it() -> None:
    lines = f"{NET}\n-a always,exclude -F msgtype=CWD\n-a always,exclude -F uid=0\n"
    listed = parse_rules_text(lines, "test", elsewhere=True).rules
    kernel_stops = RuleField(Field.EUID, Operator.EQUAL, 0)
    first = replace(listed[1], fields=(kernel_stops,))
    assert hindrances([listed[0], first, listed[2]], UDP) == [CAN_MATCH, UNREAD, EARLIER]


def test_files_are_compared_by_inode_and_links_as_the_kernel_does(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("")
    (tmp_path / "hard").hardlink_to(program)
    (tmp_path / "soft").symlink_to(program)
    (tmp_path / "folder").symlink_to(tmp_path, target_is_directory=True)
    load = (call(EXECVE, exe=str(program), paths=(str(tmp_path / "soft"),), access=EXECUTE),)
    # A rule on a link watches the link; a call goes through it.
    assert reasons(load, f"-w {tmp_path}/program -p x") == [CAN_MATCH]
    assert reasons(load, f"-w {tmp_path}/hard -p x") == [CAN_MATCH]
    assert reasons(load, f"-w {tmp_path}/soft -p x") == ["path"]
    assert reasons(load, f"-w {tmp_path}/folder/program -p x") == [CAN_MATCH]
    assert reasons(load, f"-a always,exit -F dir={tmp_path}/folder -F perm=x") == [CAN_MATCH]
    assert reasons(load, f"-a always,exit -S execve -F exe={tmp_path}/hard") == [CAN_MATCH]
