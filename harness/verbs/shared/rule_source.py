"""The rules of a file or folder that a verb of `auditbench rules` is about."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import UsageError

if TYPE_CHECKING:
    from harness.kernel.rules.lint.parsed import Parsed
    from harness.model.caution import Caution


def parsed_rules(path: Path) -> Parsed:
    """A file or folder with its meaning; UsageError for what is no text."""
    from harness.kernel.rules.lint.kinds import ENCODING
    from harness.kernel.rules.lint.parsed import parse_source
    from harness.kernel.rules.lint.source import read_source

    parsed = parse_source(read_source(path), elsewhere=True)
    for finding in parsed.findings:
        if finding.kind is ENCODING:
            raise UsageError(f"{finding.place.file}: {finding.reason}", remedy=finding.remedy)
    return parsed


def loadable_rules(path: Path) -> Parsed:
    """The same; UsageError where not one rule of it can be loaded."""
    parsed = parsed_rules(path)
    if not parsed.rules:
        raise UsageError(
            f"{path} has no rule that can be loaded",
            remedy="name a rule file that has: `auditbench rules lint` says what is wrong with one",
        )
    return parsed


def refused_lines(parsed: Parsed) -> list[Caution]:
    """Lines that are left out, because auditctl or the kernel refuses them."""
    from harness.counted import counted
    from harness.kernel.rules.errors import NO_ACCOUNT
    from harness.kernel.rules.lint.kinds import FAULTS
    from harness.kernel.rules.lint.parsed import parse_source
    from harness.model.caution import Caution

    here = parse_source(parsed.source, elsewhere=False).findings
    bad = [finding for finding in parsed.findings if finding.kind in FAULTS.values()]
    # Another host may have the account; a rule without its number is no rule all the same.
    bad += [finding for finding in here if finding.kind.code == NO_ACCOUNT]
    bad.sort(key=lambda finding: finding.place)
    if not bad:
        return []
    lines = counted(len(bad), "line is refused and left out", "lines are refused and left out")
    return [
        Caution("refused", f"{lines}, the first is {bad[0].place}", "see `auditbench rules lint`")
    ]
