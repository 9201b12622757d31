"""Programs that `make consumers` keeps in this checkout, beside those of the host."""

from __future__ import annotations

import os
from pathlib import Path

from harness.consumers.base import ConsumerAbsentError
from harness.consumers.foreign.program import find_program

FOLDER = Path(__file__).resolve().parents[3] / "build" / "consumers"
REMEDY = "get it (`make consumers` in a checkout of auditbench), or name its program with"


def kept_program(kept: str, program: str) -> Path | None:
    """The program in the folder `kept`; None if it has not been got."""
    path = FOLDER / kept / "bin" / program
    return path if path.is_file() and os.access(path, os.X_OK) else None


def find_kept(consumer: str, kept: str, program: str, binary: Path | None) -> Path:
    """The program at `binary` or in the folder `kept`; never that of the PATH.

    Raises ConsumerAbsentError if it is not found.
    """
    remedy = f"{REMEDY} --consumer-path {consumer}=PATH"
    if binary is not None:
        return find_program(program, binary, remedy=remedy)
    path = kept_program(kept, program)
    if path is None:
        raise ConsumerAbsentError(f"{kept} was not got for this host", remedy=remedy)
    return path
