"""The types of options that more than one verb has, each declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from harness.model.options import OUTPUT, RESULTS, Flag
from harness.run import choices
from harness.run.request import ResultsFolder, Words

__all__ = [
    "RESULTS",
    "Flag",
    "Json",
    "JsonOfFiles",
    "Logs",
    "OutputFile",
    "PlanName",
    "ResultsFolder",
    "To",
    "Words",
]

PlanName = Annotated[str | None, Parameter(completer=lambda _: choices.plans())]
To = Annotated[list[str] | None, Parameter(negative="", show_default=False, group=OUTPUT)]
Json = Annotated[
    Flag, Parameter(group=OUTPUT, help="Print one JSON document; the same as `--to json`.")
]
JsonOfFiles = Annotated[
    Flag, Parameter(group=OUTPUT, help="Print one JSON document that lists the written files.")
]
Logs = Annotated[list[str] | None, Parameter(negative="", consume_multiple=True)]
OutputFile = Annotated[Path | None, Parameter(name=["--output", "-o"], group=OUTPUT)]
