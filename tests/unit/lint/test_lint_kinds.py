"""Every warning and fault that the parser and the checks make is a kind of finding."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from harness.kernel.rules.lint.catalog import KINDS
from harness.kernel.rules.lint.finding import SEVERITIES
from tests.support.command import ROOT

RULES = ROOT / "harness/kernel/rules"
MAKERS = ("RuleWarning", "_Suspect")
OTHERWISE = {
    "lock": "settings.py has kinds for -e 2 and -f 2",
    "skipped": "is that of the fault",
    "left-out": "so is that",
}


def constants(path: Path) -> dict[str, str]:
    """The texts that a module names."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name) and isinstance(node.value.value, str)
    }


def codes(path: Path) -> Iterator[str]:
    """The codes that a module gives, as its first word or by `code=`."""
    names = constants(path)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        given = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
        if isinstance(node.func, ast.Name) and node.func.id in MAKERS:
            given += node.args[:1]
        for value in given:
            if isinstance(value, ast.Constant):
                yield str(value.value)
            elif isinstance(value, ast.Name) and value.id in names:
                yield names[value.id]


def test_every_code_is_a_kind() -> None:
    files = [path for path in RULES.rglob("*.py") if path.parent.name != "lint"]
    found = {code for path in files for code in codes(path)}
    assert len(found) > 25
    assert found - KINDS.keys() == set(OTHERWISE)


def test_kinds_are_told_in_full() -> None:
    for code, kind in KINDS.items():
        assert kind.severity in SEVERITIES, code
        assert kind.why.endswith("."), code
        assert not kind.title.endswith("."), code
