"""The programs that tests need beside Python, and who may do without: requirements/packages.txt.

A test asks `program` for each that it starts, and is skipped where this machine has none.
"""

from __future__ import annotations

import os
import platform
import shutil
from functools import cache
from pathlib import Path

import pytest

LIST = Path(__file__).parents[2] / "requirements" / "packages.txt"
COLUMNS = ("debian", "ubuntu", "fedora", "suse", "arch")
NOT_SERVED = "this distribution serves no package of it"
"""What the reason of a skip ends with where nothing could be installed."""
PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


@cache
def packages(distribution: str) -> dict[str, tuple[str, ...]]:
    """Packages by program (by each of its names) on one of COLUMNS; none where none is served."""
    found = {}
    for line in LIST.read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            _, names, *served = line.split()
            of = served[COLUMNS.index(distribution)]
            for name in names.split("|"):
                found[name] = () if of == "-" else tuple(of.split(","))
    return found


@cache
def distribution() -> str:
    """The column for this machine."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return COLUMNS[0]
    ids = [release.get("ID", ""), *release.get("ID_LIKE", "").split()]
    ids += ["fedora"] if "rhel" in ids else []
    known = (next((c for c in COLUMNS if one.startswith(c)), None) for one in ids)
    return next(filter(None, known), COLUMNS[0])


def find_program(*names: str) -> str | None:
    """Where the first of these names is that this machine has; one of the list."""
    for name in names:
        assert name in packages(COLUMNS[0]), f"{name} is to stand in {LIST}"
    return next(filter(None, (shutil.which(name, path=PATH) for name in names)), None)


def why_absent(*names: str) -> str:
    """The reason of a skip for want of a program."""
    served = packages(distribution())[names[0]]
    remedy = f"install {' '.join(served)}" if served else NOT_SERVED
    return f"{names[0]} is not installed: {remedy}"


def program(*names: str) -> str:
    """The same, or the test is skipped."""
    found = find_program(*names)
    if found is None:
        pytest.skip(why_absent(*names))
    return found


def compiler() -> str:
    """The C compiler that also built us, or the test is skipped."""
    found = next(filter(None, map(shutil.which, (os.environ.get("CC", ""), "gcc", "cc"))), None)
    if found is None:
        pytest.skip("there is no C compiler")
    return found


def needs(*names: str) -> pytest.MarkDecorator:
    """The mark of tests that start all of these programs."""
    absent = [name for name in names if find_program(name) is None]
    reason = "; ".join(why_absent(name) for name in absent)
    return pytest.mark.skipif(bool(absent), reason=reason)
