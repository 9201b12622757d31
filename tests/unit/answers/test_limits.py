"""Limits of a gate: what parses, what an interval says, which cells a limit is for."""

from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.limit import (
    blocks_to_decide,
    judge_interval,
    judge_loss,
    parse_limit,
    settle,
)
from harness.analysis.ratio import ratio_of_logs, student_t
from harness.answers.limit_cells import ExcludedCells, excluded_cells, select_cells
from harness.answers.limits import read_limits
from harness.errors import UsageError
from harness.model.gate import Limit
from harness.model.reference import Reference
from harness.model.result import LossComparison
from harness.model.run import Cell

METRICS = {"elapsed": "elapsed_ns_per_op", "p99": "latency_p99_ns"}


@pytest.mark.parametrize(
    ("text", "metric", "bound", "basis", "scope"),
    [
        ("elapsed:5%", "elapsed_ns_per_op", 1.05, "reference", ()),
        ("elapsed:-10%", "elapsed_ns_per_op", 0.9, "reference", ()),
        ("elapsed:0%", "elapsed_ns_per_op", 1.0, "reference", ()),
        ("elapsed:2.5 %", "elapsed_ns_per_op", 1.025, "reference", ()),
        ("p99:20us", "latency_p99_ns", 20_000, "time", ()),
        ("p99:20µs", "latency_p99_ns", 20_000, "time", ()),
        ("p99:1.5ms", "latency_p99_ns", 1.5e6, "time", ()),
        ("lost:0", "lost", 0, "loss", ()),
        ("lost:0%", "lost", 0, "loss", ()),
        ("udp/my rules/elapsed:5%", "elapsed_ns_per_op", 1.05, "reference", ("udp", "my rules")),
        ("a:b/lost:0", "lost", 0, "loss", ("a:b",)),
        ("mine+exclude-exe/lost:0", "lost", 0, "loss", ("mine+exclude-exe",)),
    ],
)
def test_what_parses(text: str, metric: str, bound: float, basis: str, scope: tuple) -> None:
    limit = parse_limit(text, METRICS)
    assert limit.metric == metric
    assert limit.bound == pytest.approx(bound)
    assert (limit.basis, limit.scope, limit.text) == (basis, scope, text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "is not a limit"),
        ("elapsed", "is not a limit"),
        ("elapsed:", "is not a limit"),
        (":5%", "is not a limit"),
        ("/elapsed:5%", "is not a limit"),
        ("udp//elapsed:5%", "is not a limit"),
        ("elapsed:five%", "is not a limit"),
        ("elapsed:5", "a time with its unit"),
        ("elapsed:5parsec", "a time with its unit"),
        ("elapsed:-100%", "above -100%"),
        ("elapsed:0us", "a time with its unit"),
        ("elapsed:-3us", "a time with its unit"),
        ("elapsed:nan%", "is not a limit"),
        ("elapsed:inf%", "is not a limit"),
        ("lost:1", "the only limit on loss is 0"),
        ("lost:0us", "the only limit on loss is 0"),
        ("elapsd:5%", "did you mean elapsed"),
        ("waiting:5%", "one of elapsed, p99, lost"),
    ],
)
def test_what_does_not(text: str, expected: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_limit(text, METRICS)
    assert expected in error.value.one_line()


@given(st.text(max_size=30) | st.from_regex(r"([a-z]{1,3}/)?elapsed:.{1,8}", fullmatch=True))
def test_any_text_is_a_limit_or_a_usage_error(text: str) -> None:
    with contextlib.suppress(UsageError):
        assert parse_limit(text, METRICS).bound >= 0


def test_a_gate_needs_a_limit_and_knows_every_compared_metric() -> None:
    with pytest.raises(UsageError, match="decides nothing"):
        read_limits(())
    (limit,) = read_limits(["cpu_workload_system_ns_per_op:5%"])
    assert limit.metric == "cpu_workload_system_ns_per_op"
    with pytest.raises(UsageError, match="no metric"):
        read_limits(["events_generated:5%"])


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (1.051, 1.06, "fail"),
        (1.05, 1.06, "inconclusive"),
        (1.04, 1.06, "inconclusive"),
        (1.04, 1.05, "pass"),
        (0.9, 0.95, "pass"),
        (None, None, "inconclusive"),
    ],
)
def test_only_a_whole_interval_decides(low: float, high: float, expected: str) -> None:
    assert judge_interval(low, high, 1.05) == expected


