"""The JSON document of advice; its schema is `docs/schema/advise.schema.json`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from harness.model.rules.advice import Advice, Proposal
from harness.reporters.documents.parts import guest_document

SCHEMA = "auditbench.advise/1"


def advice_document(advice: Advice) -> dict[str, Any]:
    """Advice as one plain document."""
    return {
        "schema": SCHEMA,
        "files": list(advice.files),
        "log": asdict(advice.log),
        "domains": advice.domains,
        "proposals": [
            {"number": number, **_proposal(each)} for number, each in enumerate(advice.proposals, 1)
        ],
        "together": {**asdict(advice.saved), "counted": _counted(advice)},
        "timed": asdict(advice.timed) if advice.timed else None,
        "guest": guest_document(advice.guest) if advice.guest else None,
        "warnings": [asdict(each) for each in advice.cautions],
    }


def _counted(advice: Advice) -> dict[str, Any] | None:
    if advice.together is None:
        return None
    return {**asdict(advice.together), "floor": advice.floor}


def _proposal(proposal: Proposal) -> dict[str, Any]:
    lines = zip(proposal.lines, proposal.old, strict=True)
    return {
        "kind": proposal.kind,
        "reason": proposal.reason,
        "old": [{"file": file, "line": line, "rule": rule} for (file, line), rule in lines],
        "new": list(proposal.new),
        "before": _place(proposal.before) if proposal.before else None,
        "passed": [_place(each) for each in proposal.passed],
        "alone": asdict(proposal.alone),
        "added": asdict(proposal.added),
        "lines_spared": proposal.lines_spared,
        "counted": asdict(proposal.counted) if proposal.counted else None,
        "timed": asdict(proposal.timed) if proposal.timed else None,
        "goes_blind": proposal.goes_blind,
        "blind": [{**asdict(each), "rules": list(each.rules)} for each in proposal.blind],
        "notes": list(proposal.notes),
    }


def _place(place: tuple[str, int]) -> dict[str, Any]:
    return {"file": place[0], "line": place[1]}
