"""The Python API of counted runs."""

from __future__ import annotations

from pathlib import Path

import pytest

import auditbench
from harness.api.frames import frame
from harness.api.many_runs import compare, load, plot_changes, plot_kinds
from harness.api.one_run import Run
from harness.errors import UsageError
from harness.model.count_changes import CountReport
from tests.support.runs import made_up_run
from tests.support.stored.counted_runs import BASIC, KERNEL, counted_run

NEWER = "6.12.9-x"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return load(counted_run(tmp_path / "m" / "run"))


def test_a_counted_run_has_counts_and_no_times(run: Run) -> None:
    assert run.is_counted
    assert [cell.scenario for cell in run.counts.cells] == list(BASIC)
    assert run.scenarios == tuple(BASIC)
    assert run.trustworthy
    assert run.markdown().startswith("## auditbench count")
    with pytest.raises(UsageError, match=r"has no times: run\.counts"):
        run.comparisons()


def test_a_timed_run_has_no_counts(tmp_path: Path) -> None:
    timed = Run(made_up_run(tmp_path / "m" / "timed").folder)
    with pytest.raises(UsageError, match="is no counted run"):
        _ = timed.counts


def test_a_frame_has_kernel_cell_metric_estimate_and_difference(tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    kernels = {KERNEL: 1.0, NEWER: 1.1}
    run = load(counted_run(tmp_path / "m" / "run", kernels=kernels, environment={"label": "x"}))
    table = frame(run, of="counts")
    wanted = ["kernel", "workload", "scenario", "metric", "estimate", "difference"]
    assert set(wanted) <= set(table.columns)
    row = table[(table.kernel == NEWER) & (table.scenario == "site")].iloc[0]
    assert row.difference == pytest.approx((820.4 - 300.01) * 1.1)
    assert (row.label, row.metric) == ("x", "instructions_per_op")
    trials = frame(run)
    assert sorted(trials.kernel.unique()) == [KERNEL, NEWER]
    assert len(trials) == 2 * 2 * len(BASIC)


def test_a_frame_of_runs_of_both_kinds_has_the_rows_of_each(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    both = [run, Run(made_up_run(tmp_path / "m" / "timed").folder)]
    assert set(frame(both, of="counts").run) == {"m/run"}
    assert set(frame(both, of="comparisons").run) == {"m/timed"}
    assert set(frame(both).run) == {"m/run", "m/timed"}


def test_comparing_gives_counts_and_a_frame_of_them(run: Run, tmp_path: Path) -> None:
    dearer = load(counted_run(tmp_path / "m" / "head", kernels={NEWER: 1.04}))
    report = compare(run, dearer)
    assert isinstance(report, CountReport)
    assert report.verdict == "worse"
    assert isinstance(auditbench.compare(run, dearer, margin=0.05), auditbench.CountReport)
    assert compare(run, dearer, margin=0.05).verdict == "no-worse"
    pytest.importorskip("pandas")
    assert list(frame(report).share.round(3)) == [0.04, 0.04, 0.04]
    with pytest.raises(UsageError, match="no ratios to draw"):
        plot_changes(report)


def test_scenarios_and_kernels_are_sides(tmp_path: Path) -> None:
    run = load(counted_run(tmp_path / "m" / "run", kernels={KERNEL: 1.0, NEWER: 1.1}))
    assert compare(run.only("6.1"), run.only("6.12")).verdict == "worse"
    assert compare(run.only("site"), run.only("no-rules")).verdict == "no-worse"
    with pytest.raises(UsageError, match="no scenario 'sight'"):
        run.only("sight")


def test_plots_and_report(tmp_path: Path) -> None:
    run = load(counted_run(tmp_path / "m" / "run", kernels={KERNEL: 1.0, NEWER: 1.1}))
    assert {"counts", "kernels"} <= plot_kinds().keys()
    for kind in ("counts", "kernels"):
        assert run.plot(kind, metric="instructions").get_size_inches()[0] == 5
    with pytest.raises(UsageError, match="has no plot forest: one of counts, kernels"):
        run.plot("forest")
    assert "Instructions from kernel to kernel" in run.report(tmp_path / "r.html").read_text()


@pytest.mark.parametrize("margin", [0.00002, 0.5])
def test_any_margin_is_taken(run: Run, tmp_path: Path, margin: float) -> None:
    dearer = load(counted_run(tmp_path / "m" / "dearer", {**BASIC, "site": (850.5, 850.3)}))
    report = compare(run, dearer, margin=margin)
    assert isinstance(report, CountReport)
    assert {change.margin for change in report.pairs[0].changes} == {margin}
