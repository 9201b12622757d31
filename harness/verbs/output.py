"""Where verbs print to: standard output for results, standard error for progress."""

from __future__ import annotations

import json
import sys
from typing import Any

from rich.console import Console

PLAIN_WIDTH = 80


def out() -> Console:
    """For results: as wide as the terminal, 80 columns where there is none."""
    return Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH, highlight=False)


def err() -> Console:
    """For progress and notes."""
    return Console(stderr=True, width=None if sys.stderr.isatty() else PLAIN_WIDTH, highlight=False)


def print_json(document: dict[str, Any]) -> None:
    """One JSON document on standard output."""
    json.dump(document, sys.stdout, indent=1, ensure_ascii=False, default=str)
    sys.stdout.write("\n")
