"""`auditbench rules lint`: everything that is wrong with rule files, at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from harness.errors import EXIT_FINE, EXIT_REGRESSION, UsageError
from harness.verbs.shared.parameters import Flag, Json, To

if TYPE_CHECKING:
    from harness.kernel.rules.lint.finding import Report


def lint_verb(
    *files: Path,
    fail_on: Literal["error", "warning", "note"] = "error",
    elsewhere: Flag = False,
    to: To = None,
    json: Json = False,
) -> int:
    """Find what is wrong with rule files: refused, dead, shadowed, lossy, dear; exit code 1 if so.

    Parameters
    ----------
    files
        Rule files in auditctl's syntax, or folders, which are read as augenrules merges them.
    fail_on
        The least severity that makes the exit code 1.
    elsewhere
        The rules are another host's: say nothing that depends on this one's files and accounts.
    to
        Write the findings as FORM=FILE, or print them as FORM; may be given several times: json,
        sarif, junit.
    """
    if not files:
        raise UsageError("no rule file to read", remedy="name files, or a folder like rules.d")
    from harness.reporters.documents.lint import lint_document
    from harness.reporters.export.junit import lint_junit
    from harness.reporters.export.sarif import lint_sarif
    from harness.reporters.lint import render_lint
    from harness.verbs.shared.forms import Forms
    from harness.verbs.shared.output import out

    forms = Forms(("json", "sarif", "junit"), to, json=json)
    report = _linted(files, elsewhere=elsewhere)
    forms.deliver(
        lambda: render_lint(report, out()),
        lambda: lint_document(report, fail_on),
        sarif=lambda: lint_sarif(report),
        junit=lambda: lint_junit(report, fail_on),
    )
    return EXIT_REGRESSION if report.reaches(fail_on) else EXIT_FINE


def _linted(paths: tuple[Path, ...], *, elsewhere: bool) -> Report:
    from harness.host.program_copies import container_copies
    from harness.kernel.rules.lint.finding import Report
    from harness.kernel.rules.lint.linter import lint_source
    from harness.kernel.rules.lint.source import read_source

    copies = None if elsewhere else container_copies()
    sources = [read_source(path) for path in paths]
    findings = [
        finding
        for source in sources
        for finding in lint_source(source, elsewhere=elsewhere, copies=copies)
    ]
    return Report(tuple(name for each in sources for name in each.files), tuple(findings))
