"""Where verbs print to: standard output for results, standard error for progress.

Whoever reads our output may leave when they have seen enough (`| head`). The rest is dropped then,
and the exit code is what it would have been: it is a verdict, and nobody's business to change.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from rich.console import Console

from harness.reporters.plain import without_controls
from harness.reporters.plain_console import PlainConsole

PLAIN_WIDTH = 80


class _Output(PlainConsole):
    """A console on standard output that outlives its reader."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        _drop_the_rest()


def out() -> Console:
    """For results: as wide as the terminal, 80 columns where there is none."""
    return _Output(width=None if sys.stdout.isatty() else PLAIN_WIDTH, highlight=False)


def err() -> Console:
    """For progress and notes."""
    width = None if sys.stderr.isatty() else PLAIN_WIDTH
    return PlainConsole(stderr=True, width=width, highlight=False)


def print_json(document: dict[str, Any]) -> None:
    """One JSON document on standard output."""
    text = json.dumps(document, indent=1, ensure_ascii=False, default=str)
    print_text(without_controls(text) + "\n")


def print_text(text: str) -> None:
    """Text on standard output as it is."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _drop_the_rest()


def _drop_the_rest() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
