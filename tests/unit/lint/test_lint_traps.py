"""Small files after public rule sets and bug reports, each with all that is to be said of it.

Findings that any file of such a size has (`-D` and `-b` missing, 32-bit twins, io_uring) are left
out where they are not what the file is about.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.kernel.rules.lint.finding import Finding
from harness.kernel.rules.lint.linter import lint_source
from harness.kernel.rules.lint.source import read_source

USUAL = {"delete-missing", "backlog-small", "twin-missing", "io-uring-blind"}
CONNECT = "-a always,exit -F arch=b64 -S connect -k net\n"
Said = tuple[int, str, str]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a program, a folder, a link to each, and a file."""
    (tmp_path / "program").touch(0o755)
    (tmp_path / "link").symlink_to("program")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder-link").symlink_to("folder")
    (tmp_path / "file").touch()
    return tmp_path


def found(place: Path, text: str | bytes, *, usual: bool = False) -> list[Finding]:
    """What is said of a file; `{place}` is the folder."""
    content = text if isinstance(text, bytes) else text.replace("{place}", str(place)).encode()
    (place / "some.rules").write_bytes(content)
    findings = lint_source(read_source(place / "some.rules"))
    return [each for each in findings if usual or each.kind.code not in USUAL]


def said(findings: list[Finding]) -> list[Said]:
    return [(each.place.line, each.severity, each.kind.code) for each in findings]


@pytest.mark.parametrize("option", ["-i", "-c"])
def test_the_rest_of_an_ignoring_line_and_bad_lines_below_are_skipped(
    option: str, place: Path
) -> None:
    bad = "-a always,exit -F arch=b64 -S nosuchcall -k bad\n"
    findings = found(place, f"{option} 1\n{bad}{CONNECT}", usual=True)
    assert (1, "warning", "line-refused") in said(findings)
    assert (2, "warning", "unknown-syscall") in said(findings)
    assert (3, "warning", "twin-missing") in said(findings), "the other rules are taken"
    assert all(each.severity != "error" for each in findings)
    assert f"skipped because of {option}: 1 belongs to no option" in findings[0].reason


@pytest.mark.parametrize(
    ("condition", "operators"),
    [
        ("dir!=/etc", "dir takes only ="),
        ("dir>/etc", "dir takes only ="),
        ("path!=/etc/passwd", "path takes only ="),
        ("path<=/etc/passwd", "path takes only ="),
        ("subj_type>x", "subj_type takes only = !="),
        ("subj_user&x", "subj_user takes only = !="),
    ],
)
def test_operators_that_the_kernel_does_not_know_are_foreseen(
    condition: str, operators: str, place: Path
) -> None:
    line = f"-a always,exit -F arch=b64 -S open -F {condition} -k x\n"
    (finding,) = found(place, line)
    assert (finding.severity, finding.kind.code, finding.place.line) == ("error", "refused", 1)
    assert condition in finding.reason
    assert operators in finding.reason
    skipped, *others = found(place, f"-i\n{line}{CONNECT}")
    assert (skipped.severity, skipped.kind.code, skipped.place.line) == ("warning", "refused", 2)
    assert skipped.reason.startswith("skipped because of -i: ")
    assert "-i" not in skipped.remedy
    assert others == []


def test_a_file_that_dir_names_is_one_warning_and_its_remedy_no_directory(place: Path) -> None:
    (finding,) = found(place, "-a always,exit -F dir={place}/file -F perm=wa -k x\n")
    assert (finding.severity, finding.kind.code) == ("warning", "dir-is-a-file")
    assert "compares the rule at every syscall" in finding.reason
    assert finding.remedy == f"write path={place}/file"


@pytest.mark.parametrize(
    ("line", "target", "lost"),
    [
        ("-w {place}/link -p x -k x\n", "path={place}/program", "execution through it"),
        ("-a always,exit -F path={place}/link -F perm=x -k x\n", "path={place}/program",
         "execution through it"),
        ("-w {place}/folder-link -p wa -k x\n", "dir={place}/folder", "what happens below it"),
        ("-a always,exit -F dir={place}/folder-link -F perm=wa -k x\n", "dir={place}/folder",
         "what happens below it"),
    ],
)  # fmt: skip
def test_a_watch_on_a_link_names_the_target(line: str, target: str, lost: str, place: Path) -> None:
    first, *others = found(place, line)
    assert (first.severity, first.kind.code) == ("warning", "watch-symlink")
    assert f"{lost} produces no event" in first.reason
    assert first.remedy == "write " + target.replace("{place}", str(place))
    assert {each.kind.code for each in others} <= {"directory-watch"}


def test_after_i_no_remedy_is_one_that_is_already_followed(place: Path) -> None:
    missing = "".join(f"-w /no/such/{name}/file -p wa -k x\n" for name in "abc")
    findings = found(place, f"-i\n{missing}{CONNECT}")
    assert said(findings) == [(line, "note", "path-missing") for line in (2, 3, 4)]
    assert {each.remedy for each in findings} == {"create it first"}
    assert all(each.reason.startswith("skipped because of -i: ") for each in findings)


@pytest.mark.parametrize(
    ("text", "code", "cause", "remedy"),
    [
        (b'-a always,exit -F arch=b64 -S execve -F "auid>=1000" -k x\n', "quotes",
         "auditctl knows no quotes", "remove the quotes"),
        (b"-a always,exit -F arch=b64 -S execve -F 'auid>=1000' -k x\n", "quotes",
         "auditctl knows no quotes", "remove the quotes"),
        (b"\xef\xbb\xbf-w /etc/hosts -p wa -k x\n", "byte-order-mark",
         "the byte order mark in the line", "remove the byte order mark"),
        (b"-a always,exit -F arch=b32 -S accept,bind,connect -k net\n", "unknown-syscall",
         "i386 has accept4 and socketcall for it", "name these in the rule for i386"),
    ],
)  # fmt: skip
def test_the_cause_is_named(text: bytes, code: str, cause: str, remedy: str, place: Path) -> None:
    (finding,) = found(place, text)
    assert (finding.severity, finding.kind.code) == ("error", code)
    assert cause in finding.reason
    assert remedy in finding.remedy


def test_lists_in_any_order_are_read_and_only_what_has_no_effect_is_told(place: Path) -> None:
    text = """\
-a always,exit -F arch=b32 -S open -k one
-a always,exclude -F msgtype=CWD
-a never,user -F uid=0
-a never,task -F uid=99
-A always,exit -F arch=b64 -S openat -k first
-w /etc/hosts -p wa -k w
-a always,filesystem -F fstype=tracefs
-a never,filesystem -F fstype=debugfs
"""
    assert said(found(place, text)) == [
        (4, "note", "task-at-fork"),
        (7, "warning", "filesystem-always"),
    ]


def test_an_operation_of_io_uring_of_a_newer_kernel_is_known(place: Path) -> None:
    assert found(place, "-a always,io_uring -S bind -k k\n", usual=True) == []
