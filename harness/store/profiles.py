"""The profiles of a run, beside its samples and never among them: one line per cell.

A line that a crash cut short is passed over; of several lines of a cell the last counts.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from harness.errors import UsageError
from harness.files.caller import why
from harness.files.reading import is_file, read_bytes
from harness.model.run import Cell
from harness.model.stored.profile import PROFILE_SCHEMA, StoredProfile
from harness.store.layout import PROFILES

MOST_PROFILES = 64
MOST_BYTES = 64 << 20


def profile_line(profile: StoredProfile) -> bytes:
    """One profile as it is stored."""
    return msgspec.json.encode(profile) + b"\n"


def read_profiles(folder: Path) -> tuple[StoredProfile, ...]:
    """Those of a run; none where it has none. UsageError where they cannot be read."""
    path = folder / PROFILES
    if not is_file(path):
        return ()
    try:
        lines = read_bytes(path, limit=MOST_BYTES).split(b"\n")
    except (OSError, ValueError) as error:
        reason = why(error) if isinstance(error, OSError) else str(error)
        raise UsageError(
            f"{path} cannot be read ({reason})", remedy="delete this file to use the rest"
        ) from None
    found: dict[Cell, StoredProfile] = {}
    for number, line in enumerate(lines[:-1], start=1):
        profile = _read(path, number, line)
        found.pop(profile.cell, None)
        found[profile.cell] = profile
        if len(found) > MOST_PROFILES:
            raise UsageError(f"{path} has too many profiles", remedy="delete this file")
    return tuple(found.values())


def _read(path: Path, number: int, line: bytes) -> StoredProfile:
    try:
        profile = msgspec.json.decode(line, type=StoredProfile)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"{path}:{number} is damaged ({error})", remedy="delete this line to use the rest"
        ) from None
    if profile.schema != PROFILE_SCHEMA:
        raise UsageError(
            f"{path}:{number} has schema {profile.schema}, this version reads {PROFILE_SCHEMA}",
            remedy="use the version of auditbench that wrote it",
        )
    return profile
