"""Cells that a run adds where rules waited for room: which, how large, when, and how they are
stored. Nothing is measured here; made-up values stand for measurements.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from harness.answers.result import make_result
from harness.model.run import Cell, Sample, Trial
from harness.run.blocks import RunBlocks
from harness.run.larger_backlog import LEAST_RECORDS, MOST_RECORDS, further_cells
from harness.run.plan.document import plan_document
from harness.run.plan.plan import Plan, make_plan
from harness.run.runner import Silence, run_trials
from harness.run.trials.sample import sample_of
from harness.store import PLAN, RunWriter, load_run
from tests.support.requests import asked
from tests.support.samples import UNKNOWN

METRIC = "elapsed_ns_per_op"
OPS = 1000
FURTHER = "rules+backlog-8192"


def plan(**wanted: object) -> Plan:
    words = {"workloads": ("udp",), "scenarios": ("rules",), "seed": 3, "ops": OPS} | wanted
    return make_plan(asked(**words))


class Machine:
    """A machine on which these scenarios wait so much of their time, from a block on or always."""

    def __init__(self, shares: dict[str, float], *, records: int = 4000, first: int = 0) -> None:
        self.shares, self.records, self.first = shares, records, first
        self.limit = 64
        self.saved: list[Sample] = []
        self.plans: list[Plan] = []

    def measure(self, trial: Trial) -> Sample:
        share = self.shares.get(trial.cell.scenario, 0) if trial.block >= self.first else 0
        waited_ms = share * OPS * 1000 / 1e6
        ledger = replace(UNKNOWN, waited_ms=waited_ms, received_records=self.records, lost=0)
        return sample_of(
            trial,
            metrics={METRIC: 1000.0 + trial.block},
            ledger=ledger,
            status_before={"backlog_limit": self.limit},
        )

    def run(self, made: Plan) -> RunBlocks:
        run_blocks = RunBlocks(made, METRIC, on_cells=self.plans.append)
        run_trials(run_blocks, self.measure, self.saved.append, Silence())
        return run_blocks

    def scenarios(self) -> set[str]:
        return {sample.scenario for sample in self.saved}


def test_rules_that_wait_in_the_warm_up_get_a_cell_in_every_block() -> None:
    machine = Machine({"rules": 0.2})
    run_blocks = machine.run(plan(blocks=5))
    cells = Counter((sample.block, sample.scenario) for sample in machine.saved)
    assert set(cells.values()) == {1}
    assert {block for block, name in cells if name == FURTHER} == set(range(6))
    assert len(machine.saved) == run_blocks.trials_planned == 6 * 4
    assert [sample.index for sample in machine.saved] == list(range(24))
    for block in range(6):
        places = [s.position for s in machine.saved if s.block == block]
        assert places == list(range(4))
    assert [set(further_cells(each)) for each in machine.plans] == [
        {Cell("udp", FURTHER, "assemble")}
    ]


def test_it_is_the_same_rules_under_a_larger_backlog_and_nothing_else() -> None:
    machine = Machine({"rules": 0.2})
    machine.limit = LEAST_RECORDS
    made = machine.run(plan(blocks=2)).plan
    by_name = {scenario.name: scenario for scenario in made.scenarios["udp"]}
    name = "rules+backlog-32768"
    rules, further = by_name["rules"], by_name[name]
    assert further.rules == rules.rules
    assert (rules.backlog_limit, further.backlog_limit) == (LEAST_RECORDS, 32_768)
    assert further.backlog_wait_time == rules.backlog_wait_time
    assert further.larger_backlog_of == "rules"
    assert made.reference.of(Cell("udp", name, "assemble")).scenario == "no-audit"


def test_its_place_in_a_block_is_drawn_as_that_of_any_other() -> None:
    machine = Machine({"rules": 0.2})
    machine.run(plan(blocks=40))
    places = Counter(s.position for s in machine.saved if s.scenario == FURTHER and s.block)
    assert set(places) == {0, 1, 2, 3}


@pytest.mark.parametrize("share", [0.0, 0.02])
def test_rules_that_do_not_wait_get_none(share: float) -> None:
    machine = Machine({"rules": share})
    run_blocks = machine.run(plan(blocks=3))
    assert FURTHER not in machine.scenarios()
    assert not machine.plans
    assert len(machine.saved) == run_blocks.trials_planned == 4 * 3


def test_only_the_warm_up_decides() -> None:
    late = Machine({"rules": 0.5}, first=1)
    late.run(plan(blocks=3))
    assert FURTHER not in late.scenarios()


def test_a_reference_never_gets_one() -> None:
    machine = Machine({"no-audit": 0.5, "no-audit-aa": 0.5})
    machine.run(plan(blocks=2))
    assert not machine.plans


@pytest.mark.parametrize(
    ("records", "share", "expected"),
    [
        (4_000, 0.2, 8_192),
        (80_000, 0.2, 32_768),
        (80_000, 0.5, 131_072),
        (10_000_000, 0.5, MOST_RECORDS),
    ],
)
def test_it_holds_what_piled_up(records: int, share: float, expected: int) -> None:
    machine = Machine({"rules": share}, records=records)
    machine.run(plan(blocks=1))
    assert f"rules+backlog-{expected}" in machine.scenarios()


def test_a_backlog_that_is_as_large_as_any_is_not_tried_again() -> None:
    machine = Machine({"rules": 0.2})
    machine.limit = MOST_RECORDS
    machine.run(plan(blocks=1))
    assert not machine.plans


@pytest.mark.parametrize("name", ["pressure", "consumers"])
def test_plans_that_set_the_limits_or_compare_consumers_stay_as_they_are(name: str) -> None:
    words = {"plan": name, "blocks": 1, "seed": 1}
    made = make_plan(asked(**words))
    names = {cell.scenario for cell in made.cells()}
    machine = Machine(dict.fromkeys(names, 0.5))
    run_blocks = RunBlocks(made, METRIC, on_cells=machine.plans.append)
    run_trials(run_blocks, machine.measure, machine.saved.append, Silence())
    assert not machine.plans


def test_rules_in_the_cells_of_a_plan_keep_the_limits_of_the_plan(tmp_path: Path) -> None:
    path = tmp_path / "mine.rules"
    path.write_text("-a always,exit -F arch=b64 -S connect\n", encoding="utf-8")
    words = {"plan": "pressure", "blocks": 1, "seed": 1, "rule_files": (path,)}
    made = make_plan(asked(**words))
    machine = Machine({cell.scenario: 0.5 for cell in made.cells()})
    run_trials(
        RunBlocks(made, METRIC, on_cells=machine.plans.append),
        machine.measure,
        machine.saved.append,
        Silence(),
    )
    assert not machine.plans


def test_a_rule_file_that_sets_its_backlog_gets_one_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "mine.rules"
    path.write_text("-b 320\n-a always,exit -F arch=b64 -S connect\n", encoding="utf-8")
    machine = Machine({"mine": 0.3})
    machine.limit = 320
    made = machine.run(plan(blocks=1, rule_files=(path,))).plan
    by_name = {scenario.name: scenario for scenario in made.scenarios["udp"]}
    assert by_name["mine"].backlog_limit == 320
    assert by_name["mine+backlog-8192"].backlog_limit == 8192


def test_the_stored_plan_has_what_was_measured(tmp_path: Path) -> None:
    machine = Machine({"rules": 0.2})
    folder = tmp_path / "h-1" / "run"
    run_blocks = machine.run(plan(blocks=3))
    document = {**plan_document(run_blocks.plan), "trials": run_blocks.trials_planned}
    environment = {"facts": {"machine": "h-1"}}
    with RunWriter(folder) as writer:
        writer.describe(document, environment)
        for sample in machine.saved:
            writer.append(sample)
    stored = load_run(folder)
    written = tomllib.loads((folder / PLAN).read_text(encoding="utf-8"))
    assert FURTHER in {each["name"] for each in written["scenarios"]["udp"]}
    found = stored.plan.scenario("udp", FURTHER)
    assert found is not None
    assert (found.larger_backlog_of, found.backlog_limit) == ("rules", 8192)
    result = make_result(stored)
    assert result.complete
    assert [(each.cell.scenario, each.further_share) for each in result.waiting] == [("rules", 0)]
