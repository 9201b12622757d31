"""How the cost grows with the producers: prices, growth, waiting, and how other verbs match."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.analysis.paired_difference import paired_difference
from harness.answers.compare.compare import CompareOptions, Side, compare_runs
from harness.answers.history.cells import make_tracks
from harness.answers.result import make_result
from harness.model.scaling import ScalingPoint
from harness.reporters.page import Line
from harness.reporters.result import result_page
from harness.store import StoredRun
from tests.support.runs import made_up_run
from tests.support.stored.worker_runs import Made, run_of_workers

GROWING = {1: Made(2200.0), 2: Made(3000.0), 4: Made(5000.0, waited=0.12, lost=3)}
ELAPSED = "elapsed_ns_per_op"


def points(stored: StoredRun) -> dict[int, ScalingPoint]:
    return {point.producers: point for point in make_result(stored).scaling}


def test_a_price_is_what_one_producer_spends_more_than_without_audit(tmp_path: Path) -> None:
    found = points(run_of_workers(tmp_path / "m" / "r", GROWING))
    assert list(found) == [1, 2, 4]
    for producers, price in ((1, 1200.0), (2, 2000.0), (4, 4000.0)):
        point = found[producers]
        assert point.reference_ns == pytest.approx(1000.0, rel=0.01)
        assert point.time_ns == pytest.approx(1000.0 + price, rel=0.01)
        assert point.price_ns == pytest.approx(price, rel=0.01)
        assert point.price_low is not None
        assert point.price_high is not None
        assert point.price_low < point.price_ns < point.price_high
        assert point.scenario == "rules"


def test_each_number_is_compared_with_the_reference_of_the_same_number(tmp_path: Path) -> None:
    """A reference that gets slower with more producers takes nothing of the rules' price."""
    made = {1: Made(2000.0, 1000.0), 2: Made(4000.0, 3000.0)}
    stored = run_of_workers(tmp_path / "m" / "r", made)
    found = points(stored)
    assert [found[n].price_ns for n in (1, 2)] == pytest.approx([1000.0, 1000.0], rel=0.02)
    assert found[2].growth == "equal"
    by_cell = {c.cell.scenario: c for c in make_result(stored).comparisons if c.metric == ELAPSED}
    assert by_cell["rules+workers-1"].ratio == pytest.approx(2.0, rel=0.01)
    assert by_cell["rules+workers-2"].ratio == pytest.approx(4 / 3, rel=0.01)
    assert {name for name, c in by_cell.items() if c.verdict == "reference"} == {
        "no-audit+workers-1",
        "no-audit+workers-2",
    }


def test_growth_is_judged_by_its_interval_against_the_margin(tmp_path: Path) -> None:
    found = points(run_of_workers(tmp_path / "m" / "r", GROWING))
    assert [found[n].growth for n in (1, 2, 4)] == [None, "grows", "grows"]
    assert found[4].growth_ns == pytest.approx(2800.0, rel=0.02)
    shrinking = points(run_of_workers(tmp_path / "m" / "s", {1: Made(3000.0), 2: Made(2000.0)}))
    assert shrinking[2].growth == "shrinks"
    noisy = {1: Made(3000.0, noise=0.5), 2: Made(3200.0, noise=0.5)}
    assert points(run_of_workers(tmp_path / "m" / "n", noisy))[2].growth == "inconclusive"


def test_one_block_has_no_growth_to_tell(tmp_path: Path) -> None:
    found = points(run_of_workers(tmp_path / "m" / "r", GROWING, blocks=1))
    assert (found[2].growth, found[2].growth_ns, found[2].growth_blocks) == (
        "inconclusive",
        None,
        1,
    )


def test_waiting_losses_queue_and_cpu_are_those_of_the_cell(tmp_path: Path) -> None:
    found = points(run_of_workers(tmp_path / "m" / "r", GROWING))
    assert found[1].waited_share == 0.0
    assert found[4].waited_share == pytest.approx(0.12, rel=0.01)
    assert found[4].waited_ns == pytest.approx(600.0, rel=0.01)
    assert [(found[n].trials_with_loss, found[n].trials) for n in (2, 4)] == [(0, 8), (8, 8)]
    assert [(found[n].backlog_high, found[n].backlog_limit) for n in (1, 2)] == [
        (100, 8192),
        (200, 8192),
    ]
    # It was looked at when it held 400 records, and producers wait only where it is full.
    assert found[4].backlog_high == 8192
    assert found[4].cpu_ns == pytest.approx(5500.0, rel=0.01)
    assert found[4].reference_cpu_ns == pytest.approx(1100.0, rel=0.01)


