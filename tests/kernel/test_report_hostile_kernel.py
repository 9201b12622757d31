"""A program whose name, place and arguments mean harm, measured for real, in all reports."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from pathlib import Path

import pytest

from tests.support.command import auditbench

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("audit_host")]

COMM = "=cmd|<b>\x1b[31m"
"""The name of the program, and so what the kernel calls it in `comm`."""
FOLDER = "@<img src=x onerror=hacked()>\u202e"
ARGUMENTS = ('=HYPERLINK("http://evil.example","x")', "<script>hacked()</script>", "\x1b]0;x\x07")


@pytest.fixture
def measured(tmp_path: Path) -> Path:
    """The folder of the run."""
    program = tmp_path / FOLDER / COMM
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o755)
    done = auditbench(
        "run", "--scenario", "rules", "--blocks", 2, "--ops", 5,
        "--", program, *ARGUMENTS, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (samples,) = tmp_path.glob("results/*/*/samples.jsonl")
    trials = map(json.loads, samples.read_text(encoding="utf-8").splitlines())
    assert any(trial["ledger"]["complete"] for trial in trials)
    plan = (samples.parent / "plan.toml").read_text(encoding="utf-8")
    assert "HYPERLINK" in plan
    # No run gets such a label, but others may have written it.
    environment = samples.parent / "environment.json"
    stored = json.loads(environment.read_text(encoding="utf-8"))
    environment.write_text(json.dumps({**stored, "label": COMM}), encoding="utf-8")
    return samples.parent


def controls(text: str) -> set[str]:
    return {c for c in text if unicodedata.category(c) in ("Cc", "Cf") and c not in "\r\n\u2060"}


def test_nothing_of_it_does_anything(measured: Path, tmp_path: Path) -> None:
    def written(*words: object) -> str:
        done = auditbench(*words, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert controls(done.stdout + done.stderr) == set()
        return done.stdout

    written("report", "latest", "-o", "r.html")
    written("plot", "latest", "-o", "r.svg")
    texts = {name: (tmp_path / name).read_text(encoding="utf-8") for name in ("r.html", "r.svg")}
    texts["md"] = written("report", "latest", "--to", "md")
    texts["txt"] = written("report", "latest", "--to", "txt")
    texts["show"] = written("show", "latest", "--details")
    texts["csv"] = written("export", "latest", "--to", "csv")
    texts["history"] = written("history", "--to", "csv")
    for name, text in texts.items():
        assert controls(text) == set(), name
    for name in ("r.html", "r.svg", "md"):
        assert not re.search(r"(?<!\\)<(script>h|img|b>\\)", texts[name]), name
    assert "&lt;script&gt;hacked()" in texts["r.html"]
    assert "\\x1b[31m" in texts["r.html"]
    for name in ("csv", "history"):
        cells = {cell for row in csv.reader(io.StringIO(texts[name])) for cell in row}
        assert not {cell for cell in cells if cell.startswith(("=", "@", "+"))}, name
