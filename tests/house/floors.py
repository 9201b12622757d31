"""Which floor a module stands on, and what it imports: read from the source, not by importing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("auditbench", "consumer", "workloads", "harness")

# The longest prefix decides. Floors as in ARCHITECTURE.md.
FLOORS = {
    "consumer": 1,
    "workloads": 1,
    "harness": 1,
    "harness.counted": 1,
    "harness.errors": 1,
    "harness.files": 1,
    "harness.plain": 1,
    "harness.failure": 2,
    "harness.streams": 2,
    "harness.model": 2,
    "harness.renamed": 2,
    "harness.processes": 2,
    "harness.kernel": 2,
    "harness.host": 2,
    "harness.guest": 2,
    "harness.scenarios": 3,
    "harness.consumers": 3,
    "harness.metrics": 3,
    "harness.analysis": 3,
    "harness.reporters": 3,
    "harness.store": 3,
    "harness.run": 4,
    "harness.answers": 4,
    "harness.verbs": 5,
    "harness.cli": 5,
    "harness.api": 5,
    "harness.pytest_plugin": 5,
    "harness.__main__": 5,
    "auditbench": 6,
}

# On one floor, who may import whom.
SAME_FLOOR = {
    ("harness.host", "harness.kernel"),
    ("harness.guest", "harness.kernel"),
    ("harness.guest", "harness.model"),
    ("harness.guest", "harness.processes"),
    ("harness.renamed", "harness.model"),
    ("harness.kernel", "harness.model"),
    ("harness.kernel", "harness.processes"),
    ("harness.run", "harness.answers"),
    ("harness.cli", "harness.verbs"),
    ("harness.__main__", "harness.cli"),
    ("harness.verbs", "harness.cli"),
}


def modules() -> Iterator[tuple[str, Path]]:
    """Every module of the distribution: its dotted name and its file."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            relative = path.relative_to(ROOT).with_suffix("")
            parts = relative.parts[:-1] if relative.name == "__init__" else relative.parts
            yield ".".join(parts), path


def place_of(module: str) -> str:
    """The entry of FLOORS that a module belongs to; KeyError where it stands nowhere."""
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        prefix = ".".join(parts[:length])
        if prefix == "harness" and length < len(parts):
            break
        if prefix in FLOORS:
            return prefix
    raise KeyError(module)


def imports_of(path: Path) -> Iterator[str]:
    """The distribution's own modules that a file imports, at the top or inside functions."""
    yield from (name for name in all_imports_of(path) if name.split(".")[0] in PACKAGES)


@cache
def all_imports_of(path: Path) -> tuple[str, ...]:
    """Every module that a file imports, at the top or inside functions."""
    return tuple(_imported(path))


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            names = [node.module or ""]
        yield from names
