"""What is installed: every file that the packages hold beside their modules."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[2]
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
