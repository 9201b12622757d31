"""Bring notebooks to the form in which they are kept: no outputs, no counts, no versions.

python notebooks/strip.py
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def stripped(name: str, text: str) -> str:
    """The notebook `name` without what running and saving it left; ids are by place."""
    cells = json.loads(text)["cells"]
    notebook = {
        "cells": [_cell(f"{name}-{number}", cell) for number, cell in enumerate(cells)],
        "metadata": METADATA,
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def _cell(identity: str, cell: dict[str, Any]) -> dict[str, Any]:
    kept = {
        "cell_type": cell["cell_type"],
        "id": identity,
        "metadata": {},
        "source": cell["source"],
    }
    return kept | ({"execution_count": None, "outputs": []} if kept["cell_type"] == "code" else {})


if __name__ == "__main__":
    for path in sorted(Path(__file__).parent.glob("*.ipynb")):
        path.write_text(stripped(path.stem, path.read_text(encoding="utf-8")), encoding="utf-8")
