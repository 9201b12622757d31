"""Findings in rule files as compilers print theirs: `file:line: severity: reason [code]`."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from harness.counted import counted
from harness.kernel.rules.lint.finding import SEVERITIES, Report
from harness.plain import plain

_STYLES = {"error": "bold red", "warning": "yellow", "note": "cyan"}


def render_lint(report: Report, console: Console) -> None:
    """Print the answer, then each finding on one line and its remedy below it.

    A remedy that stands there already, for the finding before, is not repeated.
    """
    _print(console, Text(lint_sentence(report), style="bold"))
    before = ""
    for finding in report.findings:
        line = Text(f"{plain(str(finding.place))}: ")
        line.append(finding.severity, style=_STYLES[finding.severity])
        line.append(f": {plain(finding.reason)} [{finding.kind.code}]")
        _print(console, line)
        if finding.remedy != before:
            _print(console, Text(f"    {plain(finding.remedy)}", style="dim"))
        before = finding.remedy


def lint_sentence(report: Report) -> str:
    """The answer in one line: how many findings of each severity in how many files."""
    where = f"in {counted(len(report.files), 'file')}"
    where += f", loaded under Linux {plain(report.kernel)}" if report.kernel else ""
    counts = [counted(report.count(each), each) for each in SEVERITIES if report.count(each)]
    return f"{', '.join(counts) or 'No findings'} {where}"


def _print(console: Console, text: Text) -> None:
    """One line, however long: programs that read compilers' output take a line for a finding."""
    console.print(text, soft_wrap=True)
