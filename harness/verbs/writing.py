"""Files that a verb writes beside what it prints, and the summary page of a CI job."""

from __future__ import annotations

import json as json_module
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.files.output import require_writable, write_text

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
"""GitHub names in it the file that becomes the summary page of a job."""


@dataclass(frozen=True, slots=True)
class Destinations:
    """Where to write what; None is nowhere. Markdown also goes to the summary of a CI job."""

    junit: Path | None = None
    markdown: Path | None = None
    json: Path | None = None

    def require_writable(self) -> None:
        """UsageError, before anything is measured, where a file could not be written."""
        for path in (self.junit, self.markdown, self.json, _summary()):
            if path is not None:
                require_writable(path)

    def write(
        self,
        *,
        markdown: Callable[[], str],
        json: Callable[[], dict[str, Any]],
        junit: Callable[[], str] | None = None,
    ) -> None:
        """Write what was asked for; UsageError where the disk does not take it."""
        if self.junit is not None and junit is not None:
            write_text(self.junit, junit())
        if self.markdown is not None:
            write_text(self.markdown, markdown())
        if self.json is not None:
            write_text(self.json, json_module.dumps(json(), indent=1, default=str) + "\n")
        if (summary := _summary()) is not None:
            write_text(summary, markdown() + "\n", append=True)


def _summary() -> Path | None:
    """The summary page of the CI job, where there is one."""
    named = os.environ.get(STEP_SUMMARY)
    return Path(named) if named else None
