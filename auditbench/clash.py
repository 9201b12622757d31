"""Whether another distribution, or a folder on the import path, has packages of the same names.

pip installs two distributions with a package `harness` over each other without a word, and removing
one takes files of the other along. What is installed is therefore held against the list that pip
keeps of our files (RECORD): a file that is gone or has another size ends the program, a file of
somebody else's is told. So is a distribution whose list names files in these packages, even if ours
lie over all of them: then it is the other that is broken. Sources that are run where they lie have
no such list; there only the place of each package is looked at. Imports nothing but the standard
library, and little of it.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path

OURS = "auditbench"
SHARED = ("consumer", "harness", "workloads")
"""The packages with names that others use too."""
REMEDY = "install auditbench into an environment of its own (python3 -m venv DIR)"
AGAIN = "install it again, from where you had it (pip install --force-reinstall --no-deps ...)"
SITE = Path(__file__).parents[1]
"""Where the packages lie: site-packages, or the tree."""


@dataclass(frozen=True, slots=True)
class Clash:
    """Two parties with one name: the line to print, and whether our part is unusable."""

    text: str
    is_fatal: bool


def find_clash(site: Path = SITE) -> Clash | None:
    """The first clash found, None if everything is ours.

    `site` is the folder that the packages must lie in.
    """
    return _shadowed(site) or _mixed(site)


def _shadowed(site: Path) -> Clash | None:
    """A package of the same name that comes first on the import path."""
    for name in SHARED:
        if not (site / name).is_dir():
            return Clash(f"the package {name} is missing from {site}: {REMEDY}", is_fatal=True)
        spec = PathFinder.find_spec(name)
        places = list(spec.submodule_search_locations or [spec.origin or ""]) if spec else []
        if places and not _is_same(Path(places[0]), site / name):
            what = f"`import {name}` finds {places[0]}, not auditbench's package in {site}"
            remedy = f"take that folder off the import path (PYTHONPATH), or {REMEDY}"
            return Clash(f"{what}: {remedy}", is_fatal=True)
    return None


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _mixed(site: Path) -> Clash | None:
    """Files of others among ours, or in the place of ours, where pip keeps a list of ours."""
    recorded = {name: size for name, size in _recorded(site) if name.partition("/")[0] in SHARED}
    if not recorded:
        return None
    found = dict(_present(site))
    broken = sorted(name for name, size in recorded.items() if found.get(name) != size)
    if broken:
        how = "was replaced" if broken[0] in found else "is gone"
        what = f"{broken[0]} in {site} {how}{_by_whom(site, broken[0])}"
        return Clash(f"{what}: {AGAIN}, or {REMEDY}", is_fatal=True)
    foreign = sorted(found.keys() - recorded.keys())
    if foreign:
        what = f"{foreign[0]} in {site} is not auditbench's{_by_whom(site, foreign[0])}"
        return Clash(f"{what}; each may break the other: {REMEDY}", is_fatal=False)
    for other, package in _claims(site):
        what = f"the distribution {other} in {site} has a package {package} too"
        return Clash(f"{what}, which auditbench's lies over: {REMEDY}", is_fatal=False)
    return None


def _recorded(site: Path) -> Iterator[tuple[str, int]]:
    """Path and size in bytes of every file that pip lists as ours, bytecode aside.

    Nothing where there is no such list, or none that can be read: distributors remove it.
    """
    for record in site.glob(f"{OURS}-*.dist-info/RECORD"):
        with suppress(OSError, ValueError), record.open(encoding="utf-8", newline="") as lines:
            for name, _, size in csv.reader(lines):
                if size and not name.endswith(".pyc"):
                    yield name, int(size)


def _present(site: Path) -> Iterator[tuple[str, int]]:
    """Path and size in bytes of every file in the packages, bytecode aside."""
    waiting = [str(site / name) for name in SHARED]
    start = len(str(site)) + 1
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir():
                    if entry.name != "__pycache__":
                        waiting.append(entry.path)
                elif not entry.name.endswith(".pyc"):
                    yield entry.path[start:], entry.stat().st_size


def _by_whom(site: Path, name: str) -> str:
    """`; the distribution NAME VERSION has a package PACKAGE too`, if one does."""
    package = name.partition("/")[0]
    for other, claimed in _claims(site):
        if claimed == package:
            return f"; the distribution {other} has a package {package} too"
    return ""


def _claims(site: Path) -> Iterator[tuple[str, str]]:
    """Each other distribution whose list of files names one of the packages, as `NAME VERSION`."""
    for record in sorted(site.glob("*.dist-info/RECORD")):
        name, _, version = record.parent.name.removesuffix(".dist-info").partition("-")
        if name == OURS:
            continue
        with suppress(OSError):
            lines = b"\n" + record.read_bytes()
            for package in SHARED:
                if any(b"\n%b%b" % (package.encode(), end) in lines for end in (b"/", b".py,")):
                    yield f"{name} {version}", package
