"""Results as flat rows: nested values become columns of their own."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

_INLINE = ("cell", "comparison", "total")
"""Fields whose own fields need no prefix to be understood."""


def flat_row(item: Any) -> dict[str, Any]:
    """The fields of a dataclass; those of a nested one as `<field>_<its field>`.

    Those of a cell, a comparison and a ledger's sum keep their names.
    """
    row: dict[str, Any] = {}
    for field in fields(item):
        value = getattr(item, field.name)
        if is_dataclass(value):
            prefix = "" if field.name in _INLINE else f"{field.name}_"
            row |= {f"{prefix}{name}": inner for name, inner in flat_row(value).items()}
        else:
            row[field.name] = value
    return row
