"""What a run on this host says of advice: which cells it has, and what follows from its trials."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import jsonschema
import pytest

from harness.kernel.rules.fields import Action, Field
from harness.kernel.rules.lint.parsed import Parsed
from harness.kernel.rules.rule import Rule
from harness.model.rules.advice import Advice, Saving
from harness.model.rules.timed_cost import Time
from harness.model.run import Ledger, Sample, Scenario
from harness.reporters.documents.advise import advice_document
from harness.reporters.render.markdown import page_markdown
from harness.reporters.rules.advice import advice_page
from harness.run.request import Load
from harness.run.rules.advice.making import make_advice
from harness.run.rules.advice.timed_savings import with_savings
from harness.run.rules.advice.timing import TimedAdvicePlan, plan_timing
from harness.store import StoredRun
from tests.support.samples import bare_sample, ledger_with_loss
from tests.support.schemas import schema
from tests.unit.run.rules.test_rules_advice import (
    FOLDER,
    MOUNT,
    NET,
    OPENAT,
    UMOUNT,
    noisy,
    parsed,
    shape,
)

Cells = dict[str, dict[str, Scenario]]
BLOCKS = 6
CALL_NS, DEARER_NS, EVENT_NS = 300.0, 7.0, 6000.0


def planned(rules: Parsed, shapes: list[dict[str, Any]]) -> tuple[Advice, TimedAdvicePlan, Cells]:
    """Advice, the plan that measures it, and the scenarios by load and name."""
    advice = make_advice(rules, shapes)
    timed = plan_timing(rules, advice, Load(seed=1))
    cells = {load: {s.name: s for s in group} for load, group in timed.plan.scenarios.items()}
    return advice, timed, cells


def rules_of(scenario: Scenario) -> list[Rule]:
    return [Rule.from_bytes(payload) for payload in scenario.rules]


def added(cells: Mapping[str, Scenario], name: str, base: str) -> list[Rule]:
    """The rules of a cell that its base has not."""
    return [rule for rule in rules_of(cells[name]) if rule not in rules_of(cells[base])]


def value_of(rule: Rule, field: Field) -> int | bytes | None:
    return next((each.value for each in rule.fields if each.field == field), None)


def test_the_file_and_each_proposal_are_cells_of_one_run(tmp_path: Path) -> None:
    rules = parsed(tmp_path, "-D", MOUNT, UMOUNT, FOLDER, NET)
    advice, timed, cells = planned(rules, noisy())
    assert [each.kind for each in advice.proposals] == ["exclusion", "directory", "merge"]
    assert list(cells) == ["syscalls", "connect"]
    assert list(cells["syscalls"]) == ["the-file", "with-all", "with-1", "with-2", "with-3"]
    assert list(cells["connect"]) == ["recorded", "recorded-with-1"]
    assert timed.plan.blocks == 8
    assert rules_of(cells["syscalls"]["the-file"]) == [rule.view.rule for rule in rules.rules]
    references = {
        cell.scenario: timed.plan.reference.of(cell).scenario for cell in timed.plan.cells()
    }
    assert references["with-2"] == "the-file"
    assert references["recorded-with-1"] == "recorded"


def test_the_load_is_in_the_place_of_whom_an_exclusion_leaves_out(tmp_path: Path) -> None:
    generator = os.fsencode(os.path.realpath(sys.executable))
    _, _, cells = planned(parsed(tmp_path, NET), noisy())
    (rule,) = added(cells["connect"], "recorded-with-1", "recorded")
    assert (rule.action, value_of(rule, Field.EXE)) == (Action.NEVER, generator)
    assert rules_of(cells["connect"]["recorded-with-1"])[0] == rule
    login = [shape(b"/bin/%d" % at, 42, 5, uid=1000) for at in range(20)]
    advice, _, cells = planned(parsed(tmp_path, NET), login)
    assert advice.proposals[0].kind == "user"
    (rule,) = added(cells["connect"], "recorded-with-1", "recorded")
    operators = {each.field: each.op for each in rule.fields}
    assert operators[Field.LOGINUID] == operators[Field.UID] != operators[Field.ARCH]


def test_a_program_that_is_started_is_the_shell(tmp_path: Path) -> None:
    line = "-a always,exit -F arch=b64 -S execve -k net"
    _, _, cells = planned(parsed(tmp_path, line), [shape(b"/usr/bin/noisy", 59, 90)])
    (rule,) = added(cells["shells"], "recorded-with-1", "recorded")
    assert value_of(rule, Field.EXE) == os.fsencode(os.path.realpath("/bin/sh"))


def test_a_line_that_this_host_cannot_load_is_in_no_cell(tmp_path: Path) -> None:
    lost = FOLDER.replace("dir=/etc", "dir=/no/such/place")
    _, timed, cells = planned(parsed(tmp_path, NET, lost, FOLDER), noisy())
    (said,) = timed.cautions
    assert said.what.startswith("1 line names what this host does not have")
    assert said.what.endswith("some.rules:2")
    every = [text for group in cells.values() for s in group.values() for text in s.rule_text]
    assert not any("/no/such/place" in text for text in every)
    assert any("dir=/etc" in text for text in every)


def test_calls_that_no_load_makes_are_those_of_another(tmp_path: Path) -> None:
    line = "-a always,exit -F arch=b64 -S rename -k net"
    _, timed, cells = planned(parsed(tmp_path, line), [shape(b"/usr/bin/noisy", 82, 90)])
    (wanted,) = timed.wanted
    assert (wanted.load, wanted.alike) == ("connect", False)
    (rule,) = added(cells["connect"], "recorded-with-1", "recorded")
    assert rule.syscalls() == (42,)


def test_of_failed_calls_the_rule_writes_nothing(tmp_path: Path) -> None:
    line = "-a always,exit -F arch=b64 -S openat -k net"
    failed = [shape(b"/bin/%d" % at, OPENAT, 5, exit=-13, uid=0) for at in range(20)]
    advice, _, cells = planned(parsed(tmp_path, line), failed)
    assert advice.proposals[0].kind == "success"
    first = rules_of(cells["files"]["recorded-with-1"])[0]
    assert (first.action, first.syscalls()) == (Action.NEVER, (OPENAT,))
    assert rules_of(cells["syscalls"]["with-1"])[0].action == Action.ALWAYS


def ledger(events: int, records: int) -> Ledger:
    # The kernel ends each event with a record that no log has.
    made = ledger_with_loss(events, 0)
    return Ledger(**{**{name: getattr(made, name) for name in made.__slots__},
                     "received_records": records + events})  # fmt: skip


class Stored:
    """What of a stored run the savings are made of."""

    def __init__(self, timed: TimedAdvicePlan, times: Mapping[str, float]) -> None:
        self.folder = Path("results/run")
        self.samples: list[Sample] = []
        for block in range(BLOCKS + 1):
            for cell in timed.plan.cells():
                # Blocks differ by more than anything that is to be told.
                noise = 500.0 * block + (0.01 * (len(self.samples) % 3))
                own = times.get(cell.scenario, 0.0) + noise
                recorded = cell.scenario == "recorded"
                metrics = {
                    "elapsed_ns_per_op": own + EVENT_NS * recorded,
                    "cpu_workload_ns_per_op": own + EVENT_NS * recorded,
                    "cpu_total_ns_per_op": own + 2 * EVENT_NS * recorded,
                }
                self.samples.append(
                    bare_sample(
                        cell.scenario,
                        block,
                        metrics,
                        workload=cell.workload,
                        ops=100,
                        ledger=ledger(100, 300) if recorded else ledger(0, 0),
                    )
                )


def test_savings_are_differences_within_blocks(tmp_path: Path) -> None:
    advice, timed, _ = planned(parsed(tmp_path, "-D", MOUNT, UMOUNT, FOLDER, NET), noisy())
    times = {"the-file": CALL_NS, "with-all": 250.0, "with-1": CALL_NS + DEARER_NS,
             "with-2": 230.0, "with-3": CALL_NS}  # fmt: skip
    stored = cast("StoredRun", Stored(timed, times))
    found = with_savings(advice, timed.wanted, stored)
    by_kind = {each.kind: each.timed for each in found.proposals}
    exclusion, directory, merge = (by_kind[kind] for kind in ("exclusion", "directory", "merge"))
    assert exclusion is not None
    assert directory is not None
    assert merge is not None
    assert exclusion.call is not None
    assert exclusion.call.ns == pytest.approx(-DEARER_NS, abs=0.1)
    assert directory.call is not None
    assert directory.call.ns == pytest.approx(70, abs=0.1)
    assert merge.call is not None
    assert not merge.call.is_told
    assert (directory.event, directory.log_cpu) == (None, None)
    assert exclusion.event is not None
    assert exclusion.event.ns == pytest.approx(EVENT_NS, abs=0.1)
    assert exclusion.log_cpu is not None
    # As many records as the log's events have: three each.
    events = advice.proposals[0].added
    assert events == Saving(890, 2670, 445_000)
    assert exclusion.log_cpu.ns == pytest.approx(890 * 2 * EVENT_NS, rel=0.001)
    assert found.timed is not None
    assert (found.timed.trials, found.timed.left_aside) == (BLOCKS * 7, 0)
    document = advice_document(found)
    jsonschema.validate(document, schema("advise"))
    page = page_markdown(advice_page(found))
    assert "| 1 | an event, time of its program | 6.00 µs |" in page
    assert "| every other call | cannot tell |" in page
    assert "--count" not in page


def test_recorded_calls_and_disturbed_trials_are_left_aside(tmp_path: Path) -> None:
    advice, timed, _ = planned(parsed(tmp_path, NET), noisy())
    stored = Stored(timed, {"the-file": CALL_NS})
    stored.samples = [
        bare_sample(s.scenario, s.block, s.metrics, workload=s.workload, ops=s.ops,
                    ledger=ledger(100, 300) if s.workload == "syscalls" else s.ledger,
                    valid=s.block != 2)
        for s in stored.samples
    ]  # fmt: skip
    found = with_savings(advice, timed.wanted, cast("StoredRun", stored))
    saving = found.proposals[0].timed
    assert saving is not None
    assert saving.call is None
    assert saving.event is not None
    assert found.timed is not None
    assert (found.timed.trials, found.timed.left_aside) == (2 * (BLOCKS - 1), 2 + 2 * BLOCKS)


@pytest.mark.parametrize("failed", [("connect",), ("connect", "syscalls")])
def test_what_failed_is_not_said_to_be_without_a_load(
    tmp_path: Path, failed: tuple[str, ...]
) -> None:
    advice, timed, _ = planned(parsed(tmp_path, NET), noisy())
    stored = Stored(timed, {"the-file": CALL_NS})
    stored.samples = [replace(s, valid=s.workload not in failed) for s in stored.samples]
    found = with_savings(advice, timed.wanted, cast("StoredRun", stored))
    assert not found.trustworthy
    page = page_markdown(advice_page(found))
    assert "No load makes" not in page
    assert "What the events of proposal 1 cost was not measured: too few trials." in page


def test_a_load_that_a_change_does_not_touch_has_no_saving(tmp_path: Path) -> None:
    advice, timed, _ = planned(parsed(tmp_path, NET), noisy())
    stored = Stored(timed, {"the-file": CALL_NS})
    stored.samples = [
        bare_sample(s.scenario, s.block, s.metrics, workload=s.workload, ops=s.ops,
                    ledger=ledger(100, 300))
        for s in stored.samples if s.workload != "syscalls"
    ]  # fmt: skip
    found = with_savings(advice, timed.wanted, cast("StoredRun", stored))
    saving = found.proposals[0].timed
    assert saving is not None
    assert (saving.call, saving.event, saving.load) == (None, None, "")
    assert "No load makes the events of proposal 1." in page_markdown(advice_page(found))


def test_what_the_interval_tells_decides_the_order(tmp_path: Path) -> None:
    rules = parsed(tmp_path, MOUNT, UMOUNT, FOLDER, NET)
    advice, timed, _ = planned(rules, noisy())
    times = {"the-file": CALL_NS, "with-2": CALL_NS - 20, "with-3": CALL_NS - 40}
    found = with_savings(advice, timed.wanted, cast("StoredRun", Stored(timed, times)))
    assert [each.kind for each in found.proposals] == ["exclusion", "merge", "directory"]
    assert found.proposals[1].timed is not None
    assert isinstance(found.proposals[1].timed.call, Time)
