"""The JSON document of `auditbench top`; its schema is `docs/schema/top.schema.json`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from harness.counted import agreeing, counted

if TYPE_CHECKING:
    from harness.kernel.rules.file import RuleFile

SCHEMA = "auditbench.top/1"


def top_document(
    log: dict[str, Any], tables: Sequence[dict[str, Any]], cautions: Sequence[str]
) -> dict[str, Any]:
    """The document of a log with these tables instead of its own."""
    said = [*cautions, *_file_cautions(log)]
    if log["events_cut_short"]:
        said.append(
            f"{counted(log['events_cut_short'], 'time')} more than 262,144 events were open within "
            "two seconds, and the oldest second was ended early"
        )
    kept = {name: value for name, value in log.items() if name != "own_records"}
    return {**kept, "schema": SCHEMA, "tables": list(tables), "cautions": said}


def _file_cautions(log: dict[str, Any]) -> list[str]:
    said = []
    for file in log["files"]:
        if file["damaged_lines"]:
            said.append(
                f"{_name(file)}: {file['damaged_lines']:,} of {counted(file['lines'], 'line')} "
                f"{agreeing(file['damaged_lines'], 'is not a record', 'are not records')}; the "
                f"first is line {file['first_damaged_line']:,} ({file['damage']})"
            )
        if file["problem"]:
            said.append(f"{_name(file)} is damaged, read to there: {file['problem']}")
    return said


def _name(file: dict[str, Any]) -> str:
    return str(file["name"])


def rule_table(rule_file: RuleFile, lines: Sequence[str], credits: Sequence[Any]) -> dict[str, Any]:
    """The table by rule: `credits` as `credit_rules` gives them, `lines` the rules as text.

    `rules` of a row are the lines of the file: one; several that cannot be told apart; none where
    no rule of the file can have written the events.
    """
    rows = []
    for credit in credits:
        numbers = [rule_file.line_numbers[place] for place in credit.rules]
        if not numbers:
            value = "no rule of this file"
        elif len(numbers) == 1:
            value = lines[credit.rules[0]]
        else:
            value = "one of lines " + ", ".join(map(str, numbers))
        rows.append(
            {
                "value": value,
                "rules": numbers,
                "events": credit.events,
                "records": credit.records,
                "bytes": credit.bytes,
            }
        )
    return {"by": "rule", "rows": rows, "left_out": 0, "beyond_memory": 0}
