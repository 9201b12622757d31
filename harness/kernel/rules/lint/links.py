"""Watches for writing on symbolic links of this host; those for execution are in `checks/paths`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.kernel.rules.fields import PERMISSION_BITS, Field
from harness.kernel.rules.lint.finding import Finding, Kind
from harness.kernel.rules.lint.parsed import LoadedRule
from harness.kernel.rules.words import shown

ITSELF = Kind(
    "watch-link-itself",
    "note",
    "a watch for writing on a symbolic link",
    "The kernel watches the link itself: replacing it is recorded, writing to its target is not.",
)
KINDS = (ITSELF,)


def watched_links(rules: Sequence[LoadedRule]) -> Iterator[Finding]:
    """The watches with path= on a link, as far as they do not ask for execution."""
    for rule in rules:
        text, perm = rule.view.texts.get(Field.WATCH), rule.view.perm
        if text is None or perm is None or perm & PERMISSION_BITS["x"] or not rule.view.records:
            continue
        path = Path(os.fsdecode(text))
        try:
            if not path.is_symlink():
                continue
            target = shown(os.fsencode(os.path.realpath(path)))
        except (OSError, ValueError):
            continue
        reason = f"{shown(text)} is a symbolic link to {target}, which is not watched"
        remedy = f"keep it if the link is meant, and watch {target}, too, if its content is"
        yield Finding(ITSELF, rule.place, reason, remedy)
