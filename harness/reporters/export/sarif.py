"""Findings in rule files as SARIF 2.1.0, which code hosts and editors show at their lines."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from harness.kernel.rules.lint.catalog import KINDS
from harness.kernel.rules.lint.finding import Finding, Kind, Place, Report

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)


def lint_sarif(report: Report) -> str:
    """One run with all kinds as its rules; SARIF's levels are the severities, word for word."""
    index = {code: number for number, code in enumerate(KINDS)}
    driver = {
        "name": "auditbench rules lint",
        "semanticVersion": version("auditbench"),
        "rules": [_rule(kind) for kind in KINDS.values()],
    }
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        "artifacts": [{"location": {"uri": _uri(name)}} for name in dict.fromkeys(report.files)],
        "results": [_result(each, index[each.kind.code]) for each in report.findings],
    }
    if report.kernel:
        run["properties"] = {"kernel": report.kernel}
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _rule(kind: Kind) -> dict[str, Any]:
    return {
        "id": kind.code,
        "shortDescription": {"text": kind.title},
        "fullDescription": {"text": kind.why},
        "defaultConfiguration": {"level": kind.severity},
    }


def _result(finding: Finding, index: int) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.kind.code,
        "ruleIndex": index,
        "level": finding.severity,
        "message": {"text": f"{finding.reason}. Remedy: {finding.remedy}"},
        "locations": [{"physicalLocation": _physical(finding.place)}],
    }
    if finding.related:
        places = dict.fromkeys(finding.related)
        result["relatedLocations"] = [
            {"id": number, "physicalLocation": _physical(place)}
            for number, place in enumerate(places, start=1)
        ]
    return result


def _physical(place: Place) -> dict[str, Any]:
    return {
        "artifactLocation": {"uri": _uri(place.file)},
        "region": {"startLine": place.line},
    }


def _uri(name: str) -> str:
    """Relative paths stay relative, as code hosts want them."""
    path = quote(name, errors="replace")
    return f"file://{path}" if PurePosixPath(name).is_absolute() else path
