"""The ledgers that a picture shows, one per cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.model.result import ReportView
from harness.model.run import Cell, Ledger
from harness.reporters.parts.ledger import is_silent
from harness.reporters.plots.base import Choice
from harness.reporters.plots.groups import groups, labels

LOSSES = ("suppressed", "refused", "vanished", "partial")
"""In the order in which an event meets them."""
LOST = LOSSES[1:]
"""Those that someone wanted."""
_SEVERAL = 2

STAGES = {
    "stage_rate_records": "rate limit",
    "stage_retry_records": "retry and hold queue",
    "stage_multicast_records": "multicast buffer",
    "stage_consumer_records": "consumer could not read",
}
"""Where the records of vanished events went."""


@dataclass(frozen=True, slots=True)
class Flow:
    """One cell's ledger, all its trials together."""

    cell: Cell
    label: str
    total: Ledger

    @property
    def name(self) -> tuple[str, str, str]:
        """The cell's name in a table."""
        return self.cell.workload, self.cell.scenario, self.cell.consumer

    def term(self, name: str) -> int | None:
        """A term of the ledger."""
        value: int | None = getattr(self.total, name)
        return value

    @property
    def whole(self) -> int:
        """What all heights are measured by: the events generated, else all that are known of."""
        known = [self.term(name) or 0 for name in (*LOSSES, "complete")]
        return max(self.total.generated or sum(known), 1)

    @property
    def stages(self) -> str:
        """Where records of vanished events were dropped, in words; empty where unknown."""
        found = [words for name, words in STAGES.items() if getattr(self.total, name)]
        return ", ".join(found) if self.total.vanished else ""

    @property
    def share_lost(self) -> float:
        """Of all events, those lost at any stage; what rules kept back is not lost."""
        return sum(self.term(name) or 0 for name in LOST) / self.whole

    @property
    def is_clean(self) -> bool:
        """Whether every event is known to have arrived whole."""
        return not self.total.unexplained and not any(
            value is None or value for value in map(self.term, LOSSES)
        )

    @property
    def is_bounded(self) -> bool:
        """Whether `lost` allows a range of `refused` only."""
        return self.total.refused_low != self.total.refused_high


def flows_of(view: ReportView, choice: Choice) -> dict[str, list[Flow]]:
    found: dict[str, list[Flow]] = {}
    for workload, group in groups(view, choice).items():
        names = labels(group)
        flows = [
            Flow(row.cell, names[row.cell], row.ledger.total)
            for row in group
            if row.ledger is not None
            and row.ledger.total.complete is not None
            and not is_silent(row.ledger.total)
        ]
        if flows:
            found[workload] = flows
    return found


def worst_first(flows: Sequence[Flow]) -> tuple[list[Flow], list[Flow]]:
    """Those to draw, by the share of their events that was lost; and those that lost nothing and
    look alike, for which a line is enough.
    """
    clean = [flow for flow in flows if flow.is_clean]
    folded = clean if len(clean) >= _SEVERAL else []
    drawn = [flow for flow in flows if flow not in folded]
    return sorted(drawn, key=lambda flow: -flow.share_lost), folded
