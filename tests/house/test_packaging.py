"""What is packaged: the source distribution is the tree, the wheel what the programs need."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOT_THE_TREE = shutil.ignore_patterns(
    ".git", ".venv", "build", "*.egg-info", "__pycache__", "*.so", "*.pyc", ".*_cache",
    ".hypothesis", ".benchmarks", ".coverage", "vm-*",
)  # fmt: skip
FOLDERS = (
    ".ci", ".github", "benchmarks", "consumer", "docs", "harness", "notebooks", "requirements",
    "results/reference", "tests", "workloads",
)  # fmt: skip
FILES = {
    "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "MANIFEST.in", "Makefile",
    "README.md", "SECURITY.md", "mkdocs.yml", "pyproject.toml", "results/README.md",
    "results/keep.py", "setup.py",
}  # fmt: skip
MADE = {".py", ".pyc", ".c", ".so", ".md"}
"""Modules, what is built from sources, and pages for whoever reads the sources."""


def test_every_file_of_the_packages_is_installed() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (patterns,) = tomllib.loads(text)["tool"]["setuptools"]["package-data"].values()
    files = [
        path
        for package in ("harness", "consumer", "workloads")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in MADE
    ]
    assert len(files) > 50
    missing = [
        path.relative_to(ROOT).as_posix()
        for path in files
        if not any(fnmatch(path.name, pattern) for pattern in patterns)
    ]
    assert missing == [], "name their kind in [tool.setuptools.package-data]"


def test_every_folder_of_the_packages_is_one() -> None:
    folders = {
        path.parent
        for package in ("harness", "consumer", "workloads")
        for path in (ROOT / package).rglob("*.py")
    }
    assert [folder.as_posix() for folder in folders if not (folder / "__init__.py").is_file()] == []


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The files of both distributions, made of a copy; without compiled modules, for speed."""
    tree = Path(
        shutil.copytree(ROOT, tmp_path_factory.mktemp("copy") / "tree", ignore=NOT_THE_TREE)
    )
    code = "from setuptools import build_meta as b; b.build_sdist('dist'); b.build_wheel('dist')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tree,
        env=os.environ | {"AUDITBENCH_PACKAGES": "none"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    (sdist,), (wheel,) = tree.glob("dist/*.tar.gz"), tree.glob("dist/*.whl")
    with tarfile.open(sdist) as archive:
        within = {name.partition("/")[2] for name in archive.getnames()}
    with zipfile.ZipFile(wheel) as archive:
        return {"sdist": within, "wheel": set(archive.namelist())}


def files_of(folder: str) -> set[str]:
    """What a folder of the tree holds, apart from what was made."""
    found = (path for path in (ROOT / folder).rglob("*") if path.is_file())
    return {
        path.relative_to(ROOT).as_posix()
        for path in found
        if path.suffix not in (".pyc", ".so")
        and not (path.suffix == ".c" and folder in ("consumer", "workloads"))
        and not any(part.startswith(".") for part in path.relative_to(ROOT / folder).parts)
    }


def test_the_source_distribution_is_the_tree(built: dict[str, set[str]]) -> None:
    expected = set().union(*map(files_of, FOLDERS), FILES)
    assert len(expected) > 700
    assert "docs/schema/result.schema.json" in expected
    assert sorted(expected - built["sdist"]) == [], "name it in MANIFEST.in"


def test_the_wheel_is_what_the_programs_need(built: dict[str, set[str]]) -> None:
    needed = {
        path.relative_to(ROOT).as_posix()
        for package in ("harness", "consumer", "workloads")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in MADE - {".py"}
    }
    assert sorted(needed - built["wheel"]) == []
    others = {name for name in built["wheel"] - needed if ".dist-info/" not in name}
    assert sorted(others) == []
