"""The cells of a run whose rules matched nothing: what is measured there is not the rules' price.

What counts is what the trials made, not what was foreseen: no event of the load's, none kept back,
none lost. Workloads that exist to show the cost of calls that no rule records are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from harness.model.result import Comparison
from harness.model.run import Cell, Ledger, Sample
from harness.model.stored.plan import StoredPlan
from harness.model.stored.scenario import StoredScenario
from workloads.catalog import WORKLOADS

_RECORDING = re.compile(r"-[aA] always,(exit|task|io_uring)\b|-w ")
"""A rule that makes events, as `auditctl -l` writes it."""
_WITHHOLDING = re.compile(r"-[aA] (never,(exit|task)|[a-z]+,exclude)\b")
"""A rule that keeps events back, or records of them."""
EXEMPT = frozenset(info.name for info in WORKLOADS.values() if info.silent)


def unmatched_cells(plan: StoredPlan, samples: Iterable[Sample]) -> tuple[Cell, ...]:
    """The cells with rules that could make events, none of which did in any valid trial."""
    by_cell: dict[Cell, list[Ledger]] = {}
    for sample in samples:
        if sample.valid and not (sample.warm_up or sample.ladder):
            by_cell.setdefault(sample.cell, []).append(sample.ledger)
    return tuple(cell for cell, ledgers in by_cell.items() if _nothing_matched(plan, cell, ledgers))


def _nothing_matched(plan: StoredPlan, cell: Cell, ledgers: Sequence[Ledger]) -> bool:
    scenario = plan.scenario(cell.workload, cell.scenario)
    foreseen = next((each for each in plan.matching if each.scenario == cell.scenario), None)
    if plan.is_replay or cell.workload in EXEMPT or scenario is None:
        return False
    # A file without a rule is measured as one of which nothing matched.
    without_rules = foreseen is not None and bool(foreseen.file) and not foreseen.rules
    if cell.scenario in plan.reference.scenarios or not (without_rules or _records(scenario)):
        return False
    none_withheld = not any(map(_WITHHOLDING.match, scenario.rules)) or (
        foreseen is not None and not foreseen.withholding.get(cell.workload, 0)
    )
    certain = foreseen is not None and not foreseen.by_workload.get(cell.workload, 1)
    return all(
        made_no_event(ledger, certain=certain) and _none_withheld(ledger, known=none_withheld)
        for ledger in ledgers
    )


def made_no_event(ledger: Ledger, *, certain: bool = False) -> bool:
    """Whether the load made no event; without a consumer that counts, only if that is certain."""
    made = (ledger.generated, ledger.partial, ledger.refused, ledger.vanished, ledger.unexplained)
    if any(made):
        return False
    if ledger.complete is None:
        return certain or ledger.generated == 0
    return not ledger.complete and (not ledger.lost or ledger.generated == 0)


def _none_withheld(ledger: Ledger, *, known: bool) -> bool:
    return known if ledger.suppressed is None else not ledger.suppressed


def _records(scenario: StoredScenario) -> bool:
    """Whether a rule of the scenario makes events."""
    return bool(scenario.enabled) and any(map(_RECORDING.match, scenario.rules))


def unmatched_scenarios(samples: Iterable[Sample], unmatched: Iterable[Cell]) -> tuple[str, ...]:
    """The scenarios of which nothing matched in any workload, silent ones aside."""
    cells, apart = frozenset(unmatched), EXEMPT
    matched = {s.scenario for s in samples if s.workload not in apart and s.cell not in cells}
    return tuple(dict.fromkeys(c.scenario for c in unmatched if c.scenario not in matched))


def without_price(comparisons: Iterable[Comparison], unmatched: Iterable[Cell]) -> list[Comparison]:
    """The comparisons, with the verdict on every cell of which nothing matched."""
    cells = frozenset(unmatched)
    return [
        replace(each, verdict="nothing-matched", blocks_needed=None)
        if each.cell in cells and each.verdict not in ("reference", "no-reference")
        else each
        for each in comparisons
    ]
