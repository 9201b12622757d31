"""Each kind of plot: its numbers are those of the run, and what is small is still seen."""

from __future__ import annotations

import math
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from matplotlib.patches import Rectangle

from harness.model.result import ReportView
from harness.model.run import Ledger, Moment, Sample
from harness.reporters.plots.catalog import PLOTS
from harness.reporters.plots.ledger import MIN_SHARE
from harness.reporters.plots.picture import svg_text
from harness.reporters.plots.scale import axis_duration, even_ticks, plain_number, round_ticks
from harness.reporters.plots.style import VERMILION
from tests.support.reports.plot_views import BLOCKS, made_up_view, with_ledger
from tests.support.runs import COSTS_NS
from tests.support.samples import ledger_with_loss

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def view() -> ReportView:
    return made_up_view()


def texts(view: ReportView, kind: str) -> list[str]:
    svg = svg_text(PLOTS[kind].draw(view))
    return ["".join(text.itertext()) for text in ET.fromstring(svg).iter(f"{SVG}text")]


def records(view: ReportView, kind: str) -> dict[str, dict[str, object]]:
    """The rows of a kind that has one per cell, by scenario."""
    return {str(row["scenario"]): dict(row) for row in PLOTS[kind].table(view).records()}


def test_forest_says_verdicts_in_words_and_leaves_the_reference_out(view: ReportView) -> None:
    shown = texts(view, "forest")
    assert any(text.endswith("▲ worse") for text in shown)
    assert any(text.endswith("■ equal") for text in shown)
    assert "no-audit" not in shown
    rows = records(view, "forest")
    assert set(rows) == set(COSTS_NS) - {"no-audit"}
    for comparison in view.result.comparisons:
        if comparison.metric == view.result.primary and comparison.cell.scenario in rows:
            assert rows[comparison.cell.scenario]["ratio"] == comparison.ratio
            assert rows[comparison.cell.scenario]["verdict"] == comparison.verdict
    assert "noise floor: the reference against itself (A/A)" in shown


def test_forest_takes_a_logarithmic_axis_where_ratios_spread() -> None:
    near = PLOTS["forest"].draw(made_up_view(costs={"rules": 0.5}))
    far = PLOTS["forest"].draw(made_up_view(costs={"rules": 20.0}))
    assert near.axes[0].get_xscale() == "linear"
    assert far.axes[0].get_xscale() == "log"


def test_forest_of_another_metric(view: ReportView) -> None:
    metric = "cpu_total_ns_per_op"
    assert {row[3] for row in PLOTS["forest"].table(view, metric=metric).rows} == {metric}
    assert "total CPU" in PLOTS["forest"].describe(view, metric=metric)
    assert PLOTS["forest"].unavailable(view, metric="latency_p50_ns")


def test_cpu_parts_add_up_to_the_whole_machine(view: ReportView) -> None:
    rules = records(view, "cpu")["rules"]
    trials = [s for s in view.samples if s.scenario == "rules" and not s.warm_up]
    busy = sum(s.machine["cpu"]["busy_ns"] / s.ops for s in trials) / len(trials)
    parts = ("workload_user", "workload_system", "kauditd", "consumer", "other")
    total = math.fsum(float(str(rules[f"{part}_ns_per_op"])) for part in parts)
    assert total == pytest.approx(busy)
    assert rules["workload_ns_per_op"] is None


def test_cpu_shows_the_workload_whole_where_it_is_not_split_and_no_other_where_unknown() -> None:
    def whole(sample: Sample) -> Sample:
        split = ("cpu_workload_user_ns_per_op", "cpu_workload_system_ns_per_op")
        metrics = {name: value for name, value in sample.metrics.items() if name not in split}
        return replace(sample, metrics=metrics, machine={"cpu": None})

    view = made_up_view(whole)
    rules = records(view, "cpu")["rules"]
    assert rules["workload_ns_per_op"] is not None
    assert rules["other_ns_per_op"] is None
    shown = texts(view, "cpu")
    assert "workload" in shown
    assert "others on the machine" not in shown


def test_cpu_puts_waiting_beside_it() -> None:
    def waits(sample: Sample) -> Sample:
        return replace(sample, ledger=replace(sample.ledger, waited_ms=8.0))

    assert "waited" not in texts(made_up_view(), "cpu")
    view = made_up_view(waits)
    assert "waited" in texts(view, "cpu")
    assert records(view, "cpu")["rules"]["waited_ns_per_op"] == pytest.approx(8000.0)


