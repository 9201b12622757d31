"""The gain of an exclusion: against the same rules without it, and what it kept back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.answers.exclusions import exclusions
from harness.answers.result import make_result
from harness.model.result import Exclusion
from harness.model.run import Sample
from harness.model.stored.plan import StoredPlan
from harness.reporters.answer import answer
from harness.store import StoredRun
from tests.support.runs import COSTS_NS, OPS, made_up_run

BASE, CELL = "rules", "rules+exclude-exe"


@pytest.fixture
def run(tmp_path: Path) -> StoredRun:
    return made_up_run(tmp_path / "h-1" / "run")


def counted(sample: Sample, **terms: int | None) -> Sample:
    return replace(sample, ledger=replace(sample.ledger, **terms))  # type: ignore[arg-type]


def with_ledgers(run: StoredRun, **terms: int | None) -> StoredRun:
    """The run with these terms in the ledgers of the exclusion."""
    samples = [counted(s, **terms) if s.scenario == CELL else s for s in run.samples]
    return replace(run, samples=tuple(samples))


def only(run: StoredRun) -> Exclusion:
    (found,) = make_result(run).exclusions
    return found


def test_the_gain_is_the_one_against_the_rules_without_it(run: StoredRun) -> None:
    found = only(with_ledgers(run, generated=OPS, suppressed=OPS, complete=0))
    assert (found.cell.scenario, found.without.scenario) == (CELL, BASE)
    assert found.gain.ratio == pytest.approx(COSTS_NS[CELL] / COSTS_NS[BASE], rel=0.02)
    assert found.gain.reference == pytest.approx(COSTS_NS[BASE], rel=0.02)
    assert found.gain.verdict == "better"
    assert (found.events, found.events_without, found.kept_back) == (0, 1, 1)


def test_the_comparison_with_the_reference_stays(run: StoredRun) -> None:
    (other,) = [
        each
        for each in make_result(run).comparisons
        if each.cell.scenario == CELL and each.metric == "elapsed_ns_per_op"
    ]
    assert other.ratio == pytest.approx(COSTS_NS[CELL] / COSTS_NS["no-audit"], rel=0.02)


@pytest.mark.parametrize(
    ("generated", "suppressed", "complete", "kept_back"),
    [
        (OPS, 0, OPS, 0.0),
        (OPS, OPS // 4, 750, 0.25),
        (None, None, OPS, 0.0),
        (None, None, OPS // 2, 0.5),
        (None, None, None, None),
        # More events than without it are nothing kept back, not less than nothing.
        (None, None, 2 * OPS, 0.0),
    ],
)
def test_what_is_kept_back_is_known_by_the_rules_or_else_by_the_events(
    run: StoredRun,
    generated: int | None,
    suppressed: int | None,
    complete: int | None,
    kept_back: float | None,
) -> None:
    terms = {"generated": generated, "suppressed": suppressed, "complete": complete}
    assert only(with_ledgers(run, **terms)).kept_back == kept_back


def test_what_the_file_itself_keeps_back_is_no_merit_of_the_exclusion(run: StoredRun) -> None:
    terms = {"generated": 2 * OPS, "suppressed": OPS, "complete": OPS}
    both = [counted(s, **terms) if s.scenario in (BASE, CELL) else s for s in run.samples]
    assert only(replace(run, samples=tuple(both))).kept_back == 0


def test_trials_that_do_not_count_and_warm_ups_are_left_out(run: StoredRun) -> None:
    odd = [
        counted(replace(s, valid=s.warm_up), generated=OPS) if s.warm_up or s.block == 1 else s
        for s in run.samples
    ]
    assert only(replace(run, samples=tuple(odd))).kept_back == 1


def test_an_exclusion_alone_has_no_gain(run: StoredRun) -> None:
    kept = tuple(sample for sample in run.samples if sample.scenario != BASE)
    assert make_result(replace(run, samples=kept)).exclusions == ()


def test_a_gain_needs_a_block_that_has_both(run: StoredRun) -> None:
    odd = [replace(s, valid=(s.block % 2 == 0) == (s.scenario == BASE)) for s in run.samples]
    assert list(exclusions(odd, run.plan)) == []


def test_at_a_fixed_rate_the_gain_is_that_of_the_cpu(run: StoredRun) -> None:
    document = {**run.plan.document, "rate_per_s": 1000.0}
    paced = replace(run, plan=StoredPlan.read(document))
    assert only(paced).gain.metric == "cpu_total_ns_per_op"
    assert "of total CPU" in answer(make_result(paced))
