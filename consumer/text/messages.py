"""The text of programs in `msg='…'`, and SELinux's text before the first field of an AVC.

Programs use spaces freely, leave values of several words unquoted (`op=changing password`), and
older ones add commas, colons and parentheses. Source: lib/audit_logging.c and auparse/ellist.c
of audit-userspace, security/selinux/avc.c, libselinux/src/avc.c.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from consumer.text.values import Value, plain, text

Pairs = list[tuple[bytes, bytes]]

_FIELD = re.compile(rb"\(?([A-Za-z0-9_][A-Za-z0-9_.+-]*)=(\"[^\"]*\"[^ ]*|'[^']*'[^ ]*|[^ ]*)")
_WORD = re.compile(rb"[^ ]+")
_VERDICT = re.compile(rb"\s*avc:\s+(denied|granted)\s+(?:\{([^{}]*)\}|null)(?:\s+for)?(?=\s|\Z)")
_PUNCTUATION = b",:;()"


def verdict(record: bytes) -> tuple[dict[str, Value], bytes]:
    """`seresult` and `seperms` of an AVC, as auparse calls them, and the text after them.

    Nothing, and the whole text, if it does not begin with a verdict.
    """
    match = _VERDICT.match(record)
    if match is None:
        return {}, record
    permissions = [text(word) for word in (match[2] or b"").split()]
    return {"seresult": text(match[1]), "seperms": permissions}, record[match.end() :]


def message(value: bytes, record_type: int) -> Value:
    """The fields in a message, and as `text` the words before them; the words if it has none."""
    inner = value[1:-1] if len(value) > 1 and value[:1] == value[-1:] == b"'" else value
    decoded, rest = verdict(inner)
    words, pairs = _split(rest)
    if not pairs and not decoded:
        return text(inner)
    if words:
        decoded["text"] = text(words)
    decoded |= merged((key, plain(key, word, record_type)) for key, word in pairs)
    return decoded


def _split(inner: bytes) -> tuple[bytes, Pairs]:
    """The words before the first field, and the fields; further words belong to the field before.

    A word after a quoted value belongs to none and joins the words before the first field.
    """
    words: list[bytes] = []
    spans: list[tuple[bytes, int, int]] = []
    for start, end, key in _parts(inner):
        if key is not None:
            spans.append((key, start, end))
        elif not inner[start:end].strip(_PUNCTUATION):
            continue
        elif spans and not _is_quoted(inner[spans[-1][1] : spans[-1][2]]):
            spans[-1] = (*spans[-1][:2], end)
        else:
            words.append(inner[start:end])
    return b" ".join(words), [(key, _bare(inner[start:end])) for key, start, end in spans]


def _parts(inner: bytes) -> Iterable[tuple[int, int, bytes | None]]:
    """The place and key of each value of a field, and the place of each other word."""
    pos = 0
    while start := _WORD.search(inner, pos):
        field = _FIELD.match(inner, start.start())
        if field:
            yield *field.span(2), field[1]
        else:
            yield *start.span(), None
        pos = (field or start).end()


def _is_quoted(value: bytes) -> bool:
    return value[:1] in (b'"', b"'") and value.count(value[:1]) > 1


def _bare(value: bytes) -> bytes:
    """A value without the punctuation after it and the single quotes around it."""
    value = value.rstrip(b",")
    if value.find(b":") == len(value) - 1:  # an address such as fe80:: has another colon before
        value = value.removesuffix(b":")
    if value.endswith(b")") and value.count(b")") > value.count(b"("):
        value = value[:-1]
    if value[:1] == b'"':
        return value[: value.rfind(b'"') + 1] if value.count(b'"') > 1 else value
    return value[1:-1] if len(value) > 1 and value[:1] == value[-1:] == b"'" else value


def merged(pairs: Iterable[tuple[bytes, Value]]) -> dict[str, Any]:
    """Fields by name; one that occurs several times has a list of its values."""
    fields: dict[str, Any] = {}
    repeated: set[str] = set()
    for key, value in pairs:
        name = text(key)
        if name not in fields:
            fields[name] = value
        elif name in repeated:
            fields[name].append(value)
        else:
            repeated.add(name)
            fields[name] = [fields[name], value]
    return fields
