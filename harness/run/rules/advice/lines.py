"""New lines of a rule file, each read back before it is proposed."""

from __future__ import annotations

from collections.abc import Sequence

from harness.errors import UsageError
from harness.kernel.rules.format import format_rule
from harness.kernel.rules.lint.finding import Place
from harness.kernel.rules.lint.parsed import LoadedRule, Parsed, parse_source
from harness.kernel.rules.lint.source import Source, SourceLine
from harness.kernel.rules.rule import Rule


def line_of(rule: Rule) -> str | None:
    """A rule as a line of a file; None where auditctl would not read it as this rule."""
    line = format_rule(rule)
    if not line.isprintable():
        return None
    try:
        (read,) = lines_read((line,))
    except (UsageError, ValueError):
        return None
    return line if read == rule else None


def lines_read(lines: Sequence[str]) -> tuple[Rule, ...]:
    """The rules of these lines of a file."""
    contents = (line.encode("utf-8", "surrogateescape") for line in lines)
    numbered = (SourceLine(Place("", number), line) for number, line in enumerate(contents, 1))
    parsed = parse_source(Source(("",), tuple(numbered)), elsewhere=True)
    return tuple(rule.view.rule for rule in parsed.rules)


def prepended_places(parsed: Parsed) -> frozenset[Place]:
    """Where the lines stand that are put in front of their list."""
    return frozenset(
        place for place, line in parsed.lines if line.parsed.rule and line.parsed.rule.prepend
    )


def at(rule: LoadedRule) -> tuple[str, int]:
    """File and line of a rule."""
    return rule.place.file, rule.place.line
