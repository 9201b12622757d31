"""Words that `harness.reporters.words` replaced, and names that `harness.renamed` knows."""

from __future__ import annotations

import re

from harness.renamed import CELLS, OLD_AA, SCENARIOS, SUFFIXES

WORDS = (
    r"undecided",
    r"equivalent",
    r"[?○●] open\b",
    r"\bopen verdict",
    r"\bopen comparison",
    r"(?:verdict|difference) (?:is|stays) open",
    r"told from (?:the reference|nothing)",
    r"cannot be told yet",
    r"nothing that matters",
    r"relied on",
    r"made again",
    r"CPU together",
)
ALSO_WORDS = frozenset({"pressure", "consumers", "rate", "unlimited", "watched"})
"""Old names that are words of their own, and say nothing where they stand alone."""
QUOTED = frozenset({"excluded", "roomy"})
"""Plain words that are names only where they are marked as one."""


def _pattern() -> re.Pattern[str]:
    names = {*SCENARIOS, *(name for table in CELLS.values() for name in table)} - ALSO_WORDS
    bare = "|".join(map(re.escape, sorted(names - QUOTED, key=len, reverse=True)))
    quoted = "|".join(sorted(QUOTED))
    suffixes = "|".join(map(re.escape, SUFFIXES))
    return re.compile(
        rf"(?<![\w-])(?:{bare})(?![\w-])"
        rf"|[`\":/](?:{quoted})(?=[`\":/\s])"
        rf"|(?:{suffixes})\b"
        rf"|(?:no-audit|no-context|reference){re.escape(OLD_AA)}"
        rf"|{'|'.join(WORDS)}"
    )


_OLD = _pattern()


def old_words(text: str) -> list[str]:
    """Those that stand in a text."""
    return [match[0] for match in _OLD.finditer(text)]
