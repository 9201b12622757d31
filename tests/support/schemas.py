"""JSON Schemas of what is stored, brought to the same form as those of the types."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from tests.support.command import ROOT

JSON_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number"}


def schema(name: str) -> dict[str, Any]:
    """A schema of docs/schema by name."""
    path = ROOT / "docs/schema" / f"{name}.schema.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


def fields_of(kind: type) -> Any:
    """The bare form of a type's schema."""
    document = msgspec.json.schema(kind)
    return bare(document, document)


def bare(part: Any, document: Any) -> Any:
    """Names and JSON types only: references resolved, without words, limits and defaults."""
    if "$ref" in part:
        return bare(document["$defs"][part["$ref"].rsplit("/", 1)[1]], document)
    if "anyOf" in part:
        first, *rest = [bare(option, document) for option in part["anyOf"]]
        assert rest == [["null"]]
        if isinstance(first, dict):
            return [first, "null"]
        return sorted({*first, "null"}) if len(first) == 1 else [first[0], "null", *first[1:]]
    if part.get("properties"):
        return {name: bare(inner, document) for name, inner in part["properties"].items()}
    if "prefixItems" in part:
        return ["array", [bare(inner, document) for inner in part["prefixItems"]]]
    if "items" in part:
        null = ["null"] if "null" in part["type"] else []
        return ["array", *null, bare(part["items"], document)]
    values = part.get("enum", [part["const"]] if "const" in part else [])
    if values:
        return sorted({JSON_TYPES[type(value)] for value in values})
    kinds = part["type"] if isinstance(part["type"], list) else [part["type"]]
    return sorted(kinds)
