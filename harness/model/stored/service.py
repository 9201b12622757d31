"""A service of a stored run, with its file as it was."""

from __future__ import annotations

import msgspec

from harness.model.numbers import Rate


class StoredService(msgspec.Struct, frozen=True, kw_only=True):
    """A service by its file; `per_second` is what a client that runs for a time is planned for."""

    path: str = ""
    digest: str = ""
    text: str = ""
    operation: str = ""
    per_second: Rate | None = None
