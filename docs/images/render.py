"""Draws a stored run as a picture: `python docs/images/render.py RUN WORKLOAD FILE.svg`."""

from __future__ import annotations

import io
import re
import sys
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from harness.reporters.terminal import render_result
from harness.run.result import make_result
from harness.store import load_run

run, workload, target = sys.argv[1:]
result = make_result(load_run(Path(run)))
console = Console(record=True, width=80, file=io.StringIO(), force_terminal=True)
render_result(
    replace(
        result,
        comparisons=tuple(c for c in result.comparisons if c.cell.workload == workload),
        ledgers=tuple(entry for entry in result.ledgers if entry.cell.workload == workload),
        noise_floor=tuple(n for n in result.noise_floor if n.workload == workload),
        cautions=(),
    ),
    console,
)
picture = console.export_svg(title=f"auditbench show: {workload}")
# The template loads a font from elsewhere; the reader's own monospace will do.
Path(target).write_text(re.sub(r"@font-face \{.*?\}", "", picture, flags=re.DOTALL))
