"""`auditbench rules lint`: everything that is wrong with rule files, at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from harness.errors import EXIT_FINE, EXIT_REGRESSION, UsageError
from harness.verbs.shared.parameters import Flag, Json, To

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.kernel.rules.lint.finding import Report
    from harness.kernel.rules.lint.source import Source
    from harness.run.rules.loading import KernelAnswers


def lint_verb(
    *files: Path,
    fail_on: Literal["error", "warning", "note"] = "error",
    elsewhere: Flag = False,
    kernel: str | None = None,
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
    kernel
        Load the rules in an emulated guest with this kernel, and say what it really refuses: a
        version that this distribution serves such as `6.1`, a .deb, a bzImage, or `host`.
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
    report = _linted(files, kernel, elsewhere=elsewhere)
    forms.deliver(
        lambda: render_lint(report, out()),
        lambda: lint_document(report, fail_on),
        sarif=lambda: lint_sarif(report),
        junit=lambda: lint_junit(report, fail_on),
    )
    return EXIT_REGRESSION if report.reaches(fail_on) else EXIT_FINE


def _linted(paths: tuple[Path, ...], kernel: str | None, *, elsewhere: bool) -> Report:
    from harness.host.program_copies import container_copies
    from harness.kernel.rules.lint.finding import Report
    from harness.kernel.rules.lint.linter import lint_source
    from harness.kernel.rules.lint.source import read_source

    copies = None if elsewhere else container_copies()
    sources = [read_source(path) for path in paths]
    asked = _asked(sources, kernel)
    answers = asked.answers if asked else [None] * len(sources)
    findings = [
        finding
        for source, refused in zip(sources, answers, strict=True)
        for finding in lint_source(source, elsewhere=elsewhere, copies=copies, answers=refused)
    ]
    names = tuple(name for each in sources for name in each.files)
    return Report(names, tuple(findings), asked.kernel if asked else "")


def _asked(sources: Sequence[Source], kernel: str | None) -> KernelAnswers | None:
    """What a kernel refuses of each source; None if none is named."""
    if kernel is None:
        return None
    from harness.run.rules.loading import ask_kernel
    from harness.verbs.shared.display import say_on
    from harness.verbs.shared.output import err

    return ask_kernel(sources, kernel, say_on(err()))
