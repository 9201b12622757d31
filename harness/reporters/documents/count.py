"""The JSON document of a counted run; its schema is `docs/schema/count.schema.json`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from harness.model.count import CountedResult
from harness.reporters.documents.parts import guest_document

SCHEMA = "auditbench.count/2"


def count_document(result: CountedResult) -> dict[str, Any]:
    """A counted run as one plain document; one row per cell and metric."""
    return {
        "schema": SCHEMA,
        "run": result.run,
        "plan": result.plan,
        "instrument": "counted",
        "complete": result.complete,
        "guests": [
            {"name": guest.name, **guest_document(guest), "machine": guest.machine}
            for guest in result.guests
        ],
        "reference": result.reference,
        "floor": result.floor,
        "rows": [
            {
                "kernel": cell.kernel,
                "workload": cell.workload,
                "scenario": cell.scenario,
                "metric": cell.metric,
                "estimate": cell.estimate,
                "difference": cell.difference,
                "floor": cell.floor,
                "boots": list(cell.boots),
            }
            for cell in result.cells
        ],
        "daemons": [asdict(daemon) for daemon in result.daemons],
        "warnings": [asdict(caution) for caution in result.cautions],
    }
