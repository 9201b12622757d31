"""The answer to *published*: which published measurements this host finds again."""

from __future__ import annotations

from harness.counted import agreeing, counted
from harness.model.result import Result
from harness.model.stored.published import Redone
from harness.reporters.parts.published import AGREEMENTS, found_here
from harness.reporters.units import ratio

SAME_DIRECTION = ("larger", "smaller", "direction")


def published_first(result: Result) -> str:
    """How many are found again, in one sentence."""
    found = [each.agreement for each in result.redone]
    same = found.count("same")
    direction = sum(each in SAME_DIRECTION for each in found)
    against = found.count("opposite") + found.count("none")
    left = len(found) - same - direction - against
    is_ = agreeing(same, "is", "are")
    parts = [
        f"Of {counted(len(found), 'published measurement')} {same} {is_} found again here in "
        "direction and size"
    ]
    if direction:
        parts.append(f"{direction} in direction only")
    if against:
        parts.append(f"{against} {agreeing(against, 'is', 'are')} not")
    if left:
        parts.append(f"{left} {agreeing(left, 'stays', 'stay')} open")
    return f"{', '.join(parts)}."


def published_cells(result: Result) -> list[str]:
    """Each of them, a sentence or two."""
    return [_sentence(each) for each in result.redone]


def _sentence(each: Redone) -> str:
    row = each.published
    head = f"{row.name} ({row.set_up}): {row.found}, ratio {ratio(row.ratio)}"
    if each.ratio is None:
        return f"{head}; not measured here."
    here = f"here {found_here(each)}, ratio {ratio(each.ratio)}"
    return f"{head}; {here}: {AGREEMENTS[each.agreement]}. It may differ because {row.why}."
