"""Chooses the progress display: live on a terminal, plain lines elsewhere."""

from __future__ import annotations

from rich.console import Console

from harness.reporters.progress import LiveProgress, PlainProgress
from harness.run.runner import Observer


def make_observer(console: Console) -> Observer:
    """The display that suits the console."""
    return LiveProgress(console) if console.is_terminal else PlainProgress(console)
