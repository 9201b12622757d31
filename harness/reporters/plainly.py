"""A whole result fit to be printed: no string in it, at any depth, has control characters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from harness.reporters.plain import plain

T = TypeVar("T")


def made_plain(value: T) -> T:
    """The same value with `plain` done to its strings and to the keys of its mappings."""
    cleaned: T = _plain(value)
    return cleaned


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, Mapping):
        return {_plain(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    if isinstance(value, tuple):
        return tuple(_plain(entry) for entry in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: _plain(getattr(value, f.name)) for f in fields(value)})
    return value
