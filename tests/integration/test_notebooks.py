"""The notebooks run from top to bottom, draw what they say, and are kept without noise."""

from __future__ import annotations

import asyncio
import runpy
from pathlib import Path

import nbclient
import nbformat
import pytest

from tests.support.command import ROOT
from tests.support.patience import PATIENCE_S

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

STRIPPED = runpy.run_path(str(ROOT / "notebooks/strip.py"))["stripped"]


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def test_there_is_one_for_each_question() -> None:
    assert {path.stem for path in NOTEBOOKS} == {"ledger", "overhead", "rules"}


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, nbformat.NotebookNode]:
    """All of them at once, since most of the time is that of three kernels that start."""
    folder = tmp_path_factory.mktemp("jupyter")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR"):
            patch.setenv(name, str(folder / name))
        patch.setenv("PYTHONPATH", str(ROOT))
        return asyncio.run(execute_all())


async def execute_all() -> dict[Path, nbformat.NotebookNode]:
    notebooks = {path: read(path) for path in NOTEBOOKS}
    clients = [
        nbclient.NotebookClient(
            notebook,
            timeout=PATIENCE_S,
            allow_errors=True,
            resources={"metadata": {"path": str(path.parent)}},
        )
        for path, notebook in notebooks.items()
    ]
    await asyncio.gather(*(client.async_execute() for client in clients))
    return notebooks


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_and_draws(path: Path, executed: dict[Path, nbformat.NotebookNode]) -> None:
    outputs = [output for cell in executed[path].cells for output in cell.get("outputs", ())]
    assert [output for output in outputs if output.output_type == "error"] == []
    assert [output for output in outputs if output.get("name") == "stderr"] == []
    kinds = [kind for output in outputs for kind in output.get("data", ())]
    assert "image/png" in kinds
    assert kinds.count("text/html") >= 2


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_kept_without_noise(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    nbformat.validate(read(path))
    assert STRIPPED(path.stem, text) == text, "python notebooks/strip.py"


def test_what_running_and_saving_leaves_is_stripped(
    executed: dict[Path, nbformat.NotebookNode],
) -> None:
    for path, notebook in executed.items():
        saved = nbformat.writes(notebook)
        assert "image/png" in saved
        assert STRIPPED(path.stem, saved) == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_thin(path: Path) -> None:
    code = [cell.source for cell in read(path).cells if cell.cell_type == "code"]
    lines = [line for source in code for line in source.splitlines()]
    assert [line for line in lines if "import" in line] == ["import auditbench"]
    assert len(lines) <= 40