def test_a_larger_backlog_is_no_further_number_of_producers(tmp_path: Path) -> None:
    stored = run_of_workers(tmp_path / "m" / "r", GROWING)
    for scenario in stored.plan.document["scenarios"]["udp"]:
        if scenario["name"] == "rules+workers-4":
            scenario["larger_backlog_of"] = "rules+workers-2"
    altered = type(stored.plan).read(stored.plan.document)
    assert list(points(replace(stored, plan=altered))) == [1, 2]


def test_a_paced_run_is_about_cpu_which_is_nobodys_time_at_once(tmp_path: Path) -> None:
    found = points(run_of_workers(tmp_path / "m" / "r", GROWING, rate_per_s=1000.0))
    assert found[4].price_ns == pytest.approx(4400.0, rel=0.01)


def test_a_run_that_compares_no_numbers_has_no_growth(tmp_path: Path) -> None:
    assert make_result(made_up_run(tmp_path / "m" / "r")).scaling == ()


def test_two_runs_are_compared_number_by_number(tmp_path: Path) -> None:
    base = run_of_workers(tmp_path / "m" / "a", GROWING)
    head = run_of_workers(
        tmp_path / "m" / "b",
        {1: Made(2200.0, 1000.0), 2: Made(6000.0, 2000.0), 4: Made(10000.0, 1000.0)},
        seed=2,
    )
    report = compare_runs(Side(base), [Side(head)], CompareOptions(metrics=(ELAPSED,)))
    changes = {change.comparison.cell.scenario: change for change in report.pairs[0].changes}
    # With 2 the whole machine was half as fast, which the references of that number show.
    assert changes["rules+workers-1"].comparison.ratio == pytest.approx(1.0, rel=0.01)
    assert changes["rules+workers-2"].comparison.ratio == pytest.approx(1.0, rel=0.01)
    assert changes["rules+workers-4"].comparison.ratio == pytest.approx(2.0, rel=0.01)
    for number in (1, 2, 4):
        assert changes[f"rules+workers-{number}"].method == "of-ratios"
        assert changes[f"no-audit+workers-{number}"].is_reference


def test_a_history_has_each_number_and_no_reference(tmp_path: Path) -> None:
    few = run_of_workers(tmp_path / "m" / "a", {1: Made(2000.0), 2: Made(3000.0)})
    more = run_of_workers(tmp_path / "m" / "b", GROWING, seed=2)
    tracks = make_tracks([few, more], few, [ELAPSED], [])
    assert [track.cell.scenario for track in tracks] == [
        "rules+workers-1",
        "rules+workers-2",
        "rules+workers-4",
    ]
    two = tracks[1].points
    assert [p.level for p in two if p is not None] == pytest.approx([3.0, 3.0], rel=0.01)


@pytest.mark.parametrize("blocks", [2, 5, 6, 20])
def test_a_difference_has_its_interval_around_it(blocks: int) -> None:
    found = paired_difference([10.0 + (-1) ** n * n / blocks for n in range(blocks)])
    assert found is not None
    assert found.low <= found.inner_low <= found.centre <= found.inner_high <= found.high
    assert found.centre == pytest.approx(10.0, abs=0.6)


def test_one_difference_is_no_interval() -> None:
    assert paired_difference([1.0]) is None


def test_the_noise_of_each_number_is_its_own(tmp_path: Path) -> None:
    """Rules with two producers are within the noise of that number, not within that of one."""
    stored = run_of_workers(tmp_path / "m" / "r", {1: Made(1500.0), 2: Made(1100.0)}, blocks=12)
    found = []
    for sample in stored.samples:
        found.append(sample)
        if sample.scenario.startswith("no-audit"):
            noisy = sample.scenario.endswith("2") and sample.block % 2
            metrics = {name: v * (1.5 if noisy else 1.0) for name, v in sample.metrics.items()}
            name = f"{sample.scenario}-aa"
            index = sample.index + 1000
            found.append(replace(sample, scenario=name, metrics=metrics, index=index))
    document = stored.plan.document
    for scenario in [s for s in document["scenarios"]["udp"] if s["name"].startswith("no-audit")]:
        document["scenarios"]["udp"].append({**scenario, "name": f"{scenario['name']}-aa"})
    plan = type(stored.plan).read(document)
    result = make_result(replace(stored, plan=plan, samples=tuple(found)))
    floors = {floor.scenario: floor for floor in result.noise_floor}
    assert set(floors) == {"no-audit+workers-1-aa", "no-audit+workers-2-aa"}
    assert floors["no-audit+workers-2-aa"].ci_high > 1.1
    words = [caution.what for caution in result.cautions if caution.name == "noise"]
    assert len(words) == 1
    assert "rules+workers-2" in words[0]
    assert "rules+workers-1" not in words[0]
    lines = [part.words for part in result_page(result).parts if isinstance(part, Line)]
    assert any("udp × no-audit+workers-2-aa" in line for line in lines)
    assert [point.producers for point in result.scaling] == [1, 2]
