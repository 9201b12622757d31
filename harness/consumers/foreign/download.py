"""Search for the program, with its version, of a consumer that no distribution packages."""

from __future__ import annotations

from pathlib import Path

from harness.consumers.base import ConsumerAbsentError, Found
from harness.consumers.foreign.kept import kept_program
from harness.consumers.foreign.program import answer_of, find_program

UNKNOWN_VERSION = "not told"


def find_download(
    consumer: str, program: str, binary: Path | None, *, source: str, version_word: str
) -> Found:
    """The program, on the PATH or got by `make consumers`, and its first line for `version_word`.

    `source` says where to get it. Raises ConsumerAbsentError if it is not found.
    """
    remedy = f"{source}, or name its program with --consumer-path {consumer}=PATH"
    try:
        path = find_program(program, binary, remedy=remedy)
    except ConsumerAbsentError:
        kept = kept_program(program, program)
        if binary is not None or kept is None:
            raise
        path = kept
    code, words = answer_of([path, version_word])
    lines = words.splitlines()
    return Found(path, lines[0].strip() if lines and code == 0 else UNKNOWN_VERSION)
