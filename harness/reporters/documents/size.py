"""How large the backlog must be as a JSON document; see `docs/schema/size.schema.json`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import msgspec

from harness.model.searches.size import Advice, SizeAnswer, TriedBacklog
from harness.reporters.questions.size import size_sentences

SCHEMA = "auditbench.size/1"


def size_document(answer: SizeAnswer) -> dict[str, Any]:
    """As in `docs/schema/size.schema.json`."""
    return {
        "schema": SCHEMA,
        "run": answer.run,
        "outcome": answer.outcome,
        "trustworthy": answer.trustworthy,
        "answer": " ".join(size_sentences(answer)),
        "rules": answer.rules,
        "asked": msgspec.to_builtins(answer.sizing),
        "rate_ops_per_s": answer.rate_ops_per_s,
        "burst_ops": answer.burst_ops,
        "measured": asdict(answer.measured),
        "computed_records": answer.computed,
        "lossy": _tried(answer, answer.lossy),
        "clean": _tried(answer, answer.clean),
        "longer": asdict(answer.longer) if answer.longer is not None else None,
        "tried": [_tried(answer, each) for each in answer.tried],
        "advice": _advice(answer.advice) if answer.advice is not None else None,
        "waited_ms": answer.waited_ms,
        "waiting_trials": answer.waiting_trials,
        "waiting_lost": answer.waiting_lost,
        "cautions": [asdict(caution) for caution in answer.cautions],
    }


def _advice(advice: Advice) -> dict[str, Any]:
    return {
        **asdict(advice),
        "memory_bytes": advice.memory_bytes,
        "lines": list(advice.lines),
    }


def _tried(answer: SizeAnswer, tried: TriedBacklog | None) -> dict[str, Any] | None:
    if tried is None:
        return None
    return {**asdict(tried), "operations": answer.events(tried.backlog)}
