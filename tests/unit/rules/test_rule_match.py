"""What is certain about a rule set and what is not."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from harness.kernel.rules.fields import ALL_SYSCALLS, Field, FilterList, Operator
from harness.kernel.rules.file import parse_rules_text
from harness.kernel.rules.matching.match import certainly_audited
from harness.kernel.rules.rule import Rule, RuleField
from harness.kernel.rules.syscall_access import perm_matches

pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="the syscall numbers are those of x86_64"
)


EXECVE, CONNECT, GETPPID, OPENAT, CHMOD = 59, 42, 110, 257, 90
EXE = "/no/such/generator"


def answer(
    *lines: str,
    call: int = CONNECT,
    exe: str | None = EXE,
    arch: str | int = "x86_64",
    **known: int,
) -> bool | None:
    rules = parse_rules_text("\n".join(lines), "test", elsewhere=True).rules
    return certainly_audited(rules, arch, call, exe, known=known)


EXEC = "-a always,exit -F arch=b64 -S execve,connect"


@pytest.mark.parametrize(
    ("expected", "lines"),
    [
        (False, []),
        (True, [EXEC]),
        (True, ["-a always,exit -S connect"]),
        (True, ["-a always,exit -S all -F success=1 -k key"]),
        (False, ["-a always,exit -F arch=b64 -S execve"]),
        (False, ["-a always,exit -F arch=b32 -S connect"]),
        (True, ["-a always,exit -F arch!=b32 -S all"]),
        (False, ["-a never,exit -F arch=b64 -S connect", EXEC]),
        (True, [EXEC, "-a never,exit -F arch=b64 -S connect"]),
        (False, [EXEC, "-A never,exit -S connect"]),
        (True, ["-a never,exit -F arch=b64 -S execve", EXEC]),
        # The generator's own program, and others.
        (False, [f"-a never,exit -S all -F exe={EXE}", EXEC]),
        (True, ["-a never,exit -S all -F exe=/no/such/other", EXEC]),
        (False, [f"{EXEC} -F exe!={EXE}"]),
        (True, [f"{EXEC} -F exe={EXE}"]),
        # Root's ids.
        (True, [f"{EXEC} -F uid=0 -F euid<1 -F fsuid<=0 -F gid=0"]),
        (False, [f"{EXEC} -F uid>=1000"]),
        (False, [f"{EXEC} -F gid!=0"]),
        (False, [f"{EXEC} -C uid!=euid"]),
        (True, [f"{EXEC} -C uid=fsuid"]),
        # Not known: groups beside the first, what the call returns, labels, objects.
        (None, [f"{EXEC} -F gid=4"]),
        (None, [f"{EXEC} -F gid!=4"]),
        (False, [f"{EXEC} -F sgid=4"]),
        (None, [f"{EXEC} -F auid!=unset"]),
        (None, [f"{EXEC} -F sessionid=3"]),
        (None, [f"{EXEC} -F exit>=0"]),
        (False, [f"{EXEC} -F exit=-EACCES"]),
        (True, [f"{EXEC} -F exit!=-EACCES"]),
        (False, [f"{EXEC} -F success=0"]),
        (None, [f"{EXEC} -F subj_type=t"]),
        (None, [f"{EXEC} -C auid!=obj_uid"]),
        (None, [f"{EXEC} -F a0=5"]),
        (None, [f"{EXEC} -F pid=1"]),
        # What may match first makes what follows uncertain, unless it says the same.
        (None, ["-a never,exit -S all -F pid=1", EXEC]),
        (True, ["-a always,exit -S all -F pid=1", EXEC]),
        (False, ["-a never,exit -S all -F pid=1", "-a never,exit -S all", EXEC]),
        # A field that is certainly false decides, whatever the others are.
        (False, [f"{EXEC} -F pid=1 -F uid=7"]),
        # The task list, at the fork.
        (False, ["-a never,task", EXEC]),
        (True, ["-a always,task", "-a never,exit -S all"]),
        (False, ["-a never,task -F uid=0", EXEC]),
        (True, ["-a never,task -F uid=7", EXEC]),
        (None, ["-a never,task -F auid=1000", EXEC]),
        (True, ["-a never,task -F exe=/no/such/generator", EXEC]),
        (False, ["-a never,task -F exe!=/no/such/generator", EXEC]),
        (True, ["-a never,task -F arch=b64", EXEC]),
        # The exclude list, on the SYSCALL record.
        (False, [EXEC, "-a always,exclude -F msgtype=SYSCALL"]),
        (False, [EXEC, "-a never,exclude -F msgtype=SYSCALL"]),
        (True, [EXEC, "-a always,exclude -F msgtype=CWD"]),
        (False, [EXEC, "-a always,exclude -F msgtype>=1300"]),
        (False, [EXEC, f"-a always,exclude -F exe={EXE}"]),
        (False, [EXEC, "-a always,exclude -F gid=0 -F uid=0"]),
        (None, [EXEC, "-a always,exclude -F auid=1000"]),
        (True, [EXEC, "-a always,exclude -F auid=1000 -F msgtype=CWD"]),
        (False, ["-a always,exclude -F msgtype=SYSCALL"]),
        # Other lists have no say.
        (True, [EXEC, "-a never,user -F uid=0", "-a never,filesystem -F fstype=tracefs"]),
        (False, ["-a always,io_uring -S connect"]),
        # A watch never matches a call on a socket.
        (False, ["-w /etc/passwd -p wa"]),
        (True, ["-w /etc/passwd", EXEC]),
        (None, ["-a never,exit -F path=/etc/passwd", EXEC]),
    ],
)
def test_connect(expected: bool | None, lines: list[str]) -> None:
    assert answer(*lines) is expected


def test_known_values() -> None:
    rule = f"{EXEC} -F auid>=1000 -F auid!=unset"
    assert answer(rule, auid=1000) is True
    assert answer(rule, auid=0) is False
    assert answer(rule, auid=0xFFFFFFFF) is False
    assert answer(rule, auid=-1) is False
    assert answer(f"{EXEC} -F sessionid=3", sessionid=3) is True
    assert answer(f"{EXEC} -F uid=1000", uid=1000) is True
    assert answer(f"{EXEC} -C auid=uid", auid=0) is True
    assert answer(f"{EXEC} -F a0&=3", a0=7) is True
    assert answer(f"{EXEC} -F a0&4", a0=3) is False
    assert answer(f"{EXEC} -F exit>0", exit=-13) is True  # without its sign, as the kernel does
    assert answer(f"{EXEC} -F saddr_fam=2", saddr_fam=2) is True
    # At the fork the loginuid may have been another.
    assert answer("-a never,task -F auid=1000", EXEC, auid=1000) is None


def test_the_kernels_own_field_for_unset() -> None:
    field = RuleField(Field.LOGINUID_SET, Operator.EQUAL, 0)
    rule = Rule(FilterList.EXIT, 2, ALL_SYSCALLS, (field,))
    assert certainly_audited([rule], "x86_64", CONNECT, EXE) is None
    assert certainly_audited([rule], "x86_64", CONNECT, EXE, known={"auid": 0}) is False
    unset = {"auid": 0xFFFFFFFF}
    assert certainly_audited([rule], "x86_64", CONNECT, EXE, known=unset) is True


def test_a_field_at_which_the_exclude_list_ends() -> None:
    (syscall,) = parse_rules_text(EXEC, "test").rules
    key = RuleField(Field.FILTERKEY, Operator.EQUAL, b"key")
    kind = RuleField(Field.MSGTYPE, Operator.EQUAL, 1300)
    other = RuleField(Field.MSGTYPE, Operator.EQUAL, 1307)
    unknown = RuleField(Field.LOGINUID, Operator.EQUAL, 1000)
    drop = Rule(FilterList.EXCLUDE, 2, ALL_SYSCALLS, (kind,))

    def kept(*fields: RuleField) -> bool | None:
        first = Rule(FilterList.EXCLUDE, 2, ALL_SYSCALLS, fields)
        return certainly_audited([syscall, first, drop], "x86_64", CONNECT, EXE)

    assert kept(kind, key) is True
    assert kept(other, key) is False
    assert kept(unknown, key) is None
    assert kept() is False
    empty = Rule(FilterList.EXCLUDE, 2, ALL_SYSCALLS)
    assert certainly_audited([syscall, empty], "x86_64", CONNECT, EXE) is True


def test_who_runs_is_not_known() -> None:
    assert answer(f"-a never,exit -S all -F exe={EXE}", EXEC, exe=None) is None
    assert answer(EXEC, exe=None) is True


def test_programs_are_compared_as_the_kernel_does(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.touch()
    link, hard, other = tmp_path / "link", tmp_path / "hard", tmp_path / "other"
    link.symlink_to(real)
    hard.hardlink_to(real)
    other.touch()
    for named, expected in {real: False, hard: False, link: True, other: True}.items():
        rule = f"-a never,exit -S all -F exe={named}"
        assert answer(rule, EXEC, exe=str(real)) is expected, named
    assert answer(f"-a never,exit -S all -F exe={real}", EXEC, exe=str(link)) is False


def test_watches() -> None:
    watch = "-w /etc/passwd -p wa"
    assert answer(watch, call=EXECVE) is False
    assert answer(watch, call=OPENAT) is None
    assert answer("-a always,exit -F perm=x", call=EXECVE) is True
    assert answer("-a always,exit -F path=/bin/sh -F perm=x", call=EXECVE) is None
    assert answer("-a always,exit -F perm=x", call=CONNECT) is False
    negated = RuleField(Field.PERM, Operator.NOT_EQUAL, 1)
    rule = Rule(FilterList.EXIT, 2, ALL_SYSCALLS, (negated,))
    assert certainly_audited([rule], "x86_64", CONNECT, EXE) is True


def test_archs() -> None:
    assert answer(EXEC, arch=0xC000003E) is True
    assert answer(EXEC, arch=0x40000003) is False
    assert answer(EXEC, arch="a machine nobody knows") is None
    assert perm_matches(0xC00000B7, 221, 1) is True
    assert perm_matches(0xC00000B7, 203, 15) is False
    assert perm_matches(0x40000003, 11, 1) is True
    assert perm_matches(0x40000003, 11, 10) is False
    assert perm_matches(0x40000003, 5, 10) is None