def test_cpu_cuts_off_what_others_used_beyond_all_measure() -> None:
    def crowded(sample: Sample) -> Sample:
        return replace(sample, machine={"cpu": {"busy_ns": 10**12}})

    figure = PLOTS["cpu"].draw(made_up_view(crowded))
    known_ns = 20_000
    assert figure.axes[0].get_xlim()[1] < 3 * known_ns


def test_latency_is_that_of_all_trials_together(view: ReportView) -> None:
    rows = [row for row in PLOTS["latency"].table(view).rows if row[1] == "rules"]
    assert [row[4] for row in rows] == [900 * BLOCKS, 98 * BLOCKS, 2 * BLOCKS]
    assert [row[5] for row in rows] == pytest.approx([0.9, 0.998, 1.0])
    assert rows[-1][3] == 1_050_000
    words = PLOTS["latency"].describe(view)
    assert "udp, rules: p50 6.05 µs, p99 12.1 µs, p99.9 1.05 ms, longest 1.05 ms" in words


def test_latency_marks_and_names_every_line(view: ReportView) -> None:
    shown = texts(view, "latency")
    assert {"p50", "p99", "p99.9", *COSTS_NS} <= set(shown)
    lines = PLOTS["latency"].draw(view).axes[0].get_lines()
    curves = [line for line in lines if line.get_path().vertices.size > 6]
    looks = {(line.get_color(), str(line.get_linestyle())) for line in curves}
    assert len(looks) == len(curves) == len(COSTS_NS)


@pytest.mark.parametrize("lost", [1, 17, 5_000_000])
def test_ledger_shows_one_loss_among_millions_and_all(lost: int) -> None:
    generated = 5_000_000
    view = made_up_view(with_ledger(ledger_with_loss(generated, lost)))
    shown = texts(view, "ledger")
    assert f"{lost * BLOCKS:,}" in shown
    assert f"{(generated - lost) * BLOCKS:,}" in shown
    row = records(view, "ledger")["rules"]
    assert row["refused"] == lost * BLOCKS
    assert row["complete"] == (generated - lost) * BLOCKS
    bars = PLOTS["ledger"].draw(view).axes[0].patches
    (refused,) = [bar for bar in bars if bar.get_facecolor()[:3] == _rgb(VERMILION)]
    assert isinstance(refused, Rectangle)
    assert refused.get_height() == pytest.approx(max(lost / generated, MIN_SHARE))
    assert f"{lost * BLOCKS:,} refused" in PLOTS["ledger"].describe(view)


def _rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))


def test_ledger_does_not_make_up_what_is_not_known() -> None:
    ledger = Ledger(generated=None, complete=90, partial=10, lost=0, refused=None, vanished=3)
    view = made_up_view(with_ledger(ledger))
    assert "the number generated is unknown, – suppressed, – refused, 18 vanished" in (
        PLOTS["ledger"].describe(view)
    )
    assert texts(view, "ledger").count("–") == 3


def test_ledger_names_what_is_unexplained_and_what_is_bounded() -> None:
    ledger = Ledger(
        generated=100,
        complete=80,
        partial=0,
        lost=9,
        refused=10,
        vanished=9,
        suppressed=0,
        unexplained=1,
        refused_low=3,
        refused_high=9,
        stage_retry_records=36,
    )
    view = made_up_view(with_ledger(ledger))
    shown = texts(view, "ledger")
    assert "+6 unexplained" in shown
    assert "60*" in shown
    words = PLOTS["ledger"].describe(view)
    assert "54 vanished (retry and hold queue)" in words
    assert "`lost` allows 18 to 54 refused" in words


def test_ledger_draws_the_worst_first_and_names_those_that_lost_nothing() -> None:
    """Equal full bars say nothing that a line does not."""
    lost = dict.fromkeys(COSTS_NS, 0) | {"no-audit-aa": 1, "rules": 50}

    def change(sample: Sample) -> Sample:
        return replace(sample, ledger=ledger_with_loss(100, lost[sample.scenario]))

    view = made_up_view(change)
    shown = texts(view, "ledger")
    assert len(PLOTS["ledger"].draw(view).axes) == 2
    assert shown.index("rules") < shown.index("no-audit-aa")
    clean = ", ".join(name for name in COSTS_NS if not lost[name])
    said = " ".join(words.replace("\n", " ") for words in shown)
    assert f"4 cells lost nothing (events in each: 600): {clean}" in said
    assert set(records(view, "ledger")) == set(COSTS_NS)


