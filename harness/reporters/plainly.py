"""A whole result fit to be printed: no string in it, at any depth, has control characters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from harness.model.result import ReportView
from harness.model.run import Sample
from harness.plain import plain

T = TypeVar("T")


def made_plain(value: T) -> T:
    """The same value with `plain` done to its strings and to the keys of its mappings."""
    cleaned: T = _plain(value)
    return cleaned


def plain_view(view: ReportView) -> ReportView:
    """A view whose result is plain, and whose trials are called the same as the cells in it."""
    return ReportView(made_plain(view.result), tuple(map(_plain_sample, view.samples)))


def _plain_sample(sample: Sample) -> Sample:
    names = ("workload", "scenario", "consumer", "invalid_reason", "warnings")
    return replace(sample, **{name: _plain(getattr(sample, name)) for name in names})


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, Mapping):
        return {_plain(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    if isinstance(value, tuple):
        entries = map(_plain, value)
        return type(value)._make(entries) if hasattr(value, "_make") else tuple(entries)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: _plain(getattr(value, f.name)) for f in fields(value)})
    return value
