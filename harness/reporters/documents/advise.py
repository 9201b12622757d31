"""The JSON document of advice; its schema is `docs/schema/advise.schema.json`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from harness.model.rules.advice import Advice, Proposal

SCHEMA = "auditbench.advise/1"


def advice_document(advice: Advice) -> dict[str, Any]:
    """Advice as one plain document."""
    return {
        "schema": SCHEMA,
        "files": list(advice.files),
        "events": advice.events,
        "records": advice.records,
        "proposals": [_proposal(each) for each in advice.proposals],
        "warnings": [asdict(each) for each in advice.cautions],
    }


def _proposal(proposal: Proposal) -> dict[str, Any]:
    lines = zip(proposal.lines, proposal.old, strict=True)
    return {
        "kind": proposal.kind,
        "reason": proposal.reason,
        "old": [{"file": file, "line": line, "rule": rule} for (file, line), rule in lines],
        "new": list(proposal.new),
        "events": proposal.events,
        "records": proposal.records,
        "bytes": proposal.bytes,
        "lines_spared": proposal.lines_spared,
        "goes_blind": proposal.goes_blind,
        "blind": [asdict(each) for each in proposal.blind],
    }
