"""The types of options that more than one verb has, each declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from harness.run.request import RESULTS, Flag, Words

__all__ = [
    "RESULTS",
    "Flag",
    "Json",
    "JsonOfFiles",
    "OutputFile",
    "ResultsFolder",
    "To",
    "Words",
]

To = Annotated[list[str] | None, Parameter(negative="", show_default=False)]
Json = Annotated[
    bool, Parameter(negative="", help="Print one JSON document; the same as `--to json`.")
]
JsonOfFiles = Annotated[
    bool, Parameter(negative="", help="Print one JSON document that lists the written files.")
]
OutputFile = Annotated[Path | None, Parameter(name=["--output", "-o"])]
ResultsFolder = Annotated[Path, Parameter(help="The folder that runs are stored in.")]
