"""How much rules and a consumer can take as JSON; see `docs/schema/capacity.schema.json`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import msgspec

from harness.model.searches.capacity import CapacityAnswer, CapacityOf
from harness.reporters.questions.capacity import capacity_sentences

SCHEMA = "auditbench.capacity/1"


def capacity_document(answer: CapacityAnswer) -> dict[str, Any]:
    """As in `docs/schema/capacity.schema.json`."""
    return {
        "schema": SCHEMA,
        "run": answer.run,
        "trustworthy": answer.trustworthy,
        "complete": answer.complete,
        "answer": " ".join(capacity_sentences(answer)),
        "asked": msgspec.to_builtins(answer.search),
        "found": [_of_pair(each) for each in answer.found],
        "cautions": [asdict(caution) for caution in answer.cautions],
    }


def _of_pair(each: CapacityOf) -> dict[str, Any]:
    return {
        **asdict(each),
        "brackets": [{**asdict(found), "width": found.width} for found in each.brackets],
        "tried": [{**asdict(trial), "share": trial.share} for trial in each.tried],
        "beyond": each.beyond,
        "agrees": each.agrees,
    }
