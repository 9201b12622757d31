"""The notebooks run from top to bottom, draw what they say, and are kept without noise."""

from __future__ import annotations

from pathlib import Path

import nbclient
import nbformat
import pytest

from tests.support.command import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def test_there_is_one_for_each_question() -> None:
    assert {path.stem for path in NOTEBOOKS} == {"ledger", "overhead", "rules"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_and_draws(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "MPLCONFIGDIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = read(path)
    client = nbclient.NotebookClient(
        notebook, timeout=60, resources={"metadata": {"path": str(path.parent)}}
    )
    client.execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert [output for output in outputs if output.get("name") == "stderr"] == []
    kinds = [kind for output in outputs for kind in output.get("data", ())]
    assert "image/png" in kinds
    assert kinds.count("text/html") >= 2


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_kept_without_noise(path: Path) -> None:
    notebook = read(path)
    nbformat.validate(notebook)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.metadata.language_info == {"name": "python"}
    for number, cell in enumerate(notebook.cells):
        assert cell.metadata == {}
        assert cell.id == f"{path.stem}-{number}"
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_thin(path: Path) -> None:
    code = [cell.source for cell in read(path).cells if cell.cell_type == "code"]
    lines = [line for source in code for line in source.splitlines()]
    assert [line for line in lines if "import" in line] == ["from harness import api"]
    assert len(lines) <= 40
