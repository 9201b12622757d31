"""Text from records, made fit for a terminal: any process can choose it.

Control characters, escape sequences, marks that turn the direction of writing, and what else
cannot be printed come out as `\\xNN`, `\\uNNNN` or `\\UNNNNNNNN`. Markup is the caller's business.
"""

from __future__ import annotations

import json


def plain(text: str) -> str:
    """The text with everything escaped that is not printable."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escaped(ord(char)) for char in text)


def _escaped(code: int) -> str:
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def without_controls(document: str) -> str:
    """A JSON document with what is not printable in its strings as `\\uNNNN`: it says the same."""
    return "".join(
        char if char.isprintable() or char == "\n" else json.dumps(char)[1:-1] for char in document
    )
