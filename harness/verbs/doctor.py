"""`auditbench doctor`: what this host is, and whether it is fit."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from harness.counted import counted
from harness.errors import EXIT_FINE, EXIT_HOST_UNFIT
from harness.verbs.shared.parameters import Json, To

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from harness.host.doctor import Diagnosis
    from harness.host.finding import Finding

MARKS = {
    "ok": ("ok", "green"),
    "note": ("note", "cyan"),
    "warning": ("warn", "yellow"),
    "unfit": ("UNFIT", "bold red"),
}


def doctor_verb(*, to: To = None, json: Json = False) -> int:
    """Check whether this host is fit to measure on; exit code 4 if it is not.

    Parameters
    ----------
    to
        Write the diagnosis as json=FILE, or print it as json.
    """
    from harness.host.doctor import diagnose
    from harness.verbs.shared.forms import Forms
    from harness.verbs.shared.output import out

    forms = Forms(("json",), to, json=json)
    diagnosis = diagnose()
    forms.deliver(
        lambda: _print(diagnosis, out()),
        lambda: {"schema": "auditbench.doctor/1", **asdict(diagnosis)},
    )
    return EXIT_FINE if diagnosis.fit else EXIT_HOST_UNFIT


def _print(diagnosis: Diagnosis, console: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    facts = diagnosis.facts
    console.print(
        f"{facts.hostname}: Linux {facts.kernel.release}, {counted(len(facts.cpu.online), 'CPU')}, "
        f"{facts.cpu.model}",
        markup=False,
    )
    table = Table.grid(padding=(0, 1))
    table.add_column(min_width=5)
    table.add_column(overflow="fold")
    for finding in diagnosis.findings:
        mark, style = MARKS[finding.severity]
        table.add_row(Text(mark, style=style), _words(finding))
    console.print(table)
    unfit = sum(finding.severity == "unfit" for finding in diagnosis.findings)
    warnings = sum(finding.severity == "warning" for finding in diagnosis.findings)
    verdict = "not fit to measure on" if unfit else "fit to measure on"
    console.print(f"This host is {verdict} ({counted(warnings, 'warning')}).", style="bold")


def _words(finding: Finding) -> Text:
    from rich.text import Text

    from harness.plain import plain

    text = Text(plain(f"{finding.name}: {finding.what}"))
    if finding.remedy and finding.severity != "ok":
        text.append(f"\n→ {plain(finding.remedy)}", style="dim")
    return text
