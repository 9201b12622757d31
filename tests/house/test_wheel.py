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
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from harness.errors import AuditbenchError
from harness.kernel.client import AuditClient
from tests.kernel.turn import Turn

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


@pytest.fixture
def _turn() -> Iterator[None]:
    """As root the plugin measures the host's audit, which nobody else may have meanwhile."""
    turn = Turn()
    try:
        if os.geteuid() == 0:
            with suppress(AuditbenchError), AuditClient() as client:
                turn.take(client)
        yield
    finally:
        turn.give_back()


@pytest.mark.usefixtures("_turn")
def test_it_does_everything_without_sources_and_compiler(wheel: Path, tmp_path: Path) -> None:
    command = ["/bin/sh", str(ROOT / "packaging/check_wheel.sh"), str(wheel), "stored", "plugin"]
    dependencies = sysconfig.get_path("purelib")
    said = run(command, tmp_path, PYTHON=sys.executable, DEPENDENCIES=dependencies)
    lines = said.splitlines()
    assert lines[0] == "1.2"
    assert [line for line in lines if line.startswith("smoke.sh")] == [
        "smoke.sh: stored: fine",
        "smoke.sh: plugin: fine",
    ]
