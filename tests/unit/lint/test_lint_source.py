"""A folder is read as augenrules reads it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.kernel.rules.lint.linter import lint_source
from harness.kernel.rules.lint.source import Source, in_order, merge, read_source

NAMES = [
    "10-b.rules", "9-a.rules", "010-c.rules", "10-b.local.rules", "10-a.rules", "a.rules",
    "A.rules", "a1.rules", "a10.rules", "a2.rules", "10-b_x.rules", "10.rules", "99~old.rules",
    "99.rules", "audit.rules", "30-stig.rules", "30-ospp-v42-1-create.rules",
    "30-ospp-v42.rules", "zz-99.rules", "b-1.rules", "b1.rules",
]  # fmt: skip


def text(source: Source) -> list[str]:
    return [line.content.decode() for line in source.lines]


def test_names_come_in_the_order_of_ls(tmp_path: Path) -> None:
    for name in NAMES:
        (tmp_path / name).touch()
    listed = subprocess.run(
        ["ls", "-1v", tmp_path],
        env={**os.environ, "LC_ALL": "C"}, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert in_order(NAMES) == listed
    assert in_order(sorted(NAMES, reverse=True)) == listed


def test_settings_are_moved_and_the_last_one_stays() -> None:
    files = [
        ("1", b"# comment\n-b 64\n\n-w /a -p wa\n-e 1\n  -D\n-f 2\n"),
        ("2", b"-D -k x\n-r 5\n-b 8192\n-e 2\n-i\n-f 1\n-w /b -p wa\n"),
    ]
    merged = merge(files)
    assert text(merged) == [
        "  -D", "-b 8192", "-f 1", "-w /a -p wa", "-D -k x", "-r 5", "-i", "-w /b -p wa", "-e 2",
    ]  # fmt: skip
    dropped = [(str(f.place), f.related[0].line) for f in merged.findings]
    assert dropped == [("1:2", 3), ("1:5", 4), ("1:7", 6)]


def test_the_same_setting_twice_is_nothing_to_tell() -> None:
    assert merge([("1", b"-D\n-b 64\n"), ("2", b"-D\n-b 64\n")]).findings == ()


def test_files_are_joined_as_cat_joins_them() -> None:
    merged = merge([("1", b"-w /a -p wa"), ("2", b""), ("3", b"-w /b -p wa\n-w /c"), ("4", b"")])
    assert text(merged) == ["-w /a -p wa-w /b -p wa", "-w /c"]
    (finding,) = merged.findings
    assert (finding.kind.code, str(finding.place)) == ("no-final-newline", "1:1")


def test_findings_have_the_place_in_their_own_file(tmp_path: Path) -> None:
    (tmp_path / "20-b.rules").write_text("# one\n-a always,exit -F arch=b64 -S opne -k x\n")
    (tmp_path / "10-a.rules").write_text("-a always,exit -F arch=b32 -S all -F key=y\n")
    (tmp_path / "30-c.rules").write_text("\n-a always,exit -F arch=b32 -S chmod -k z\n")
    findings = lint_source(read_source(tmp_path), elsewhere=True)
    places = {f.kind.code: (Path(f.place.file).name, f.place.line) for f in findings}
    assert places["unknown-syscall"] == ("20-b.rules", 2)
    assert places["shadowed"] == ("30-c.rules", 2)
    (shadow,) = [f for f in findings if f.kind.code == "shadowed"]
    assert f"the rule of {tmp_path}/10-a.rules:1 comes first" in shadow.reason


def test_a_folder_without_rules_and_what_is_no_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "README").touch()
    (tmp_path / ".hidden.rules").touch()
    for path in (tmp_path, tmp_path / "none.rules", Path("/dev/zero")):
        with pytest.raises(UsageError) as caught:
            read_source(path)
        assert caught.value.remedy
