"""Every compiled module has a stub, and the stub says what the module does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from extensions import ROOT, extension_modules, extension_sources


@pytest.mark.parametrize("source", extension_sources(), ids=lambda path: path.stem)
def test_has_a_stub(source: Path) -> None:
    assert source.with_suffix(".pyi").is_file(), f"{source.name} has no .pyi beside it"


def test_stubs_agree_with_the_modules() -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "--concise", *extension_modules()],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
