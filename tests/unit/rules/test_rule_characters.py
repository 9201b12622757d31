"""Characters that look right and are wrong: the cause is named where it is one, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.kernel.rules.file import RuleFile, load_rule_file, parse_rules_text

BOM, NBSP = "\ufeff", "\u00a0"
QUOTES = "auditctl knows no quotes and takes them for part of the word"
MARK = "the byte order mark in the line is part of the word to auditctl"
RETURN = "the carriage return at the end of the line becomes part of the last word"
TAB = "auditctl separates words by spaces only, and the line has a tab"
SPACE = "a non-breaking or other special space in the line is part of the word to auditctl"
DASH = "a typographic dash in the line is not a hyphen to auditctl"


def error_of(text: str) -> UsageError:
    with pytest.raises(UsageError) as caught:
        parse_rules_text(text, "some.rules")
    return caught.value


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ('-a always,exit -F arch=b64 -S execve -F "auid>=1000" -k x', QUOTES),
        ("-a always,exit -F 'arch=b64' -S execve", QUOTES),
        ('-a "always,exit" -S execve', QUOTES),
        ('-w "/etc/passwd" -p wa', QUOTES),
        ('-w /etc/passwd -p wa -k "two words"', QUOTES),
        ("-a always,exit -F path=\u201c/etc/passwd\u201d -F perm=wa", QUOTES),
        ('"-D"', QUOTES),
        (f"{BOM}-w /etc/hosts -p wa -k x", MARK),
        (f"{BOM}# a comment", MARK),
        (f"{BOM}-D", MARK),
        ("-D\r", RETURN),
        ("\r", RETURN),
        ("-a always,exit -F arch=b64 -S execve\r", RETURN),
        ("-w\t/etc/passwd -p wa", TAB),
        ("-a always,exit\t-S execve", TAB),
        (f"-w{NBSP}/etc/passwd -p wa", SPACE),
        (f"-a always,exit{NBSP}-F arch=b64 -S execve", SPACE),
        (f"{NBSP}# a comment", SPACE),
        ("-a always,exit -F arch=b64\u3000-S execve", SPACE),
        ("-a always,exit -F arch=b64 -S \u200bexecve", SPACE),
        ("\u2013w /etc/passwd -p wa", DASH),
        ("-w /etc/passwd \u2014p wa", DASH),
        ("\u2212a always,exit \u2212S execve", DASH),
        ("\u2014reset-lost", DASH),
        ("\u2013\u2013reset-lost", DASH),
    ],
)
def test_the_cause_of_a_bad_line(line: str, cause: str) -> None:
    error = error_of(f"{line}\n")
    assert error.what.startswith("some.rules:1: ")
    assert error.what.endswith(f"; {cause}")
    assert error.remedy
    assert error.one_line().isprintable() or NBSP in line or BOM in line


def test_several_causes_in_one_line() -> None:
    error = error_of(f'{BOM}-a "always,exit"{NBSP}-S execve\r\n')
    assert [cause in error.what for cause in (MARK, SPACE, QUOTES)] == [True] * 3


def test_what_is_harmless_is_not_blamed() -> None:
    error = error_of('-a always,exit -S nosuchcall -k "x"')
    assert error.what.endswith("-S nosuchcall names no syscall of x86_64")
    error = error_of("-a always,exit -F dir!=/etc -F key='x'")
    assert error.what.endswith("dir takes only =")
    twice = '-w /etc/passwd -p wa -k "x"\n' * 2
    assert "quotes" not in error_of(twice).what
    assert error_of("plain text").what == "some.rules:1: plain belongs to no option"


def test_a_repaired_line_that_has_another_fault_was_bad_twice() -> None:
    error = error_of('-a always,exit -F "arch=b64" -S nosuchcall')
    assert QUOTES in error.what


def codes(text: str) -> list[str]:
    return [warning.code for warning in parse_rules_text(text, "some.rules").warnings]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('-w /etc/passwd -p wa -k "x"', "quotes"),
        ("-w /etc/passwd -p wa -k 'x'", "quotes"),
        ("-w /etc/passwd -p wa -k \u201cx\u201d", "quotes"),
        ("-w /etc/passwd -p wa -k x\r", "carriage-return"),
        ("-w /etc/passwd\t-p\twa", "tab"),
        ("-w /etc/passwd -p wa -k x\t", "tab"),
        (f"-w /etc/passwd -p wa -k x{NBSP}y", "odd-space"),
        (f"-w /etc/passwd -p wa -k x{BOM}", "byte-order-mark"),
    ],
)
def test_what_auditctl_takes_is_warned_of(line: str, code: str) -> None:
    assert codes(line) == [code]


@pytest.mark.parametrize(
    "line",
    [
        "-w /etc/passwd -p wa -k it's",
        "-w /etc/passwd -p wa -k x\u2013y",
        f'# "quoted", {NBSP}, \u2014 in a comment\r',
        "-w /etc/passwd -p wa -k schl\u00fcssel",
    ],
)
def test_what_is_meant_as_it_stands(line: str) -> None:
    assert codes(line) == []


def read_bytes(tmp_path: Path, content: bytes) -> RuleFile:
    path = tmp_path / "encoded.rules"
    path.write_bytes(content)
    return load_rule_file(path)


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("-D\n".encode("utf-16"), "UTF-16"),
        (b"\xfe\xff" + "-D\n".encode("utf-16-be"), "UTF-16"),
        ("-D\n".encode("utf-32"), "UTF-32"),
        ("-D\n".encode("utf-16-le"), "UTF-16LE"),
        ("# comment\n".encode("utf-16-be"), "UTF-16BE"),
    ],
)
def test_a_file_in_another_encoding(tmp_path: Path, content: bytes, encoding: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_bytes(tmp_path, content)
    assert f"the file is in {encoding}, " in caught.value.what
    assert caught.value.remedy == f"iconv -f {encoding} -t UTF-8 FILE > NEW"


def test_a_file_of_windows(tmp_path: Path) -> None:
    """cp1252: the spaces, dashes and quotes of one byte each."""
    for content, cause in (
        (b"-w\xa0/etc/passwd -p wa", SPACE),
        (b"\x96w /etc/passwd -p wa", DASH),
        (b"-w \x93/etc/passwd\x94 -p wa", QUOTES),
    ):
        with pytest.raises(UsageError) as caught:
            read_bytes(tmp_path, content)
        assert caught.value.what.endswith(f"; {cause}"), content
