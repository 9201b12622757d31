"""Empty files and programs at the paths that operations use."""

from __future__ import annotations

from harness.guest.cpio import Entry, file
from harness.guest.operations.accounts import FILES, PROGRAMS
from harness.guest.operations.operation import PROGRAM


def operated_entries() -> dict[bytes, Entry]:
    """What a guest must have for its operations, by path."""
    files = {path.encode(): file(b"") for path in FILES}
    return files | {path.encode(): file(PROGRAM, 0o755) for path in PROGRAMS}
