"""The JSON document of a coverage; its schema is `docs/schema/cover.schema.json`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from harness.model.cover import Coverage, RuleAt, Seen
from harness.reporters.documents.parts import guest_document

SCHEMA = "auditbench.cover/1"


def cover_document(coverage: Coverage) -> dict[str, Any]:
    """A coverage as one plain document: a row per operation, entry and login."""
    guest = coverage.guest
    return {
        "schema": SCHEMA,
        "files": list(coverage.files),
        "guest": guest_document(guest),
        "rows": [
            {
                "kernel": guest.kernel,
                "group": row.group,
                "operation": row.operation,
                "entry": row.entry,
                "login": row.login,
                "seen": [
                    _seen(each, rules) for each, rules in zip(row.seen, coverage.rules, strict=True)
                ],
                "blinded": row.is_blinded,
            }
            for row in coverage.rows
        ],
        "warnings": [asdict(each) for each in coverage.cautions],
    }


def _seen(seen: Seen, rules: tuple[RuleAt, ...]) -> dict[str, Any]:
    rule = None if seen.rule is None else rules[seen.rule]
    return {
        "verdict": seen.verdict,
        "file": None if rule is None else rule.file,
        "line": None if rule is None else rule.line,
        "key": None if rule is None else rule.key or None,
        "errno": seen.error,
    }
