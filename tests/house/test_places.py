"""ARCHITECTURE.md is one page that names every place, and nothing that is not there."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from floors import FLOORS, ROOT

PAGE = ROOT / "ARCHITECTURE.md"
PAGE_LINES, PAGE_WORDS = 90, 1000
"""What is read in one go."""
MOST_MODULES = 24
"""Of one folder: more want inner rooms."""
BIG_ROOMS = ("consumer", "harness/kernel", "harness/reporters", "harness/run")
DOCSTRING_LINES = range(8, 15)
SOURCES = (".py", ".pyx", ".pxd", ".pyi", ".j2", ".h")
FILE = re.compile(r"(?<![\w/.<{$~*-])((?:[\w-]+/)*[a-z_]\w*\.(?:pyx?|pxd|pyi|j2))(?![\w/])")
OTHERS_FILES = {"tools/analysis/system_stress.py": "osquery's"}


def listed() -> list[str]:
    """Every file of the tree, also those that are not committed yet."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in found.splitlines() if (ROOT / name).is_file()]


FILES = listed()


def inner_rooms(place: str) -> set[str]:
    """The folders below a place, at any depth, as `a/` and `a/b/`."""
    inner = (Path(name).parent.relative_to(place) for name in FILES if name.startswith(f"{place}/"))
    folders = {folder for path in inner for folder in (path, *path.parents)} - {Path()}
    return {f"{folder.as_posix()}/" for folder in folders}


def places() -> dict[str, set[str]]:
    """Every place that the page names, with its inner rooms; those of tests have no names there."""
    modules = {name for name in FILES if re.fullmatch(r"harness/\w+\.py", name)}
    rooms = {f"harness/{room}" for room in inner_rooms("harness") if room.count("/") == 1}
    tests = {f"tests/{room}" for room in inner_rooms("tests") if room.count("/") == 1}
    found = {
        room: inner_rooms(room[:-1]) for room in (*rooms, "auditbench/", "consumer/", "workloads/")
    }
    return found | {name: set() for name in tests | modules - {"harness/__init__.py"}}


def rows(text: str) -> dict[str, set[str]]:
    """The table of the page: each place with its inner rooms."""
    found = {}
    for places_of_row, inner in re.findall(r"^\| (`.+?) \|.*?\|(.*)\|$", text, re.M):
        for place in re.findall(r"`([^`]+)`", places_of_row):
            found[place] = set(re.findall(r"`([^`]+/)`", inner))
    return found


def floors(text: str) -> dict[str, int]:
    """The floor of each place as the page draws it; `a/{b,c}.py` is two."""
    drawn = text.partition("## The floors\n\n```\n")[2].partition("```")[0]
    found, floor = {}, 0
    for line in drawn.splitlines():
        floor = int(line[6]) if line.startswith("floor ") else floor
        for package, several, one in re.findall(r"(\w+)/(?:\{([\w,]+)\}|(\w+))?", line):
            for name in (several or one).split(","):
                found[f"{package}.{name}".strip(".")] = floor
    return found


def test_the_page_names_every_place_and_nothing_else() -> None:
    assert rows(PAGE.read_text(encoding="utf-8")) == places()


def test_the_page_draws_the_floors_as_they_are() -> None:
    assert floors(PAGE.read_text(encoding="utf-8")) == {
        name: floor for name, floor in FLOORS.items() if name != "harness"
    }


def test_a_row_that_is_wrong_is_seen() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert rows(text.replace("| `harness/run/` |", "| `harness/walk/` |")) != places()
    assert rows(text.replace("`plan/`: ", "")) != places()
    assert rows(re.sub(r"^\| `harness/errors.py` .*\n", "", text, flags=re.M)) != places()
    assert floors(text.replace(",host,", ",")) != floors(text)


def test_the_page_is_one_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= PAGE_LINES
    assert len(text.split()) <= PAGE_WORDS


def test_tests_stand_by_the_name_of_the_room_that_they_test() -> None:
    rooms = {Path(name).stem for name in places()}
    rooms |= {Path(inner).name for found in places().values() for inner in found}
    for kind in ("unit", "integration"):
        assert {Path(name).name for name in inner_rooms(f"tests/{kind}")} - rooms == set()


def modules_by_folder() -> dict[str, int]:
    """How many modules each folder holds; a declaration or stub beside one counts with it."""
    found: dict[str, set[str]] = {}
    for name in FILES:
        path = Path(name)
        if path.suffix in (".py", ".pyx", ".pxd", ".pyi") and not path.stem.startswith("__"):
            found.setdefault(path.parent.as_posix(), set()).add(path.stem)
    return {folder: len(stems) for folder, stems in found.items()}


def test_no_folder_holds_too_many_modules() -> None:
    counted = modules_by_folder()
    assert counted["harness/kernel/rules"] > 15
    full = {name: count for name, count in counted.items() if count > MOST_MODULES}
    assert full == {}, "give it inner rooms"


@pytest.mark.parametrize("room", BIG_ROOMS)
def test_a_big_room_says_where_to_begin(room: str) -> None:
    text = ast.get_docstring(ast.parse((ROOT / room / "__init__.py").read_text())) or ""
    assert len(text.splitlines()) in DOCSTRING_LINES
    first = re.search(r"Begin at `(\S+?)`", text)
    assert first, "say where to begin"
    assert (ROOT / room / first[1]).is_file()
    named = set(re.findall(r"`([\w/]+/)`", text))
    assert named == inner_rooms(room)


def every_init() -> list[str]:
    packages = ("auditbench/", "consumer/", "harness/", "workloads/")
    return [n for n in FILES if n.endswith("/__init__.py") and n.startswith(packages)]


def test_every_room_says_what_it_is_for() -> None:
    texts = {name: ast.get_docstring(ast.parse((ROOT / name).read_text())) for name in every_init()}
    assert [name for name, text in texts.items() if not text or len(text.split()) < 8] == []


THERE = {"/".join(Path(name).parts[at:]) for name in FILES for at in range(name.count("/") + 1)}
"""Every file, also by the end of its path alone."""


def absent(text: str) -> list[str]:
    """The source files that a text names and that are not there."""
    return [name for name in FILE.findall(text) if name not in THERE and name not in OTHERS_FILES]


def test_files_that_are_named_are_there() -> None:
    told = [
        name
        for name in FILES
        if name.startswith(
            ("auditbench/", "consumer/", "harness/", "workloads/", "benchmarks/", "docs/")
        )
        or name in ("ARCHITECTURE.md", "README.md", "mkdocs.yml", "pyproject.toml", "Makefile")
    ]
    told = [name for name in told if name.endswith((*SOURCES, ".md", ".yml", ".toml", "Makefile"))]
    gone = {name: absent((ROOT / name).read_text(encoding="utf-8")) for name in told}
    assert {name: names for name, names in gone.items() if names} == {}


def test_a_file_that_is_gone_is_seen() -> None:
    assert absent("see `gone.pyx`, harness/cli.py, run/gone.py") == ["gone.pyx", "run/gone.py"]
