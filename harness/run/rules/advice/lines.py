"""New lines of a rule file, each read back before it is proposed."""

from __future__ import annotations

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
    content = line.encode("utf-8", "surrogateescape")
    source = Source(("",), (SourceLine(Place("", 1), content),))
    try:
        (read,) = parse_source(source, elsewhere=True).rules
    except (UsageError, ValueError):
        return None
    return line if read.view.rule == rule else None


def prepended_places(parsed: Parsed) -> frozenset[Place]:
    """Where the lines stand that are put in front of their list."""
    return frozenset(
        place for place, line in parsed.lines if line.parsed.rule and line.parsed.rule.prepend
    )


def at(rule: LoadedRule) -> tuple[str, int]:
    """File and line of a rule."""
    return rule.place.file, rule.place.line
