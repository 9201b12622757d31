"""The wheel, where neither the sources nor a compiler are: packaging/check_wheel.sh.

The extensions are those of this checkout, which are compiled already; what auditbench depends on is
that of this environment. The release installs both afresh, with the same script.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.support.privilege import AS_NOBODY, unprivileged

ROOT = Path(__file__).parents[2]
NOT_THE_TREE = shutil.ignore_patterns(
    ".git", ".venv", "build", "share", "*.egg-info", "__pycache__", "*.pyc", ".*_cache",
    ".hypothesis", "results", "tests", "docs", "notebooks",
)  # fmt: skip

COMPILED = ("consumer", "workloads")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel with compiled modules."""
    folder = tmp_path_factory.mktemp("wheel")
    tree = Path(shutil.copytree(ROOT, folder / "tree", ignore=NOT_THE_TREE))
    built = tree / f"build/lib.{sysconfig.get_platform()}-{sys.implementation.cache_tag}"
    # Up to date, whenever they were made: C newer than the sources, modules newer than C.
    for suffix in ("c", "so"):
        for made in (path for name in COMPILED for path in (tree / name).rglob(f"*.{suffix}")):
            made.touch()
    for module in (path for name in COMPILED for path in (tree / name).rglob("*.so")):
        target = built / module.relative_to(tree)
        target.parent.mkdir(parents=True, exist_ok=True)
        module.rename(target)
    code = "import sys; sys.path.insert(0, 'packaging'); import build_backend as b"
    run(
        [sys.executable, "-c", f"{code}; b.build_wheel('..')"],
        tree,
        SETUPTOOLS_SCM_PRETEND_VERSION="1.2",
    )
    (wheel,) = folder.glob("*.whl")
    return wheel


def run(command: list[str], folder: Path, **environment: str) -> str:
    """What a command prints that must succeed."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout


def test_it_does_everything_without_sources_and_compiler(wheel: Path) -> None:
    """Without root, as it would measure the host's audit, which other tests have."""
    for folder in (wheel.parent, wheel.parent.parent):
        folder.chmod(0o755)
    command = [
        *unprivileged(AS_NOBODY),
        "/bin/sh",
        str(ROOT / "packaging/check_wheel.sh"),
        str(wheel),
        "stored",
        "plugin",
    ]
    dependencies = sysconfig.get_path("purelib")
    said = run(command, Path("/"), PYTHON=sys.executable, DEPENDENCIES=dependencies)
    lines = said.splitlines()
    assert lines[0] == "1.2"
    assert [line for line in lines if line.startswith("smoke.sh")] == [
        "smoke.sh: stored: fine",
        "smoke.sh: plugin: fine",
    ]
