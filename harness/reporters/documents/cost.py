"""The JSON document of a bill; its schema is `docs/schema/cost.schema.json`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from harness.model.cost import Bill, CountedLoad, EventPrice, Logged, Priced
from harness.reporters.documents.parts import guest_document, rule_document
from harness.reporters.rules.cost import by_key

SCHEMA = "auditbench.cost/1"


def cost_document(bill: Bill) -> dict[str, Any]:
    """A bill as one plain document: a row per line, the dearest first."""
    return {
        "schema": SCHEMA,
        "files": list(bill.files),
        "instrument": "counted",
        "unit": "instructions per call",
        "guest": guest_document(bill.guest),
        "no_rules": bill.no_rules,
        "any_rule": bill.any_rule,
        "taxes": bill.taxes,
        "whole": bill.whole,
        "residue": bill.residue,
        "floor": bill.floor,
        "days": bill.days,
        "rows": [_row(line, bill) for line in bill.lines],
        "keys": [asdict(total) for total in by_key(bill)],
        "loads": [_load(load) for load in bill.loads],
        "record_price": bill.record_price,
        "unassigned": _logged(bill.unassigned),
        "warnings": [asdict(each) for each in bill.cautions],
    }


def _row(line: Priced, bill: Bill) -> dict[str, Any]:
    return {
        "kernel": bill.guest.kernel,
        **rule_document(line.rule),
        "tax": line.tax,
        "share": line.tax / bill.whole if line.tax is not None and bill.whole else None,
        "priced_together": line.group,
        "equal_to_previous": line.equal,
        "event": _price(line.event),
        "log": _logged(line.logged),
    }


def _logged(found: Logged | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return asdict(found)


def _price(price: EventPrice | None) -> dict[str, Any] | None:
    if price is None:
        return None
    return {**asdict(price), "loads": list(price.loads), "total": price.total}


def _load(load: CountedLoad) -> dict[str, Any]:
    return {
        "name": load.name,
        "events_per_operation": load.events,
        "event": _price(load.price),
        "per_record": load.price.per_record,
        "lines": [{"file": rule.file, "line": rule.line} for rule in load.lines],
        "behind": load.behind,
        "apart": load.apart,
    }
