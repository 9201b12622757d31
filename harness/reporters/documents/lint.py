"""The JSON document of `auditbench rules lint`; its schema is `docs/schema/lint.schema.json`."""

from __future__ import annotations

from typing import Any

from harness.kernel.rules.lint.finding import SEVERITIES, Report, Severity

SCHEMA = "auditbench.lint/1"


def lint_document(report: Report, fail_on: Severity) -> dict[str, Any]:
    """All findings, and whether one of them is as grave as `fail_on`."""
    return {
        "schema": SCHEMA,
        "files": list(report.files),
        "kernel": report.kernel or None,
        "counts": {severity: report.count(severity) for severity in SEVERITIES},
        "fail_on": fail_on,
        "failed": report.reaches(fail_on),
        "findings": [
            {
                "file": finding.place.file,
                "line": finding.place.line,
                "severity": finding.severity,
                "code": finding.kind.code,
                "reason": finding.reason,
                "remedy": finding.remedy,
                "related": [{"file": each.file, "line": each.line} for each in finding.related],
            }
            for finding in report.findings
        ],
    }
