"""Characters that look right in a rule file and are wrong: quotes, byte order marks, odd spaces.

auditctl splits at plain spaces and knows no quotes, so what a word processor, a web page or another
system leaves in a line becomes part of a word. A character is reported only if it is the cause:
the line must be read differently without it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from harness.errors import UsageError
from harness.kernel.rules.parsed_line import ParsedLine
from harness.kernel.rules.text import parse_rule
from harness.kernel.rules.warning import FaultError, RuleWarning
from harness.kernel.rules.words import split_line

_BYTE_ORDER_MARK = "\ufeff"
_ODD_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060]")
_DASHES = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
_LONG_DASH = re.compile("(^| )[\u2010-\u2015\u2212](?=[a-z]{2})")
_QUOTES = "\"'\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u00ab\u00bb"
_QUOTED = re.compile(f"[{_QUOTES}]([^{_QUOTES}]*)[{_QUOTES}]")


@dataclass(frozen=True, slots=True)
class _Suspect:
    code: str
    what: str
    remedy: str
    without: Callable[[str], str]


def _without_quotes(line: str) -> str:
    unquoted = _QUOTED.sub(lambda found: re.sub(r"(?<!\\) ", "\\\\ ", found[1]), line)
    return re.sub(f"[{_QUOTES}]", "", unquoted)


_SUSPECTS = (
    _Suspect(
        "byte-order-mark",
        "the byte order mark in the line is part of the word to auditctl",
        "remove the byte order mark: sed -i 's/\\xEF\\xBB\\xBF//g' FILE",
        lambda line: line.replace(_BYTE_ORDER_MARK, ""),
    ),
    _Suspect(
        "carriage-return",
        "the carriage return at the end of the line becomes part of the last word",
        "remove the carriage returns: sed -i 's/\\r$//' FILE",
        lambda line: line.rstrip("\r"),
    ),
    _Suspect(
        "tab",
        "auditctl separates words by spaces only, and the line has a tab",
        "replace the tab by a space: sed -i 's/\\t/ /g' FILE",
        lambda line: line.replace("\t", " "),
    ),
    _Suspect(
        "odd-space",
        "a non-breaking or other special space in the line is part of the word to auditctl",
        "type the spaces of the line anew",
        lambda line: _INVISIBLE.sub("", _ODD_SPACES.sub(" ", line)),
    ),
    _Suspect(
        "dash",
        "a typographic dash in the line is not a hyphen to auditctl",
        "type the dashes of the line anew, as -",
        lambda line: _DASHES.sub("-", _LONG_DASH.sub(r"\1--", line)),
    ),
    _Suspect(
        "quotes",
        "auditctl knows no quotes and takes them for part of the word",
        "remove the quotes, and write a space inside a word as `\\ `",
        _without_quotes,
    ),
)
_TOLD_IF_ACCEPTED = frozenset({"byte-order-mark", "carriage-return", "tab", "odd-space", "quotes"})
_ENCODINGS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)
_HALF_NUL = re.compile(rb"\x00[\t-~]\x00|[\t-~]\x00[\t-~]")


def refuse_encoding(content: bytes, source: str) -> None:
    """Raise `UsageError` for a file in UTF-16 or UTF-32, of which auditctl reads no line."""
    encoding = next((name for mark, name in _ENCODINGS if content.startswith(mark)), None)
    if encoding is None and _HALF_NUL.match(content):
        encoding = "UTF-16LE" if content[1:2] == b"\x00" else "UTF-16BE"
    if encoding:
        raise UsageError(
            f"{source}: the file is in {encoding}, and auditctl reads plain ASCII or UTF-8",
            remedy=f"iconv -f {encoding} -t UTF-8 FILE > NEW",
        )


def with_cause(error: UsageError, line: bytes, fault: Callable[[bytes], str]) -> UsageError:
    """The error about a line, with the characters that cause it if there are any.

    `fault` returns what is wrong with a line by itself, and the empty string for a good one.
    """
    text = _decoded(line)
    present = [each for each in _SUSPECTS if each.without(text) != text]
    own = fault(line) if present else ""
    if not own:
        return error
    guilty = []
    repaired, left = text, own
    for each in present:
        repaired, before = each.without(repaired), left
        left = fault(repaired.encode())
        if before != left or fault(each.without(text).encode()) != own:
            guilty.append(each)
    if not guilty:
        return error
    what = "; ".join([error.what, *(each.what for each in guilty)])
    remedy = "; ".join(each.remedy for each in guilty)
    return FaultError(what, remedy=remedy, code=guilty[0].code)


def odd_words(line: bytes, parsed: ParsedLine) -> list[RuleWarning]:
    """Warnings about characters that auditctl accepts and that do not mean what they seem to."""
    text = _decoded(line)
    return [
        RuleWarning(each.code, each.what, each.remedy)
        for each in _SUSPECTS
        if each.code in _TOLD_IF_ACCEPTED
        and each.without(text) != text
        and (each.code != "quotes" or _QUOTED.search(text))
        and _parsed(each.without(text)) != parsed
    ]


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


def _parsed(text: str) -> ParsedLine | None:
    try:
        words = split_line(text.encode())
        return parse_rule(words) if words else ParsedLine("none", None)
    except UsageError:
        return None