def test_ledger_of_a_run_without_loss_is_a_line() -> None:
    view = made_up_view(lambda sample: replace(sample, ledger=ledger_with_loss(100, 0)))
    assert PLOTS["ledger"].draw(view).axes == []
    assert any("lost nothing (events in each: 600)" in said for said in texts(view, "ledger"))


def test_drift_divides_within_the_block(view: ReportView) -> None:
    values = {
        (s.scenario, s.block): s.metrics["elapsed_ns_per_op"] for s in view.samples if not s.warm_up
    }
    rows = PLOTS["drift"].table(view).rows
    assert len(rows) == BLOCKS * (len(COSTS_NS) - 1)
    for _, scenario, _, _, block, ratio, _ in rows:
        assert ratio == values[str(scenario), int(str(block))] / values["no-audit", block]  # type: ignore[index]


def test_drift_names_the_block_that_is_far_out() -> None:
    def odd(sample: Sample) -> Sample:
        if (sample.scenario, sample.block) != ("rules", 3):
            return sample
        elapsed = sample.metrics["elapsed_ns_per_op"] * 10
        return replace(sample, metrics=sample.metrics | {"elapsed_ns_per_op": elapsed})

    view = made_up_view(odd)
    assert any(text.startswith("+") and len(text) > 5 for text in texts(view, "drift"))
    limit = PLOTS["drift"].draw(view).axes[0].get_ylim()[1]
    assert limit < 100


def test_timeline_is_of_the_trial_that_lost_most() -> None:
    def loses(sample: Sample) -> Sample:
        if (sample.scenario, sample.block) != ("rules", 4):
            return sample
        return replace(sample, timeline=(Moment(0, 0, 0, 0), Moment(250, 64, 1234, None)))

    view = made_up_view(loses)
    rows = [row for row in PLOTS["timeline"].table(view).rows if row[1] == "rules"]
    assert [row[3:] for row in rows] == [(4, 0, 0, 0, 0), (4, 250, 64, 1234, None)]
    assert "rules (block 4): backlog seen up to 64 of 64 allowed, 1,234 lost" in (
        PLOTS["timeline"].describe(view)
    )
    assert "1,234" in texts(view, "timeline")
    assert "the consumer was stopped from 50 to 150 ms" in PLOTS["timeline"].describe(view)


def test_a_trial_that_waits_for_a_minute_leaves_the_others_their_room() -> None:
    def waits(sample: Sample) -> Sample:
        if sample.scenario != "rules":
            return sample
        return replace(sample, timeline=(Moment(0, 0, 0, 0), Moment(60_200, 64, 0, 0)))

    ends = {axes.get_xlim()[1] for axes in PLOTS["timeline"].draw(made_up_view()).axes}
    assert ends == {400.0}
    view = made_up_view(waits)
    ends = {axes.get_xlim()[1] for axes in PLOTS["timeline"].draw(view).axes}
    assert ends == {400.0, 60_200.0}
    assert {"400 ms", "60.2 s"} <= set(texts(view, "timeline"))


def test_timeline_of_a_run_in_which_nothing_was_seen() -> None:
    still = (Moment(0, 0, 0, 0), Moment(250, 0, 0, 0))
    view = made_up_view(lambda sample: replace(sample, timeline=still))
    assert "nothing was queued" in (PLOTS["timeline"].unavailable(view) or "")


def test_ticks_are_round_and_few() -> None:
    assert even_ticks(0, 41, 4) == [0, 20, 40]
    assert even_ticks(0.7, 1.65, 5) == pytest.approx([0.8, 1.0, 1.2, 1.4, 1.6])
    assert even_ticks(1, 1) == [1]
    assert round_ticks(0.8, 25) == [1, 2, 5, 10, 20]
    assert round_ticks(0.001, 1e9) == pytest.approx([1e-3, 1, 1e3, 1e6, 1e9])
    assert [plain_number(value) for value in (1, 0.8, 1.25, 1000)] == ["1", "0.8", "1.25", "1,000"]
    assert [axis_duration(ns) for ns in (0, 20_000, 1e6, 1.5e9)] == ["0", "20 µs", "1 ms", "1.5 s"]
