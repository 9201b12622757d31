"""Rules as tests write them: a line of a rule file."""

from __future__ import annotations

from harness.kernel.rules.parsed_line import ParsedLine
from harness.kernel.rules.text import parse_rule
from harness.kernel.rules.words import as_bytes, split_line


def parse_rule_text(line: str) -> ParsedLine:
    """`parse_rule` of the words of one line."""
    return parse_rule(split_line(as_bytes(line)))
