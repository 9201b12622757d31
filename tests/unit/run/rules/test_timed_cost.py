"""The timed bill: that its trials tell the lines apart, and what is made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import jsonschema
import pytest

from harness.answers.line_taxes import tells_apart
from harness.errors import HostUnfitError, InterruptedRunError, UsageError
from harness.model.rules.timed_cost import Time
from harness.model.run import Sample
from harness.reporters.documents.timed_cost import timed_cost_document
from harness.reporters.render.markdown import page_markdown
from harness.reporters.rules.timed_cost import timed_cost_page, timed_cost_sentence
from harness.run.request import Load
from harness.run.rules import timed_cost
from harness.run.rules.timed_cost import (
    NO_RULES,
    WHOLE,
    TimedPlan,
    make_stopped_bill,
    make_timed_bill,
    plan_timed,
)
from harness.store import StoredRun
from tests.support.rule_lines import loaded_rules
from tests.support.samples import bare_sample, ledger_with_loss
from tests.support.schemas import schema

CALLS = ("mount", "umount2", "swapon", "swapoff", "reboot", "chroot", "pivot_root", "acct")
LINES = [f"-a always,exit -F arch=b64 -S {call} -k {call}" for call in CALLS]
NO_CWD = "-a always,exclude -F msgtype=CWD"
NOTHING_NS, ANY_NS, OF_LINE_NS = 100.0, 40.0, (5.0, 2.0, 9.0, 1.0)


def planned(folder: Path, *lines: str, seed: int = 1) -> TimedPlan:
    return plan_timed(loaded_rules(folder, *lines), Load(seed=seed))


def measured(
    timed: TimedPlan, *, recorded: int | None = None, more_as_a_whole_ns: float = 0.0
) -> StoredRun:
    """Trials of which each term is known; those with a group that is `recorded` have events."""
    samples: list[Sample] = []
    for block in range(5):
        for name, parts in {NO_RULES: frozenset[int](), **timed.parts}.items():
            ns = NOTHING_NS + block + (0.0 if parts.isdisjoint(timed.switching) else ANY_NS)
            # A neutral rule costs as much as a line of the file.
            ns += sum((*OF_LINE_NS, 3.0)[each] for each in parts)
            ns += more_as_a_whole_ns if name == WHOLE else 0.0
            ledger = ledger_with_loss(1000 if recorded in parts else 0, 0)
            metrics = {"elapsed_ns_per_op": ns + 0.001 * (len(samples) % 3)}
            samples.append(bare_sample(name, block, metrics, ledger=ledger))
    return stored_of(samples)


def stored_of(samples: Sequence[Sample]) -> StoredRun:
    return cast("StoredRun", Stored(samples))


class Stored:
    """What of a stored run the bill is made of."""

    def __init__(self, samples: Sequence[Sample]) -> None:
        self.folder = Path("results/run")
        self.samples = samples


@pytest.mark.parametrize("number", range(1, len(LINES) + 1))
def test_every_plan_tells_the_lines_apart(number: int, tmp_path: Path) -> None:
    for seed in range(10):
        timed = planned(tmp_path, *LINES[:number], seed=seed)
        cells = [
            (each, not each.isdisjoint(timed.switching))
            for name, each in timed.parts.items()
            if name != WHOLE
        ]
        assert tells_apart(cells, timed.number), timed.parts


def test_parts_that_always_come_together_are_not_told_apart() -> None:
    both, none = (frozenset({0, 1}), True), (frozenset[int](), False)
    assert not tells_apart([both, none], 2)
    assert tells_apart([both, none, (frozenset({0}), True), (frozenset({1}), True)], 2)


@pytest.mark.parametrize("lines", [LINES[:4], LINES[:1], [LINES[0], NO_CWD]])
def test_the_bill_has_what_each_line_adds(lines: list[str], tmp_path: Path) -> None:
    """One line, too, though with it alone having rules at all and the line always come together."""
    timed = planned(tmp_path, *lines)
    bill = make_timed_bill(timed, measured(timed))
    found = {line.rule.line: line.tax.ns for line in bill.lines}
    assert found == pytest.approx(dict(enumerate(OF_LINE_NS[: len(lines)], 1)), abs=0.05)
    assert bill.any_rule.ns == pytest.approx(ANY_NS, abs=0.05)
    assert bill.whole.ns == pytest.approx(ANY_NS + sum(OF_LINE_NS[: len(lines)]), abs=0.05)
    assert bill.no_rules.ns == pytest.approx(NOTHING_NS + 2.5, abs=0.05)
    assert bill.trials + bill.left_aside == 4 * (len(timed.parts) + 1), "those without rules too"
    jsonschema.validate(timed_cost_document(bill), schema("cost-timed"))
    assert "they agree within its interval" in page_markdown(timed_cost_page(bill))


@pytest.mark.parametrize("number", [1, 2, 4])
def test_what_the_lines_do_not_add_up_to_is_told(number: int, tmp_path: Path) -> None:
    """Were the file among the trials of which the lines are found, it would agree with anything."""
    timed = planned(tmp_path, *LINES[:number])
    bill = make_timed_bill(timed, measured(timed, more_as_a_whole_ns=20.0))
    assert bill.residue_ns == pytest.approx(20.0, abs=0.05)
    assert "they agree" not in page_markdown(timed_cost_page(bill))


def test_a_line_that_is_told_is_named_below_one_that_is_not(tmp_path: Path) -> None:
    bill = make_timed_bill((timed := planned(tmp_path, *LINES[:2])), measured(timed))
    unsure, sure = (
        replace(line, tax=tax)
        for line, tax in zip(bill.lines, (Time(3, -1, 7), Time(2, 1.8, 2.2)), strict=True)
    )
    said = timed_cost_sentence(replace(bill, lines=(unsure, sure)))
    assert f"the dearest that can be told is line {sure.rule.line}" in said
    assert "though 1 other line may be as dear" in said
    assert "no line can be told" in timed_cost_sentence(replace(bill, lines=(unsure,)))


def test_a_line_whose_path_is_not_here_is_left_out_and_said(tmp_path: Path) -> None:
    gone = f"-w {tmp_path}/gone/file -p wa -k gone"
    timed = planned(tmp_path, gone, *LINES[:2])
    assert [rule.place.line for rule in timed.rules] == [2, 3]
    (caution,) = timed.cautions
    assert caution.name == "not-here"
    assert caution.what.startswith("1 line names what this host does not have")
    assert caution.what.endswith(f"{tmp_path}/some.rules:1")
    with pytest.raises(HostUnfitError, match="nothing to time"):
        planned(tmp_path, gone)


def test_a_run_that_was_stopped_has_a_bill_if_its_trials_tell_the_lines_apart(
    tmp_path: Path,
) -> None:
    timed = planned(tmp_path, *LINES[:4])
    samples = measured(timed).samples
    one_block = len(timed.parts) + 1
    bill = make_stopped_bill(timed, stored_of(samples[: 3 * one_block - 2]))
    assert bill.interrupted
    assert "the run was stopped" in page_markdown(timed_cost_page(bill))
    found = {line.rule.line: line.tax.ns for line in bill.lines}
    assert found == pytest.approx(dict(enumerate(OF_LINE_NS, 1)), abs=0.05)
    with pytest.raises(InterruptedRunError, match="stopped before the lines"):
        make_stopped_bill(timed, stored_of(samples[:one_block]))
    with pytest.raises(InterruptedRunError, match="stopped before the lines"):
        make_stopped_bill(timed, stored_of([]))


def test_only_the_file_itself_is_measured_as_a_whole(tmp_path: Path) -> None:
    """A neutral rule is in parts, and never in the file."""
    timed = planned(tmp_path, LINES[0])
    rules = {each.name: each.rule_text for each in timed.plan.scenarios["syscalls"]}
    assert len(rules[WHOLE]) == 1
    assert max(map(len, rules.values())) == 2


def test_a_file_that_no_call_is_held_against_has_nothing_to_time(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing to time"):
        planned(tmp_path, NO_CWD)


def test_a_line_that_records_the_load_is_named(tmp_path: Path) -> None:
    timed = planned(tmp_path, *LINES[:4])
    with pytest.raises(UsageError, match=r"some\.rules:3 cannot be timed"):
        make_timed_bill(timed, measured(timed, recorded=2))


@pytest.mark.parametrize(
    ("field", "is_left_out"), [("auid=4242", False), ("auid>=1001", False), ("auid=1000", True)]
)
def test_the_load_keeps_the_callers_login(
    field: str, is_left_out: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timed_cost, "kept_loginuid", lambda: (1000, None))
    timed = planned(tmp_path, LINES[0], f"-a always,exit -S all -F {field} -k login")
    assert not timed.plan.auid_free
    assert timed.plan.auid == "keep"
    assert len(timed.rules) == (1 if is_left_out else 2)
    told = [each.what for each in timed.cautions]
    place = f"{tmp_path}/some.rules:2"
    left_out = f"{place} is not on the bill: it records every call of the load"
    assert told == ([left_out] if is_left_out else [])
