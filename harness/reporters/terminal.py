"""A verdict in the tables of a history."""

from __future__ import annotations

from rich.text import Text

from harness.model.result import Verdict
from harness.reporters.words import VERDICTS


def verdict_text(verdict: Verdict) -> Text:
    """A verdict as tables show it: mark and word, in its colour."""
    look = VERDICTS[verdict]
    return Text(look.marked, style=look.style)
