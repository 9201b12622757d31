"""A plan that compares numbers of workers: which there are, and the reference of each cell."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from harness.answers.gate import GateRules, reference_of
from harness.answers.limit_cells import excluded_cells, select_cells
from harness.answers.limits import read_limits
from harness.answers.waiting import share_waited
from harness.errors import UsageError
from harness.host.cpu import CpuFacts
from harness.model.gate import Check
from harness.model.reference import Reference, every_scenario
from harness.model.run import Cell
from harness.model.worker_counts import with_workers, without_workers
from harness.run import gate
from harness.run.ab import pair_up
from harness.run.larger_backlog import with_larger_backlogs
from harness.run.plan import worker_counts
from harness.run.plan.document import plan_document
from harness.run.plan.plan import Plan, make_plan
from harness.run.plan.schedule import block
from harness.run.trials.sample import sample_of
from harness.store import RunWriter, load_run
from tests.support.requests import asked
from tests.support.samples import UNKNOWN

Cpus = Callable[[int], None]
USER_PLAN = """
summary = "mine"
question = "scaling"
reference = "no-audit"
aa_cell = true
workers = {workers}
scenarios = ["no-audit", "no-rules", "rules+exclude-exe"]
workloads = ["udp", "files"]
"""


@pytest.fixture
def cpus(monkeypatch: pytest.MonkeyPatch) -> Cpus:
    """Sets how many CPUs the host has, each a core of its own."""

    def put(number: int) -> None:
        every = tuple(range(number))
        facts = CpuFacts(
            model="made up",
            online=every,
            allowed=every,
            smt_active=False,
            siblings=tuple((cpu,) for cpu in every),
            isolated=(),
            governors=(),
            frequency_driver=None,
            turbo=None,
            clocksource=None,
            clocksources=(),
            hypervisor_flag=False,
        )
        monkeypatch.setattr(worker_counts, "read_cpu_facts", lambda tree: facts)

    return put


def written(folder: Path, workers: str, text: str = USER_PLAN) -> str:
    path = folder / "mine.toml"
    path.write_text(text.format(workers=workers), encoding="utf-8")
    return str(path)


def assert_matched(plan: Plan) -> None:
    """Every cell is compared with one of as many workers, which is there and its own reference."""
    cells = plan.cells()
    assert cells
    for cell in cells:
        reference = plan.reference.of(cell)
        assert reference in cells
        assert plan.scenario_of(reference).workers == plan.scenario_of(cell).workers
        assert without_workers(reference.scenario) == "no-audit"
        assert plan.reference.of(reference) == reference


@pytest.mark.parametrize(
    ("number", "counts"),
    [(1, (1,)), (2, (1, 2)), (3, (1, 2, 3)), (4, (1, 2, 4)), (6, (1, 2, 4, 6)), (8, (1, 2, 4, 8))],
)
def test_the_built_in_plan_goes_up_to_the_cpus_of_the_host(
    cpus: Cpus, number: int, counts: tuple[int, ...]
) -> None:
    cpus(number)
    plan = make_plan(asked(plan="workers"))
    assert (plan.worker_counts, plan.left_out) == (counts, ())
    assert {plan.scenario_of(cell).workers for cell in plan.cells()} == set(counts)
    assert_matched(plan)


def test_a_list_is_cut_to_the_cpus_and_what_is_left_out_is_named(
    cpus: Cpus, tmp_path: Path
) -> None:
    cpus(3)
    plan = make_plan(asked(plan=written(tmp_path, "[8, 1, 3, 4]")))
    assert plan.worker_counts == (1, 3)
    assert plan.left_out == ("left out: workers = 4 and 8, because the load has 3 CPUs",)
    assert_matched(plan)


def test_a_list_of_which_nothing_is_left_is_refused(cpus: Cpus, tmp_path: Path) -> None:
    cpus(1)
    with pytest.raises(UsageError, match="workers = 2 and 4`, and the load has 1 CPU") as error:
        make_plan(asked(plan=written(tmp_path, "[2, 4]")))
    assert "--workers" in error.value.remedy


def test_pinned_cpus_are_those_that_count(cpus: Cpus) -> None:
    cpus(8)
    assert make_plan(asked(plan="workers", cpus="workload=0-1,consumer=2")).worker_counts == (1, 2)
    assert make_plan(asked(plan="workers", cpus="none")).worker_counts == (1, 2, 4, 8)


def test_one_number_may_be_asked_for_whatever_the_cpus(cpus: Cpus) -> None:
    cpus(2)
    plan = make_plan(asked(plan="workers", workers=16))
    assert plan.worker_counts == (16,)
    assert_matched(plan)


def test_the_load_has_as_many_workers_as_its_cell(cpus: Cpus) -> None:
    cpus(4)
    plan = make_plan(asked(plan="workers"))
    for cell in plan.cells():
        number = int(cell.scenario.rpartition("-")[2])
        assert f"--workers={number}" in plan.worker_words(cell, 100).words()


def test_rule_files_and_exclusions_have_their_cells_with_each_number(
    cpus: Cpus, tmp_path: Path
) -> None:
    cpus(2)
    (tmp_path / "mine.rules").write_text("-a always,exit -F arch=b64 -S connect\n")
    plan = make_plan(
        asked(plan="workers", rule_files=(tmp_path / "mine.rules",), exclude_exe="/usr/sbin/none")
    )
    names = {cell.scenario for cell in plan.cells()}
    for number in (1, 2):
        assert {f"mine+workers-{number}", f"mine+workers-{number}+exclude-exe"} <= names
    assert_matched(plan)


def test_a_plan_of_the_users_has_everything_with_each_number(cpus: Cpus, tmp_path: Path) -> None:
    cpus(2)
    plan = make_plan(asked(plan=written(tmp_path, '"cpus"')))
    assert [scenario.name for scenario in plan.scenarios["files"]] == [
        "no-audit+workers-1",
        "no-audit+workers-1-aa",
        "no-rules+workers-1",
        "rules+workers-1+exclude-exe",
        "no-audit+workers-2",
        "no-audit+workers-2-aa",
        "no-rules+workers-2",
        "rules+workers-2+exclude-exe",
    ]
    assert_matched(plan)


@pytest.mark.parametrize("workers", ["[]", "[0]", '"many"', "[1.5]", '["2"]'])
def test_other_words_are_no_plan(tmp_path: Path, workers: str) -> None:
    with pytest.raises(UsageError, match=r"is not a plan: .*workers"):
        make_plan(asked(plan=written(tmp_path, workers)))


def test_a_replay_has_one_sender(tmp_path: Path) -> None:
    text = (
        'summary = "s"\nkind = "replay"\nworkloads = ["replay"]\nscenarios = ["full-rate"]\n'
        "workers = {workers}\n"
    )
    with pytest.raises(UsageError, match="replay"):
        make_plan(asked(plan=written(tmp_path, "[1, 2]", text)))


def test_a_plan_with_one_number_is_as_before(cpus: Cpus) -> None:
    cpus(4)
    plan = make_plan(asked(plan="pressure"))
    assert (plan.workers, plan.worker_counts) == (2, ())
    assert plan.reference == Reference("backlog-8192-wait")
    assert {plan.scenario_of(cell).workers for cell in plan.cells()} == {None}


def test_cells_of_one_number_are_close_in_time(cpus: Cpus, tmp_path: Path) -> None:
    cpus(2)
    plan = make_plan(asked(plan=written(tmp_path, '"cpus"'), seed=5))
    for number in range(6):
        order = [
            (trial.cell.workload, plan.scenario_of(trial.cell).workers)
            for trial in block(plan, number, first_index=0)
        ]
        changes = sum(one != other for one, other in itertools.pairwise(order))
        assert changes == 3
    firsts = {block(plan, number, first_index=0)[0].cell.scenario for number in range(12)}
    assert len(firsts) > 2


def test_a_stored_plan_has_the_same_cells_and_references(cpus: Cpus, tmp_path: Path) -> None:
    cpus(2)
    plan = make_plan(asked(plan="workers"))
    with RunWriter(tmp_path / "machine" / "run") as writer:
        writer.describe(plan_document(plan), {})
        trial = block(plan, 1, first_index=0)[0]
        writer.append(sample_of(trial, metrics={}, ledger=UNKNOWN))
    stored = load_run(tmp_path / "machine" / "run").plan
    assert stored.reference == plan.reference
    assert stored.worker_counts == (1, 2)
    assert stored.question == "scaling"
    for cell in plan.cells():
        assert stored.workers_of(cell) == plan.scenario_of(cell).workers


def test_a_larger_backlog_keeps_the_number_and_its_reference(cpus: Cpus) -> None:
    cpus(2)
    plan = make_plan(asked(plan="workers", seed=1, ops=1000))
    samples = []
    for trial in block(plan, 0, first_index=0):
        waits = trial.cell.scenario == "rules-scoped+workers-2"
        # A twentieth of the time of both producers.
        ledger = replace(UNKNOWN, waited_ms=0.1 if waits else 0.0, received_records=4000, lost=0)
        samples.append(
            sample_of(
                trial,
                metrics={"elapsed_ns_per_op": 1000.0},
                ledger=ledger,
                status_before={"backlog_limit": 64},
            )
        )
    further = with_larger_backlogs(plan, samples)
    name = "rules-scoped+workers-2+backlog-8192"
    assert [c.scenario for c in further.cells() if c not in plan.cells()] == [name]
    assert_matched(further)
    own = [s for s in samples if s.scenario == "rules-scoped+workers-2"]
    assert share_waited(own, 2) == pytest.approx(0.05)


class TestGate:
    """Limits are for the cells with rules, whatever their number of workers."""

    def cells(self, plan: Plan, limit: str, rules: GateRules) -> set[str]:
        reference = reference_of(
            rules, plan.reference, every_scenario(plan.scenarios), plan.consumers
        )
        cells = plan.cells()
        excluded = excluded_cells(cells, reference, plan.reference.scenarios)
        (only,) = read_limits([limit])
        return {cell.scenario for cell in select_cells(only, cells, excluded)}

    def test_the_references_are_left_out(self, cpus: Cpus) -> None:
        cpus(2)
        plan = make_plan(asked(plan="workers"))
        rules = GateRules(read_limits(["elapsed:5%"]))
        wanted = {"rules-scoped+workers-1", "rules-scoped+workers-2"}
        assert self.cells(plan, "elapsed:5%", rules) == wanted
        assert self.cells(plan, "rules-scoped+workers-2/elapsed:5%", rules) == {
            "rules-scoped+workers-2"
        }

    def test_another_reference_is_the_one_with_as_many_workers(
        self, cpus: Cpus, tmp_path: Path
    ) -> None:
        cpus(2)
        plan = make_plan(asked(plan=written(tmp_path, "[1, 2]")))
        rules = GateRules(read_limits(["elapsed:5%"]), reference="no-rules")
        reference = reference_of(
            rules, plan.reference, every_scenario(plan.scenarios), plan.consumers
        )
        cell = Cell("udp", "rules+workers-2+exclude-exe", "assemble")
        assert reference.of(cell).scenario == "no-rules+workers-2"
        assert self.cells(plan, "elapsed:5%", rules) == {
            "rules+workers-1+exclude-exe",
            "rules+workers-2+exclude-exe",
        }
        gate._require_decidable(plan, rules)
        with pytest.raises(UsageError, match="--reference no-rule "):
            gate._require_decidable(plan, replace(rules, reference="no-rule"))

    def test_what_is_measured_again_has_the_reference_of_its_number(
        self, cpus: Cpus, tmp_path: Path
    ) -> None:
        cpus(2)
        plan = make_plan(asked(plan=written(tmp_path, "[1, 2]")))
        rules = GateRules(read_limits(["elapsed:5%"]))
        flagged = [_flagged(Cell("udp", "no-rules+workers-2", "assemble"))]
        second = gate._second_plan(plan, rules, flagged)
        assert [cell.scenario for cell in second.cells()] == [
            "no-audit+workers-2",
            "no-audit+workers-2-aa",
            "no-rules+workers-2",
        ]
        assert_matched(second)


def _flagged(cell: Cell) -> Check:
    (limit,) = read_limits(["elapsed:5%"])
    return Check(limit, cell, "", (), "fail")


def test_ab_wants_one_number_of_workers(cpus: Cpus, tmp_path: Path) -> None:
    cpus(2)
    for name in "ab":
        (tmp_path / name).write_text("-a always,exit -F arch=b64 -S connect\n")
    with pytest.raises(UsageError, match="several numbers of workers"):
        pair_up(asked(plan="workers"), tmp_path / "a", tmp_path / "b")
    pairing = pair_up(asked(plan="workers", workers=2), tmp_path / "a", tmp_path / "b")
    assert (pairing.a.scenario, pairing.b.scenario) == ("a+workers-2", "b+workers-2")
    assert_matched(pairing.plan)


@pytest.mark.parametrize(
    "name", ["rules", "no-audit-aa", "rules+exclude-exe", "rules+exclude-call", "30-stig"]
)
def test_a_name_with_its_number_and_without(name: str) -> None:
    assert without_workers(with_workers(name, 12)) == name
