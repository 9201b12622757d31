"""The JSON document of a timed bill; its schema is `docs/schema/cost-timed.schema.json`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from harness.model.rules.timed_cost import TimedBill
from harness.reporters.documents.parts import rule_document

SCHEMA = "auditbench.cost-timed/1"


def timed_cost_document(bill: TimedBill) -> dict[str, Any]:
    """A timed bill as one plain document: a row per line, the dearest first."""
    return {
        "schema": SCHEMA,
        "files": list(bill.files),
        "instrument": "timed",
        "unit": "ns per call",
        "run": bill.folder,
        "no_rules": asdict(bill.no_rules),
        "any_rule": asdict(bill.any_rule),
        "taxes_ns": bill.taxes_ns,
        "whole": asdict(bill.whole),
        "residue_ns": bill.residue_ns,
        "trials": bill.trials,
        "left_aside": bill.left_aside,
        "rows": [
            {
                **rule_document(line.rule),
                "tax": asdict(line.tax),
                "priced_together": line.group,
                "equal_to_previous": line.equal,
            }
            for line in bill.lines
        ],
        "warnings": [asdict(each) for each in bill.cautions],
    }
