"""The types of options that more than one verb has, each declared once, and how they are read."""

from __future__ import annotations

from collections.abc import Iterable
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
    "split_names",
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


def split_names(words: Iterable[str]) -> list[str]:
    """The names in the words after an option, which may be several, or one with commas."""
    return [name for word in words for name in word.split(",")]
