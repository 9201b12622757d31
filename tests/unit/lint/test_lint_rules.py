"""What rules of a file do to each other: each finding where it is due, and none where it is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.kernel.rules.lint.conditions import View
from harness.kernel.rules.lint.finding import Finding
from harness.kernel.rules.lint.linter import lint_source
from harness.kernel.rules.lint.never import never_matching
from harness.kernel.rules.lint.parsed import LoadedRule, parse_source
from harness.kernel.rules.lint.source import read_source
from harness.kernel.rules.rule import mask_of

B64 = "-a always,exit -F arch=b64 -S "
B32 = "-a always,exit -F arch=b32 -S "
NEVER = "-a never,exit -F arch=b64 -S "


def lint(folder: Path, *lines: str, elsewhere: bool = True) -> list[Finding]:
    file = folder / "some.rules"
    file.write_text("".join(f"{line}\n" for line in lines))
    return lint_source(read_source(file), elsewhere=elsewhere)


def found(folder: Path, *lines: str, codes: str) -> list[tuple[int, str]]:
    """The lines and codes of the findings that are asked for."""
    wanted = codes.split()
    return [(f.place.line, f.kind.code) for f in lint(folder, *lines) if f.kind.code in wanted]


SHADOWS = "shadowed redundant never-first exclusion-undone"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((f"{B64}openat -k a", f"{B64}openat -F uid=0 -k b"), [(2, "shadowed")]),
        ((f"{B64}openat -F uid=0 -k b", f"{B64}openat -k a"), []),
        ((f"{B64}openat,open -k a", f"{B64}openat -k a"), [(2, "redundant")]),
        ((f"{B64}openat -k a", f"{B64}openat,open -k b"), []),
        ((f"{B64}openat -k a", f"{B32}openat -F uid=0 -k b"), []),
        (("-a always,exit -S all -F uid=0 -F key=a", f"{B64}openat -F uid=0 -k b"),
         [(2, "shadowed")]),
        ((f"{B64}openat -F auid>=500 -k a", f"{B64}openat -F auid>=1000 -F auid!=unset -k b"),
         [(2, "shadowed")]),
        ((f"{B64}openat -F auid>=1000 -k a", f"{B64}openat -F auid>=500 -k b"), []),
        ((f"{B64}openat -F auid!=unset -k a", f"{B64}openat -F auid=1000 -k b"), [(2, "shadowed")]),
        ((f"{B64}openat -F exit=-EACCES -k a", f"{B64}openat -F exit=-EPERM -k b"), []),
        ((f"{B64}openat -F a2&0100 -k a", f"{B64}openat -F a2&0100 -F uid=0 -k b"),
         [(2, "shadowed")]),
        ((f"{B64}openat -F a2&0100 -k a", f"{B64}openat -F uid=0 -k b"), []),
        ((f"{B64}openat -F gid=5 -k a", f"{B64}openat -F gid=5 -F gid=6 -k b"), [(2, "shadowed")]),
        ((f"{B64}openat -F gid!=5 -k a", f"{B64}openat -F gid=6 -k b"), []),
        ((f"{B64}openat -F exe=/bin/a -k a", f"{B64}openat -F exe=/bin/b -k b"), []),
        ((f"{B64}openat -F exe!=/bin/a -k a", f"{B64}openat -F exe=/bin/b -k b"), []),
        ((f"{NEVER}openat", f"{B64}openat -F uid=0 -k b"), [(2, "never-first")]),
        ((f"{NEVER}openat", f"{NEVER}openat -F uid=0"), [(2, "redundant")]),
        ((f"{B64}openat -k a", f"{NEVER}openat -F uid=0"), [(2, "exclusion-undone")]),
        ((f"{B64}openat -k a", "-A never,exit -F arch=b64 -S openat -F uid=0"), []),
        (("-w /etc -p wa -k a", "-w /etc/passwd -p w -k b"), [(2, "shadowed")]),
        (("-w /etc -p wa -k a", "-w /etc/passwd -p rwa -k b"), []),
        (("-w /etc -p wa -k a", "-w /etcetera -p wa -k b"), []),
        (("-w /etc/passwd -p wa -k a", "-w /etc -p wa -k b"), []),
        (("-a never,exit -F dir=/etc -F perm=wa", "-w /etc/passwd -p wa -k b"),
         [(2, "never-first")]),
        ((f"{B64}openat -k a", "-D", f"{B64}openat -F uid=0 -k b"), []),
        ((f"{B64}openat -k a", "-d always,exit -F arch=b64 -S openat -F key=a",
          f"{B64}openat -F uid=0 -k b"), []),
        (("-a never,user -F uid=0", "-a never,user -F uid=0 -F auid=5"), [(2, "redundant")]),
        (("-a always,exclude -F msgtype=CWD", "-a never,exclude -F msgtype=CWD -F uid=0"),
         [(2, "redundant")]),
        (("-a always,user", "-a never,user -F uid=0"), []),
        (("-a always,user -F euid=0", "-a never,user -F euid=0 -F uid=0"), []),
        (("-a always,filesystem -F fstype=tracefs", "-a never,filesystem -F fstype=tracefs"), []),
        (("-a never,task -F uid=0", "-a never,task -F uid=0 -F auid=5"), [(2, "redundant")]),
        ((f"{B64}openat -F subj_type=a -k a", f"{B64}openat -F subj_type=b -k b"), []),
        ((f"{B64}openat -F perm=wa -k a", f"{B64}openat -F perm=w -k b"), [(2, "shadowed")]),
        ((f"{B64}openat -F perm=w -k a", f"{B64}openat -F perm=wa -k b"), []),
    ],
    ids=str,
)  # fmt: skip
def test_shadows(tmp_path: Path, lines: tuple[str, ...], expected: list[tuple[int, str]]) -> None:
    assert found(tmp_path, *lines, codes=SHADOWS) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((f"{B64}connect -k a", f"{NEVER}connect,bind -F uid=0"), [(2, "exclusion-late")]),
        ((f"{B64}connect -k a", f"{NEVER}connect,bind -F uid=0", f"{B64}bind -k b"),
         [(2, "exclusion-partial")]),
        ((f"{NEVER}connect,bind -F uid=0", f"{B64}connect -k a"), []),
        (("-D", f"{B64}connect -k a", f"{NEVER}bind -F uid=0"), [(3, "exclusion-idle")]),
        ((f"{NEVER}bind -F uid=0",), []),
        (("-w /etc/passwd -p wa -k a", "-a never,exit -F arch=b64 -S all -F exe=/bin/a",
          f"{B64}connect -k b"), []),
        (("-D", f"{B64}connect -F exe=/bin/b -k a", f"{NEVER}connect -F exe=/bin/a"),
         [(3, "exclusion-idle")]),
        (("-D", "-w /etc/passwd -p wa -k a", "-a never,exit -F path=/etc/shadow -F perm=wa"),
         [(3, "exclusion-idle")]),
    ],
    ids=str,
)  # fmt: skip
def test_misplaced_exclusions(
    tmp_path: Path, lines: tuple[str, ...], expected: list[tuple[int, str]]
) -> None:
    codes = "exclusion-late exclusion-partial exclusion-idle"
    assert found(tmp_path, *lines, codes=codes) == expected


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (f"{B64}openat -F auid=0 -F auid>=1000 -k x", "contradiction"),
        (f"{B64}openat -F uid!=0 -F uid=0 -k x", "contradiction"),
        (f"{B64}openat -F success=2 -k x", "contradiction"),
        (f"{B64}openat -F success=1 -F exit=-EACCES -k x", "contradiction"),
        (f"{B64}openat -F success=0 -F exit=3 -k x", "contradiction"),
        (f"{B64}openat -F subj_type=a -F subj_type=b -k x", "contradiction"),
        ("-a never,user -F msgtype=SYSCALL", "contradiction"),
        (f"{B64}openat -F uid<0 -k x", "contradiction"),
        (f"{B64}openat -F exit=EACCES -k x", "exit-positive"),
        (f"{B64}execve -F perm=wa -k x", "perm-never"),
        (f"{B64}openat -F success=0 -F exit=-EACCES -k x", ""),
        (f"{B64}openat -F gid=5 -F gid=6 -k x", ""),
        (f"{B64}openat -F obj_uid=5 -F obj_uid=6 -k x", ""),
        (f"{B64}openat -F a0=1 -F a0!=2 -k x", ""),
        (f"{B64}openat -F exit=-EACCES -k x", ""),
        (f"{B64}execve -F perm=x -k x", ""),
        (f"{B64}openat -F perm=wa -k x", ""),
        ("-a always,exclude -F msgtype=CWD", ""),
        ("-a never,user -F msgtype=USER_LOGIN", ""),
    ],
)
def test_rules_that_never_match(tmp_path: Path, line: str, code: str) -> None:
    codes = "contradiction exit-positive perm-never"
    assert found(tmp_path, line, codes=codes) == ([(1, code)] if code else [])


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ("-F exit=-EACCES -F exit=-EPERM", "exit=-EACCES and exit=-EPERM"),
        ("-F auid=unset -F auid>=1000 -F auid<2000", "auid=-1 and auid>=1000 and auid<2000"),
        ("-F a0=3 -F a0=4", "a0=0x3 and a0=0x4"),
        ("-F arch=b32", "arch=b64 and arch=b32"),
    ],
)
def test_conditions_are_told_as_a_rule_has_them(tmp_path: Path, fields: str, told: str) -> None:
    file = tmp_path / "one.rules"
    file.write_text(f"{B64.replace(' -S ', f' {fields} -S ')}openat -k x\n")
    reasons = [each.reason for each in lint_source(read_source(file))]
    assert f"{told} never hold together, so the rule never matches" in reasons


EXECVE, RENAME = 59, 82


@pytest.mark.parametrize(
    ("named", "loaded", "effect"),
    [
        ("execve", [EXECVE], "it never matches"),
        ("execve", [EXECVE, RENAME], "it matches only the syscalls that auditctl here adds"),
        ("execve,rename", [EXECVE, RENAME], ""),
        ("rename", [RENAME], ""),
    ],
)
def test_perm_is_judged_by_the_syscalls_that_a_line_names(
    tmp_path: Path, named: str, loaded: list[int], effect: str
) -> None:
    """With libaudit 4 a rule has more syscalls than its line names: all that perm= is about."""
    file = tmp_path / "some.rules"
    file.write_text(f"{B64}{named} -F perm=wa -k x\n")
    (read,) = parse_source(read_source(file), elsewhere=True).rules
    rule = LoadedRule(
        read.place, read.text, View(replace(read.view.rule, mask=mask_of(loaded))), read.named
    )
    reasons = [finding.reason for finding in never_matching([rule])]
    assert len(reasons) == bool(effect)
    assert all(effect in reason for reason in reasons)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((f"{B64}chmod -k a",), "none is for 32-bit ones"),
        ((f"{B64}chmod -k a", f"{B32}chmod -k other"), ""),
        ((f"{B64}chmod,chown -k a", f"{B32}chmod -k a"), "there is line 2, without chown"),
        ((f"{B64}chmod,chown -k a", f"{B32}chmod -k a", f"{B32}chown -k a"), ""),
        ((f"{B64}chmod -k a", f"{B32}ptrace -k a"), "none is for 32-bit ones"),
        ((f"{B64}chmod -F auid>=1000 -k a", f"{B32}chmod -k a"), ""),
        ((f"{B64}chmod -k a", f"{B32}chmod -F auid>=1000 -k a"), "none is for 32-bit ones"),
        ((f"{B64}chmod -k a", "-a always,exit -F arch=b32 -S all -F key=b"), ""),
        ((f"{B64}chmod -k a", "-a never,exit -F arch=b32 -S all"), ""),
        ((f"{B64}accept -k a", f"{B32}accept4 -k a"), ""),
        ((f"{B64}arch_prctl,chmod -k a", f"{B32}chmod -k a", f"{B32}arch_prctl -k a"), ""),
        ((f"{NEVER}chmod",), ""),
        (("-w /etc/passwd -p wa -k a",), ""),
    ],
    ids=str,
)
def test_twins(tmp_path: Path, lines: tuple[str, ...], expected: str) -> None:
    reasons = [f.reason for f in lint(tmp_path, *lines) if f.kind.code == "twin-missing"]
    assert bool(reasons) == bool(expected)
    assert expected in "".join(reasons)


@pytest.mark.parametrize(
    ("lines", "merged"),
    [
        ((f"{B64}chmod -k a", f"{B64}chown -k a"), True),
        ((f"{B64}chmod -k a", f"{B64}chown -k b"), False),
        ((f"{B64}chmod -k a", f"{B32}chown -k a"), False),
        ((f"{B64}chmod -k a", f"{NEVER}bind -F uid=0", f"{B64}chown -k a"), True),
        ((f"{B64}chmod -k a", f"{NEVER}chown -F uid=0", f"{B64}chown -k a"), False),
        ((f"{B64}chmod -k a", f"{B64}chown -F uid=0 -k b", f"{B64}chown -k a"), False),
    ],
    ids=str,
)
def test_mergeable_rules(tmp_path: Path, lines: tuple[str, ...], merged: bool) -> None:
    assert found(tmp_path, *lines, codes="mergeable") == ([(1, "mergeable")] if merged else [])


def test_a_good_file_has_no_finding(tmp_path: Path) -> None:
    lines = (
        "-D", "-b 8192", "-f 1", "--backlog_wait_time 60000",
        "-a never,exit -F arch=b64 -S connect -F uid=0",
        f"{B64}connect -F auid>=0 -k net", f"{B32}connect,socketcall -F auid>=0 -k net",
        "-a always,io_uring -S connect -k net",
        "-w /etc/passwd -p wa -k identity",
        "-e 2",
    )  # fmt: skip
    assert lint(tmp_path, *lines) == []


def test_the_line_is_that_of_the_rule_that_stays(tmp_path: Path) -> None:
    """-A in front: the prepended rule is the first, wherever it stands."""
    lines = (f"{B64}openat -F uid=0 -k b", "-A always,exit -F arch=b64 -S openat -k a")
    (finding,) = [f for f in lint(tmp_path, *lines) if f.kind.code == "shadowed"]
    assert (finding.place.line, finding.related[0].line) == (1, 2)


def test_all_bad_lines_are_found_at_once(tmp_path: Path) -> None:
    lines = (
        "-a always,exit -S",
        f"{B64}opne -k x",
        f"{B64}open -F dir!=/etc -k x",
        "-z",
        f"{B64}open",
    )
    findings = lint(tmp_path, *lines)
    errors = [(f.place.line, f.kind.code) for f in findings if f.severity == "error"]
    assert errors == [
        (1, "line-refused"), (1, "not-loaded"), (2, "unknown-syscall"), (3, "refused"),
        (4, "line-refused"),
    ]  # fmt: skip


def test_bad_lines_after_the_option_that_skips_them_are_warnings(tmp_path: Path) -> None:
    findings = lint(tmp_path, "-i", f"{B64}opne -k x", f"{B64}openat -k x")
    (bad,) = [f for f in findings if f.kind.code == "unknown-syscall"]
    assert (bad.severity, bad.reason[:24]) == ("warning", "skipped because of -i: -")
    assert "put -i" not in bad.remedy
    assert "not-loaded" not in {f.kind.code for f in findings}


def test_elsewhere_says_nothing_of_this_host(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("some.rules")
    lines = (
        f"-w {tmp_path}/none/file -p wa -k x", f"-w {tmp_path}/link -p x -k y",
        f"{B64}connect -F exe={tmp_path}/none -k z", f"{B64}bind -F uid=no-such-user -k u",
        f"-a always,exit -F dir={tmp_path}/some.rules -F perm=wa -F key=d",
    )  # fmt: skip
    here = {f.kind.code for f in lint(tmp_path, *lines, elsewhere=False)}
    there = {f.kind.code for f in lint(tmp_path, *lines)}
    own = {"path-missing", "watch-symlink", "exe-missing", "unknown-account", "dir-is-a-file"}
    assert own <= here
    assert there & (own | {"not-loaded"}) == set()


def test_carriage_returns_are_told_once(tmp_path: Path) -> None:
    findings = lint(tmp_path, *(f"-w /etc/{name} -p wa -k x\r" for name in "abc"))
    (finding,) = [f for f in findings if f.kind.code == "carriage-return"]
    assert finding.reason.endswith("(in 3 lines of this file)")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("-D", "-b 8192", "-w /a/b -p wa -k x", "-e 2"), []),
        (("-D", "-b 8192", "-e 2", "-w /a/b -p wa -k x"), [(3, "lock-not-last")]),
        (("-D", "-b 100", "-b 8192", "-w /a/b -p wa -k x"), [(2, "set-twice")]),
        (("-D", "-w /a/b -p wa -k x"), [(1, "backlog-small")]),
        (("-D", "-b 1000", "-w /a/b -p wa -k x"), [(2, "backlog-small")]),
        (("-D", "-b 1024", "-w /a/b -p wa -k x"), []),
        (("-w /a/b -p wa -k x",), []),
        (("-D", "-b 64"), []),
        (("-b 8192", "-w /a/b -p wa -k x"), [(1, "delete-missing")]),
        (("-D\r", "-b 8192", "-w /a/b -p wa -k x"), []),
    ],
    ids=str,
)
def test_settings(tmp_path: Path, lines: tuple[str, ...], expected: list[tuple[int, str]]) -> None:
    codes = "lock-not-last set-twice backlog-small backlog-unlimited delete-missing delete-late"
    assert found(tmp_path, *lines, codes=codes) == expected