def loss(trials: int, hits: int, share: float | None) -> LossComparison:
    return LossComparison(Cell("udp", "a", "c"), trials, hits, share, None, None, None)


def test_any_loss_fails_and_an_unseen_one_is_not_none() -> None:
    assert judge_loss(loss(20, 1, 0.05)) == "fail"
    assert judge_loss(loss(20, 0, 0.0)) == "pass"
    assert judge_loss(loss(0, 0, None)) == "inconclusive"


def test_the_second_measurement_decides_but_undoes_no_loss() -> None:
    time = parse_limit("elapsed:5%", METRICS)
    lost = parse_limit("lost:0", METRICS)
    for outcome in ("pass", "fail", "inconclusive"):
        assert settle(time, "fail", outcome) == outcome  # type: ignore[arg-type]
    assert settle(lost, "fail", "fail") == "fail"
    assert settle(lost, "fail", "pass") == "inconclusive"


def test_blocks_that_would_decide_do() -> None:
    low, centre, high, blocks = 1.00, math.sqrt(1.0 * 1.08), 1.08, 8
    needed = blocks_to_decide(centre, low, high, 1.05, blocks)
    assert needed is not None
    assert needed > blocks
    deviation = math.log(high / low) / 2 / student_t(0.975, 7) * math.sqrt(blocks)
    reach = student_t(0.975, needed - 1) * deviation / math.sqrt(needed)
    assert centre * math.exp(reach) <= 1.05
    assert blocks_to_decide(1.05, 1.0, 1.1, 1.05, blocks) is None
    assert blocks_to_decide(1.049999, 1.0, 1.1, 1.05, blocks) is None
    assert blocks_to_decide(1.0, 0.0, math.inf, 1.05, blocks) is None


def test_blocks_that_decided_nothing_would_not_decide() -> None:
    """The interval of ranks reaches farther to the side of the two slow blocks."""
    found = ratio_of_logs([0, 0.005, -0.005, 0.01, -0.01, 0.002, 0.12, 0.15])
    assert found.ci_low < 1.05 < found.ci_high
    needed = blocks_to_decide(found.ratio, found.ci_low, found.ci_high, 1.05, found.n)
    assert needed is None or needed > found.n


REFERENCE = Reference("ref")
CELLS = [
    Cell(workload, scenario, consumer)
    for workload in ("udp", "shells")
    for scenario in ("ref", "ref-aa", "mine", "old")
    for consumer in ("assemble", "store")
]


def scenarios(text: str, excluded: ExcludedCells) -> set[str]:
    return {cell.scenario for cell in select_cells(parse_limit(text, METRICS), CELLS, excluded)}


def test_which_cells_a_limit_is_for() -> None:
    excluded = excluded_cells(CELLS, REFERENCE, ["ref"], apart=["old"])
    assert scenarios("elapsed:5%", excluded) == {"mine"}
    assert scenarios("old/elapsed:5%", excluded) == {"old"}
    assert scenarios("ref-aa/elapsed:5%", excluded) == {"ref-aa"}
    assert scenarios("ref/lost:0", excluded) == {"ref"}
    limit = parse_limit("udp/store/lost:0", METRICS)
    assert select_cells(limit, CELLS, excluded) == [Cell("udp", "mine", "store")]


def test_the_plans_reference_steps_aside_for_another() -> None:
    excluded = excluded_cells(CELLS, Reference("old"), ["ref"])
    assert scenarios("elapsed:5%", excluded) == {"mine"}


def test_a_reference_by_consumer_leaves_its_scenarios_in() -> None:
    excluded = excluded_cells(CELLS, Reference(consumer="store"), [])
    found = select_cells(parse_limit("elapsed:5%", METRICS), CELLS, excluded)
    assert {cell.consumer for cell in found} == {"assemble"}
    assert {cell.scenario for cell in found} == {"ref", "ref-aa", "mine", "old"}


def test_without_a_reference_loss_is_judged_everywhere() -> None:
    excluded = excluded_cells(CELLS, Reference(), [])
    assert len(select_cells(parse_limit("lost:0", METRICS), CELLS, excluded)) == len(CELLS)


@pytest.mark.parametrize("text", ["ref/elapsed:5%", "min/elapsed:5%", "udp/shells/lost:0"])
def test_a_limit_for_no_cell_is_a_mistake(text: str) -> None:
    limit: Limit = parse_limit(text, METRICS)
    with pytest.raises(UsageError, match="matches no compared cell"):
        select_cells(limit, CELLS, excluded_cells(CELLS, REFERENCE, ["ref"]))
