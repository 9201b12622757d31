"""The verbs of the command line."""

from __future__ import annotations

from harness.cli import GROUPS

VERBS = {verb: words for verbs in GROUPS.values() for verb, words in verbs.items()}
"""What help says about each, by name."""
