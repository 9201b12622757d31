"""Files of one JSON object per line, as foreign consumers write their events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from harness.processes.line_process import ChildFailedError

Line = TypeVar("Line")


def read_lines(paths: Iterable[Path], kind: type[Line]) -> Iterator[Line]:
    """Every line of the files as a `kind`; a last line without a newline is skipped.

    Raises ChildFailedError at a line that is not one.
    """
    decoder = msgspec.json.Decoder(kind)
    for path in paths:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if not line.endswith(b"\n"):
                    break
                if line.isspace():
                    continue
                try:
                    yield decoder.decode(line)
                except msgspec.DecodeError as error:
                    raise ChildFailedError(
                        f"line {number} of {path.name} is not understood ({error})"
                    ) from None
