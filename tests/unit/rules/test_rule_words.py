"""Lines to words and words to options, as auditctl takes them."""

from __future__ import annotations

import pytest

from harness.errors import UsageError
from harness.kernel.rules.numbers import c_integer, fits_u32, u32
from harness.kernel.rules.words import MAX_LINE_BYTES, options, shown, split_line


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"", []),
        (b"    ", []),
        (b"# comment", []),
        (b"   # comment", []),
        (b"-w  /etc  -p wa ", [b"-w", b"/etc", b"-p", b"wa"]),
        (b"-k one\\ two", [b"-k", b"one two"]),
        (b"-k one\\\\two", [b"-k", b"one\\two"]),
        (b"-k one\\two", [b"-k", b"one\\two"]),
        (b"-k one\\", [b"-k", b"one\\"]),
        (b"-k one\\\\ two", [b"-k", b"one\\", b"two"]),
        (b"-k tab\there", [b"-k", b"tab\there"]),
        (b'-k "one', [b"-k", b'"one']),
        (b"-k \xff", [b"-k", b"\xff"]),
    ],
)
def test_words(line: bytes, words: list[bytes]) -> None:
    assert split_line(line) == words


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"-k a\x00b", "control character"),
        (b"-k a\x07b", "control character"),
        (b"-k " + b"k" * MAX_LINE_BYTES, "another line"),
        (b"#" * (MAX_LINE_BYTES + 1), "another line"),
        (b"-w/a\\ b", "first word"),
        (b"a b c d e f g h", "keeps only"),
    ],
)
def test_lines_that_auditctl_reads_otherwise(line: bytes, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        split_line(line)


def names_and_values(*words: bytes) -> list[tuple[str, bytes]]:
    return [(option.name, option.value) for option in options(words)]


def test_short_options() -> None:
    assert names_and_values(b"-ci", b"-pwa", b"-k", b"key") == [
        ("-c", b""),
        ("-i", b""),
        ("-p", b"wa"),
        ("-k", b"key"),
    ]
    assert names_and_values(b"-k", b"-p") == [("-k", b"-p")]
    assert names_and_values(b"-D", b"--") == [("-D", b"")]


def test_long_options() -> None:
    assert names_and_values(b"--backlog_wait_time", b"5") == [("--backlog_wait_time", b"5")]
    assert names_and_values(b"--backlog=5") == [("--backlog_wait_time", b"5")]
    assert names_and_values(b"--reset-l") == [("--reset-lost", b"")]


def test_the_rest_of_the_line() -> None:
    (first, second) = options([b"-F", b"arch=b64", b"-t"])
    assert (first.rest, second.rest) == ((b"-t",), ())


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([b"-z"], "-z is unknown"),
        ([b"-iz"], "z in -iz"),
        ([b"-k"], "last word"),
        ([b"--signal"], "last word"),
        ([b"--reset"], "--reset-lost or --reset_backlog"),
        ([b"--nothing"], "--nothing is unknown"),
        ([b"--reset-lost=1"], "takes no value"),
        ([b"-"], "belongs to no option"),
        ([b"-D", b"--", b"x"], "x belongs to no option"),
        ([b'"-D'], '"-D belongs to no option'),
    ],
)
def test_refused(words: list[bytes], reason: str) -> None:
    with pytest.raises(UsageError) as caught:
        list(options(words))
    message = caught.value.one_line()
    assert reason.replace("-z is", "z in -z is") in message
    assert message.isprintable()


@pytest.mark.parametrize(
    ("text", "number", "whole"),
    [
        (b"0", 0, True),
        (b"10", 10, True),
        (b"010", 8, True),
        (b"0x1F", 31, True),
        (b"-13", -13, True),
        (b"08", 0, False),
        (b"8k", 8, False),
        (b"", 0, False),
        (b"k", 0, False),
        (b"0x", 0, False),
        (b" 7", 7, True),
    ],
)
def test_numbers_as_c_reads_them(text: bytes, number: int, whole: bool) -> None:
    assert c_integer(text) == (number, whole)


def test_32_bits() -> None:
    assert u32(-1) == 0xFFFFFFFF
    assert u32(1 << 64) == 0xFFFFFFFF  # strtoul stops at its largest number
    assert u32(-(1 << 70)) == 0
    assert fits_u32(-1)
    assert fits_u32(0xFFFFFFFF)
    assert not fits_u32(1 << 32)
    assert not fits_u32(-(1 << 31) - 1)


def test_text_of_the_users_is_harmless_in_messages() -> None:
    assert shown("schlüssel".encode()) == "schlüssel"
    assert shown(b"a\x1b[31m\n") == "a\\x1b[31m\\n"
    assert shown(b"\xff") == "\\xff"
