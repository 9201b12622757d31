"""A diagnosis of a host: whether it is fit, what it is, then every finding with its remedy."""

from __future__ import annotations

from collections.abc import Iterator

from harness.counted import counted
from harness.host.doctor import Diagnosis
from harness.host.finding import Finding
from harness.reporters.page import Box, Grid, Line, Page, Part, columns, verdict
from harness.reporters.words import FINDINGS

_COLUMNS = columns("severity", "finding", left=2)


def doctor_page(diagnosis: Diagnosis) -> Page:
    """A whole diagnosis."""
    return Page("auditbench doctor", tuple(_parts(diagnosis)))


def _parts(diagnosis: Diagnosis) -> Iterator[Part]:
    facts = diagnosis.facts
    fitness = "fit to measure on" if diagnosis.fit else "not fit to measure on"
    warnings = sum(finding.severity == "warning" for finding in diagnosis.findings)
    yield Line(f"This host is {fitness} ({counted(warnings, 'warning')}).", "answer")
    yield Line(
        f"{facts.hostname}: Linux {facts.kernel.release}, "
        f"{counted(len(facts.cpu.online), 'CPU')}, {facts.cpu.model}"
    )
    yield Grid("findings", "", _COLUMNS, tuple(map(_row, diagnosis.findings)))


def _row(finding: Finding) -> tuple[Box, Box]:
    """The severity; what was found, and below it the remedy of what is not as it should be."""
    words = f"{finding.name}: {finding.what}"
    remedy = finding.remedy if finding.severity != "ok" else ""
    return verdict(FINDINGS[finding.severity]), Box(words, words, below=remedy)
