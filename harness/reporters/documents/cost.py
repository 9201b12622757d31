"""The JSON document of a bill; its schema is `docs/schema/cost.schema.json`."""

from __future__ import annotations

from typing import Any

from harness.model.cost import Bill, Logged, Priced
from harness.reporters.rules.cost import by_key

SCHEMA = "auditbench.cost/1"


def cost_document(bill: Bill) -> dict[str, Any]:
    """A bill as one plain document: a row per line, the dearest first."""
    guest = bill.guest
    return {
        "schema": SCHEMA,
        "files": list(bill.files),
        "instrument": "counted",
        "unit": "instructions per call",
        "guest": {
            "kernel": guest.kernel,
            "kernel_version": guest.kernel_version,
            "sha256": guest.sha256,
            "source": guest.source,
            "emulator": guest.emulator,
        },
        "no_rules": bill.no_rules,
        "any_rule": bill.any_rule,
        "taxes": bill.taxes,
        "whole": bill.whole,
        "residue": bill.residue,
        "floor": bill.floor,
        "days": bill.days,
        "rows": [_row(line, bill) for line in bill.lines],
        "keys": [
            {
                "key": name,
                "lines": len(lines),
                "tax": sum(line.tax or 0.0 for line in lines),
            }
            for name, lines in by_key(bill).items()
        ],
        "unassigned": _logged(bill.unassigned),
        "warnings": [
            {"name": each.name, "what": each.what, "remedy": each.remedy} for each in bill.cautions
        ],
    }


def _row(line: Priced, bill: Bill) -> dict[str, Any]:
    return {
        "kernel": bill.guest.kernel,
        "file": line.rule.file,
        "line": line.rule.line,
        "rule": line.rule.text,
        "key": line.rule.key or None,
        "tax": line.tax,
        "share": line.tax / bill.whole if line.tax is not None and bill.whole else None,
        "priced_together": line.group,
        "equal_to_previous": line.equal,
        "log": _logged(line.logged),
    }


def _logged(found: Logged | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "events": found.events,
        "records": found.records,
        "bytes": found.bytes,
        "events_per_day": found.events_per_day,
        "bytes_per_day": found.bytes_per_day,
    }
