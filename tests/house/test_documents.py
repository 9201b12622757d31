"""Stored documents are read by field, in one place: everybody else takes the types."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.floors import ROOT

ROOMS = ("answers", "api", "pytest_plugin", "reporters", "run", "verbs")
DOCUMENTS = {"plan", "environment", "host", "document", "machine"} | {
    "workload_document",
    "consumer_document",
    "status_before",
    "status_after",
}


def read_by_string(tree: ast.AST) -> Iterator[ast.expr]:
    """Every `x.plan["…"]` and `x.plan.get("…")`, for all attributes that are documents."""
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(value=ast.Attribute(attr=name), slice=ast.Constant(value=str())):
                if name in DOCUMENTS:
                    yield node
            case ast.Call(
                func=ast.Attribute(attr="get", value=ast.Attribute(attr=name)),
                args=[ast.Constant(value=str()), *_],
            ):
                if name in DOCUMENTS:
                    yield node


@pytest.mark.parametrize("room", ROOMS)
def test_no_document_is_read_by_string(room: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)}"
        for path in sorted((Path(ROOT) / "harness" / room).rglob("*.py"))
        for node in read_by_string(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert found == []


@pytest.mark.parametrize(
    "line", ['stored.plan["kind"]', 'result.host.get("facts", {})', 's.machine.get("cpu")']
)
def test_such_a_reading_is_found(line: str) -> None:
    assert len(list(read_by_string(ast.parse(line)))) == 1
