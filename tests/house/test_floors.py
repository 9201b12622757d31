"""Imports go down the floors only."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from floors import FLOORS, SAME_FLOOR, all_imports_of, imports_of, modules, place_of

MODULES = list(modules())


@pytest.mark.parametrize(("module", "path"), MODULES, ids=[name for name, _ in MODULES])
def test_imports_go_down_only(module: str, path: Path) -> None:
    here = place_of(module)
    for imported in imports_of(path):
        there = place_of(imported)
        allowed = here == there or FLOORS[there] < FLOORS[here] or (here, there) in SAME_FLOOR
        if FLOORS[here] == 1:
            allowed = here == there or (there == "harness.errors" and here.startswith("harness"))
        assert allowed, f"{module} (floor {FLOORS[here]}) imports {imported} ({FLOORS[there]})"


def test_no_circles() -> None:
    graph = {name: set(imports_of(path)) for name, path in MODULES}
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " -> ".join((*way[way.index(name) :], name))
        if name in done or name not in graph:
            return
        for imported in graph[name]:
            if imported != name:
                visit(imported, (*way, name))
        done.add(name)

    for name in graph:
        visit(name, ())


def test_every_module_stands_somewhere() -> None:
    assert {place_of(name) for name, _ in MODULES} == set(FLOORS)


STARTS_PROCESSES = {"subprocess", "multiprocessing", "socket", "pty", "asyncio"}


def test_answers_reach_no_kernel_and_start_no_process() -> None:
    """What judges stored runs must be usable by anyone, on a machine that has no audit."""
    graph = {name: set(imports_of(path)) for name, path in MODULES}
    seen: set[str] = set()
    waiting = [name for name in graph if place_of(name) == "harness.answers"]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting.extend(graph.get(name, ()))
    assert len(seen) > 20
    forbidden = tuple(
        f"harness.{room}" for room in ("kernel", "consumers", "processes", "run", "reporters")
    )
    assert sorted(name for name in seen if name.startswith(forbidden)) == []
    files = dict(MODULES)
    foreign = {
        (name, imported)
        for name in seen & files.keys()
        for imported in all_imports_of(files[name])
        if imported.split(".")[0] in STARTS_PROCESSES
    }
    assert foreign == set()
