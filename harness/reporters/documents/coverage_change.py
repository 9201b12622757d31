"""What a rule file no longer records, as part of the documents of `ab` and `gate`."""

from __future__ import annotations

from typing import Any

from harness.model.cover import RuleAt
from harness.model.gate import BlindCheck
from harness.model.rules.coverage_change import ChangedOperation, CoverageChange


def blind_document(check: BlindCheck) -> dict[str, Any]:
    """A limit on coverage, with what was found."""
    return {
        "limit": check.limit.text,
        "outcome": check.outcome,
        **change_document(check.change),
    }


def change_document(change: CoverageChange) -> dict[str, Any]:
    """BASE and HEAD under one kernel."""
    return {
        "kernel": change.kernel,
        "base": change.base,
        "head": change.head,
        "recorded": change.recorded,
        "lost": [_operation(each) for each in change.lost],
        "gained": [_operation(each) for each in change.gained],
    }


def _operation(each: ChangedOperation) -> dict[str, Any]:
    return {
        "operation": each.operation,
        "logins": list(each.logins),
        "entries": list(each.entries),
        "rules": [_rule(rule) for rule in each.rules],
        "kept_back": [_rule(rule) for rule in each.kept_back],
    }


def _rule(rule: RuleAt) -> dict[str, Any]:
    return {"file": rule.file, "line": rule.line, "key": rule.key or None, "text": rule.text}
