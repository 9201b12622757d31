"""From a line of a rule file to words, and from words to options, as auditctl does both.

Lines are split at spaces, nothing else: no quotes, no tabs; `\\ ` is a space inside a word and
`\\\\` a backslash. Options are read as `getopt_long` reads them; `text` knows their meaning.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.counted import counted
from harness.errors import UsageError

MAX_LINE_BYTES = 6143
"""auditctl reads at most 6144 bytes of a line and takes the rest as the next line."""
FLAGS = "hicslDvt"
WITH_VALUE = "CefrbaAdSFmRwWkpq"
LONG_OPTIONS = {
    "loginuid-immutable": False,
    "backlog_wait_time": True,
    "reset-lost": False,
    "reset_backlog_wait_time_actual": False,
    "signal": True,
}
"""auditctl's long options, and whether they take a value."""

_SPACE = b"\x07"
_BACKSLASH = b"\x04"


@dataclass(frozen=True, slots=True)
class Option:
    """One option as written: `-F arch=b64` is `("-F", b"arch=b64")`; `rest` are the words after it.

    `value` is empty for options that take none.
    """

    name: str
    value: bytes
    rest: tuple[bytes, ...]


class StrayWordError(UsageError):
    """A word that belongs to no option, found after all options are read."""


def shown(text: bytes) -> str:
    """Text of the user for a message: unchanged if that is harmless, else escaped."""
    plain = text.decode("utf-8", "backslashreplace")
    return plain if plain.isprintable() else ascii(plain)[1:-1]


def as_bytes(text: str) -> bytes:
    """Text as it would be in a file; bytes that were not UTF-8 come back unchanged."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise UsageError(
            f"the rule text {ascii(text)[:60]} holds half a character", remedy="remove it"
        ) from error


def split_line(line: bytes) -> list[bytes]:
    """The words of a line without its newline; none for a blank line or a comment.

    Raises `UsageError` where auditctl would read something other than what is written.
    """
    if not line.strip(b" "):
        return []
    if len(line) > MAX_LINE_BYTES:
        raise UsageError(
            f"the line has {counted(len(line), 'byte')}, and auditctl takes what follows byte "
            f"{MAX_LINE_BYTES:,} for another line",
            remedy="split it",
        )
    if line.lstrip(b" ").startswith(b"#"):
        return []
    if any(byte in line for byte in (b"\x00", _SPACE, _BACKSLASH)):
        raise UsageError(
            "the line holds a control character (NUL, BEL or EOT)",
            remedy="is this a rule file? Remove the character",
        )
    escaped = [word for word in _escaped(line).split(b" ") if word]
    if _unescaped(escaped[0]) != escaped[0]:
        raise UsageError(
            "auditctl does not undo `\\ ` in the first word of a line",
            remedy="put a space between the option and its value",
        )
    words = [_unescaped(word) for word in escaped]
    most = len(line) // 3 + 1
    if len(words) > most:
        raise UsageError(
            f"auditctl keeps only {counted(most, 'word')} of a line this short",
            remedy="write one option per line",
        )
    return words


def _escaped(line: bytes) -> bytes:
    """The line with each escaped space and backslash made one stand-in character."""
    pieces = []
    at = 0
    while at < len(line):
        pair = line[at : at + 2]
        stand_in = {b"\\ ": _SPACE, b"\\\\": _BACKSLASH}.get(pair)
        pieces.append(stand_in or (pair if pair[:1] == b"\\" else pair[:1]))
        at += 2 if pair[:1] == b"\\" else 1
    return b"".join(pieces)


def _unescaped(word: bytes) -> bytes:
    return word.replace(_SPACE, b" ").replace(_BACKSLASH, b"\\")


def options(words: Sequence[bytes]) -> Iterator[Option]:
    """The options in their order; raises `UsageError` at the first that auditctl does not have.

    A word that belongs to no option is refused at the end, as auditctl refuses it.
    """
    stray: list[bytes] = []
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if word == b"--":
            stray += words[at:]
            break
        if not word.startswith(b"-") or word == b"-":
            stray.append(word)
            continue
        take = _long_option if word.startswith(b"--") else _short_options
        for name, value, used in take(word, words[at : at + 1]):
            at += used
            yield Option(name, value, tuple(words[at:]))
    if stray:
        raise StrayWordError(
            f"{shown(stray[0])} belongs to no option",
            remedy="put its option before it, or a # before a comment",
        )


def _long_option(word: bytes, following: Sequence[bytes]) -> Iterator[tuple[str, bytes, int]]:
    name, equals, value = word[2:].partition(b"=")
    text = shown(name)
    matches = [text] if text in LONG_OPTIONS else [o for o in LONG_OPTIONS if o.startswith(text)]
    if len(matches) != 1:
        several = f"could be {' or '.join('--' + match for match in matches)}"
        raise UsageError(
            f"option --{text} {several if matches else 'is unknown to auditctl'}",
            remedy=f"auditctl has --{', --'.join(LONG_OPTIONS)}",
        )
    takes_value = LONG_OPTIONS[matches[0]]
    if equals and not takes_value:
        raise UsageError(f"option --{matches[0]} takes no value", remedy="leave the = out")
    if not takes_value:
        yield f"--{matches[0]}", b"", 0
    elif equals:
        yield f"--{matches[0]}", value, 0
    else:
        yield f"--{matches[0]}", _following(f"--{matches[0]}", following), 1


def _short_options(word: bytes, following: Sequence[bytes]) -> Iterator[tuple[str, bytes, int]]:
    for at in range(1, len(word)):
        letter = chr(word[at])
        name = f"-{letter}"
        if letter in FLAGS:
            yield name, b"", 0
        elif letter in WITH_VALUE:
            attached = word[at + 1 :]
            if attached:
                yield name, attached, 0
            else:
                yield name, _following(name, following), 1
            return
        else:
            raise UsageError(
                f"option {shown(word[at : at + 1])} in {shown(word)} is unknown to auditctl",
                remedy=f"it has -{', -'.join(FLAGS + WITH_VALUE)} and long ones, see auditctl(8)",
            )


def _following(name: str, following: Sequence[bytes]) -> bytes:
    if not following:
        raise UsageError(f"option {name} is the last word", remedy="give its value after it")
    return following[0]
