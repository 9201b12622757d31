"""The JSON document of `auditbench verify`; its schema is `docs/schema/verify.schema.json`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from harness.model.verify import KINDS, Finding, VerifyReport
from harness.reporters.verify import (
    cannot_tell,
    event_words,
    finding_detail,
    reading_notes,
    verify_sentence,
)

SCHEMA = "auditbench.verify/1"


def verify_document(report: VerifyReport) -> dict[str, Any]:
    """The answer with all that it rests on; every kind of fault is there, also those not found."""
    matched = report.matched
    found = {each.kind: each for each in matched.findings}
    return {
        "schema": SCHEMA,
        "verdict": report.verdict,
        "answer": verify_sentence(report),
        "raw": asdict(report.raw),
        "output": asdict(report.output),
        "events": matched.events,
        "records": matched.records,
        "output_events": matched.output_events,
        "whole": matched.whole,
        "outside": matched.outside,
        "unplaced": matched.unplaced,
        "window": matched.window,
        "first_missing": matched.first_missing,
        "last_missing": matched.last_missing,
        "raw_ms": matched.raw_ms,
        "output_ms": matched.output_ms,
        "findings": [_finding(found.get(kind, Finding(kind, 0)), report) for kind in KINDS],
        "cannot_tell": list(cannot_tell(report)),
        "cautions": list(reading_notes(report)),
    }


def _finding(finding: Finding, report: VerifyReport) -> dict[str, Any]:
    first = finding.first
    return {
        "kind": finding.kind,
        "events": finding.events,
        "allowed": finding.kind in report.allowed,
        "first": first
        and {
            "stamp_ms": first.event.stamp_ms,
            "serial": first.event.serial,
            "event": event_words(first.event),
            "detail": finding_detail(finding),
        },
    }
