"""Nothing is defined that nothing uses."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from floors import ROOT
from names import Tree


def test_no_name_is_dead() -> None:
    tree = Tree(ROOT)
    assert len(tree.modules) > 300
    assert tree.dead() == [], "use it, or remove it and the tests that only tested it"


FILES = {
    "harness/a.py": "from harness.b import used\n\nused()\n",
    "harness/b.py": "def used(): ...\n",
    "harness/api/__init__.py": "",
    "workloads/c.pyx": "from harness.b import used\n\ndef build(): ...\n",
    "workloads/c.pyi": "def build(): ...\n",
    "docs/api.md": "`shown`",
    "tests/test_b.py": "from harness import b\n\nb.tested()\nb.K().tested()\nb.probe()\n",
}


def planted(folder: Path, **more: str) -> list[str]:
    """The dead names of a small tree; `harness__b="code"` adds to the file of that module."""
    files = dict(FILES)
    for name, code in more.items():
        path = name.replace("__", "/") + (".pyx" if code.startswith("cdef ") else ".py")
        files[path] = files.get(path, "") + code
    for name, code in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code, encoding="utf-8")
    return Tree(folder).dead()


@pytest.mark.parametrize(
    ("code", "dead"),
    [
        ("def idle(): ...", "idle"),
        ("def tested(): ...", "tested"),
        ("def again(): again()", "again"),
        ("def shown(): ...", "shown"),
        ("async def idle(): ...", "idle"),
        ("IDLE = 1", "IDLE"),
        ("IDLE: int = 1", "IDLE"),
        ("class Idle: ...", "Idle"),
        ("class K:\n    def tested(self): ...\nK()", "K.tested"),
        ("class K:\n    def again(self): self.again()\nK()", "K.again"),
        ("class K:\n    @property\n    def idle(self): ...\nK()", "K.idle"),
    ],
)
def test_a_dead_name_is_found(tmp_path: Path, code: str, dead: str) -> None:
    assert planted(tmp_path, harness__b=code + "\n") == [f"harness.b.{dead}"]


def test_a_name_is_dead_though_another_module_has_one_that_is_used(tmp_path: Path) -> None:
    assert planted(tmp_path, harness__d="def used(): ...\n") == ["harness.d.used"]


def test_what_nothing_imports_from_cython_is_dead(tmp_path: Path) -> None:
    (tmp_path / "workloads").mkdir()
    (tmp_path / "workloads/e.pyi").write_text("def idle(): ...\ndef inner(): ...\n")
    code = "cdef int n\ndef idle(): ...\ndef inner(): ...\ninner()\n"
    assert planted(tmp_path, workloads__e=code) == ["workloads.e.idle"]


@pytest.mark.parametrize(
    "more",
    [
        {"harness__b": "LIVE = 1\nprint(LIVE)\n"},
        {"harness__b": "class K:\n    def live(self): ...\nK().live()\n"},
        {"harness__b": "class K:\n    def live(self): ...\nprint(getattr(K(), 'live'))\n"},
        {"harness__b": "import io\nclass K(io.RawIOBase):\n    def readinto(self, b): ...\nK()\n"},
        {"harness__b": "class K:\n    def __len__(self): return 1\nK()\n"},
        {"harness__b": "def live(): ...\n", "benchmarks__d": "from harness.b import live\n"},
        {"harness__b": "def live(): ...\n", "workloads__e": "cdef n\nfrom harness.b import live\n"},
        {
            "harness__b": "LIVE = 1\n",
            "workloads__e": "cdef int n\nfrom harness import b as c\nn = c.LIVE\n",
        },
        {"harness__api__d": "def shown(): ...\n"},
        {"harness__verbs__d": "def d_verb(): ...\n"},
    ],
    ids=str,
)
def test_a_used_name_is_not(tmp_path: Path, more: dict[str, str]) -> None:
    assert planted(tmp_path, **more) == []
