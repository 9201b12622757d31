"""Further cells that do not wait: rules that waited for room in the warm-up, with a larger backlog.

Which cells these are, and how large their backlog is, follows from the warm-up block alone, by a
fixed rule: it is settled before the first block that counts, and nothing that counts can move it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.answers.waiting import share_waited, waits
from harness.counted import counted
from harness.model.reference import every_scenario, own_references
from harness.model.run import AA, EXCLUDE_CALL, EXCLUDE_EXE, Cell, Sample, Scenario
from harness.model.stored.trial import StoredStatus
from harness.model.worker_counts import without_workers
from harness.run.plan.plan import Plan
from harness.scenarios.catalog import SCENARIOS

LEAST_RECORDS = 8192
MOST_RECORDS = 131_072
"""A record in the queue takes some 2 KiB of kernel memory: 256 MiB."""


def with_larger_backlogs(plan: Plan, warm_up: Sequence[Sample]) -> Plan:
    """The plan with a further scenario for each whose rules waited more than 2 % of the warm-up.

    The same plan where none did, or where what is compared is not scenarios. A scenario that one
    consumer makes wait is measured with all of them. `backlog_wait_time` stays the host's or that
    of the rules.
    """
    if plan.victim is not None or plan.reference.scenario is None or plan.reference.consumer:
        return plan
    scenarios = {
        workload: tuple(each for s in group for each in _with_further(plan, workload, s, warm_up))
        for workload, group in plan.scenarios.items()
    }
    own = {**plan.reference.by_scenario, **own_references(every_scenario(scenarios))}
    return replace(plan, scenarios=scenarios, reference=replace(plan.reference, by_scenario=own))


def _with_further(
    plan: Plan, workload: str, scenario: Scenario, warm_up: Sequence[Sample]
) -> list[Scenario]:
    """The scenario, with the further one after it if it waited."""
    samples = [
        s for s in warm_up if (s.workload, s.scenario) == (workload, scenario.name) and s.valid
    ]
    if not _may_have_one(plan, scenario):
        return [scenario]
    workers = scenario.workers or plan.workers
    needed = [_records_needed(sample, workers) for sample in samples]
    waited = [records for records in needed if records is not None]
    if not waited:
        return [scenario]
    records = _power_of_two(max(waited))
    further = replace(
        scenario,
        name=f"{scenario.name}+backlog-{records}",
        summary=f"{scenario.summary}, with a backlog of {counted(records, 'record')}",
        backlog_limit=records,
        larger_backlog_of=scenario.name,
        file="",
    )
    taken = {each.name for each in plan.scenarios[workload]}
    limit = max(StoredStatus.before(sample).backlog_limit for sample in samples)
    if further.name in taken or records <= limit:
        return [scenario]
    return [scenario, further]


def _may_have_one(plan: Plan, scenario: Scenario) -> bool:
    """Whether the scenario is of rules, under limits that its plan does not set on purpose."""
    own_limit = scenario.limited_by_plan or (
        scenario.backlog_limit is not None and not _of_rules(scenario)
    )
    return (
        bool(scenario.enabled and scenario.rules)
        and scenario.interleaved
        and not (own_limit or scenario.stop_for_ms)
        and not scenario.name.endswith(AA)
        and scenario.name not in plan.reference.scenarios
    )


def _of_rules(scenario: Scenario) -> bool:
    """Whether it is rules as they are in a file, and no cell that a plan defines by its limits."""
    name = scenario.name if scenario.workers is None else without_workers(scenario.name)
    return bool(scenario.file) or name in SCENARIOS or name.endswith((EXCLUDE_EXE, EXCLUDE_CALL))


def _records_needed(sample: Sample, workers: int) -> int | None:
    """Twice the records that the queue would have grown to in this trial without waiting.

    None if it did not wait. The records came through at an even rate over the whole time; without
    the waiting they would have been made in the rest of it, so that the share waited of them would
    not have been through by then.
    """
    share = share_waited([sample], workers)
    if share is None or not waits(share):
        return None
    records = (sample.ledger.received_records or 0) + (sample.ledger.lost or 0)
    return round(2 * (share * records + StoredStatus.before(sample).backlog_limit))


def _power_of_two(records: int) -> int:
    """The least power of two that holds them, within the bounds of this module."""
    return min(max(1 << max(records - 1, 0).bit_length(), LEAST_RECORDS), MOST_RECORDS)


def further_cells(plan: Plan) -> list[Cell]:
    """The cells that were added to a plan."""
    return [cell for cell in plan.cells() if plan.scenario_of(cell).larger_backlog_of]
