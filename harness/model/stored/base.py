"""A document of a stored run."""

from __future__ import annotations

from typing import Any, Self

import msgspec


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A document of a run. What it holds beyond the fields is in `document`, as it was written."""

    document: dict[str, Any] = {}

    @classmethod
    def read(cls, document: Any) -> Self:
        """Check a document and give its fields their types; ValueError, by place, for another."""
        whole = msgspec.convert(document, dict[str, Any])
        return msgspec.convert({**whole, "document": whole}, cls)
