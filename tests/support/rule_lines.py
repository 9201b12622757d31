"""Rules as tests write them: a line of a rule file, or a file of them."""

from __future__ import annotations

from pathlib import Path

from harness.kernel.rules.lint.parsed import LoadedRule, parse_source
from harness.kernel.rules.lint.source import read_source
from harness.kernel.rules.parsed_line import ParsedLine
from harness.kernel.rules.text import parse_rule
from harness.kernel.rules.words import as_bytes, split_line


def parse_rule_text(line: str) -> ParsedLine:
    """`parse_rule` of the words of one line."""
    return parse_rule(split_line(as_bytes(line)))


def loaded_rules(folder: Path, *lines: str, file: str = "some.rules") -> tuple[LoadedRule, ...]:
    """The rules of a file with these lines, which is written into a folder."""
    path = folder / file
    path.write_text("".join(f"{line}\n" for line in lines))
    return parse_source(read_source(path), elsewhere=True).rules
