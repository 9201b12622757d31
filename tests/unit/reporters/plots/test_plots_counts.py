"""Plots of counted runs: by scenario, and from kernel to kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.answers.count import make_counted
from harness.model.count import CountedResult
from harness.reporters.plots.catalog import COUNT_PLOTS
from harness.reporters.plots.counts import COUNTS, KERNELS, in_version_order
from harness.reporters.plots.picture import svg_text
from harness.store import load_run
from tests.support.stored.counted_runs import BASIC, counted_run

SEVERAL = {"6.12.9-x": 1.1, "6.9.1-x": 0.9, "6.1.0-x": 1.0}


def result(folder: Path, **changes: object) -> CountedResult:
    return make_counted(load_run(counted_run(folder / "m" / "run", **changes), counted_too=True))  # type: ignore[arg-type]


def test_kernels_are_in_the_order_of_their_versions() -> None:
    assert in_version_order(list(SEVERAL)) == ["6.1.0-x", "6.9.1-x", "6.12.9-x"]


@pytest.mark.parametrize("name", COUNT_PLOTS)
@pytest.mark.parametrize("dark", [False, True])
def test_every_scenario_stands_in_the_picture_and_its_data(
    name: str, dark: bool, tmp_path: Path
) -> None:
    counts, plot = result(tmp_path, kernels=SEVERAL), COUNT_PLOTS[name]
    assert plot.unavailable(counts) is None
    picture = svg_text(plot.draw(counts, dark=dark))
    for word in (*BASIC, *SEVERAL):
        assert word.removesuffix("-x") in picture
        assert word in plot.describe(counts)
    rows = [tuple(row) for row in plot.table(counts).rows]
    assert len(rows) == len(BASIC) * len(SEVERAL)
    assert ("6.12.9-x", "syscalls", "no-rules", "instructions_per_op") in [r[:4] for r in rows]


def test_kernels_that_their_versions_tell_apart_are_called_by_these(tmp_path: Path) -> None:
    """A release such as 6.12.117+deb12-cloud-amd64 has no room below an axis."""
    names = {"6.1.0-57-cloud-amd64": 1.0, "6.12.117+deb12-cloud-amd64": 1.1}
    picture = svg_text(KERNELS.draw(result(tmp_path, kernels=names)))
    assert ">6.1.0<" in picture
    assert ">6.12.117<" in picture


@pytest.mark.parametrize("dark", [False, True])
def test_no_two_kernels_have_the_same_mark(dark: bool, tmp_path: Path) -> None:
    counts = result(tmp_path, kernels={f"6.{minor}.0-x": 1.0 for minor in range(20)})
    lines = COUNTS.draw(counts, dark=dark).axes[0].get_lines()
    assert len({(line.get_marker(), line.get_color()) for line in lines}) == 20


def test_two_builds_have_their_checksums_below_the_axis(tmp_path: Path) -> None:
    names = {"6.18.0#00000000": 1.0, "6.18.0#11111111": 1.1}
    picture = svg_text(KERNELS.draw(result(tmp_path, kernels=names)))
    assert all(f">{name}<" in picture for name in names)


def test_one_kernel_has_its_numbers_beside_the_rows_and_no_lines(tmp_path: Path) -> None:
    counts = result(tmp_path)
    assert "820.4" in svg_text(COUNTS.draw(counts))
    assert "one kernel" in str(KERNELS.unavailable(counts))


def test_a_metric_that_the_run_lacks_cannot_be_drawn(tmp_path: Path) -> None:
    counts = result(tmp_path, kernels=SEVERAL)
    for plot in COUNT_PLOTS.values():
        assert plot.unavailable(counts, metric="a_instructions_per_op")
        assert plot.unavailable(counts, workload="udp")


def test_hostile_names_are_escaped(tmp_path: Path) -> None:
    counts = result(tmp_path, counts={"no-audit": (1.0, 1.0), "\x1b[31m$x$": (2.0, 2.0)})
    assert "\x1b" not in svg_text(COUNTS.draw(counts)) + COUNTS.describe(counts)


def test_a_count_of_nothing_can_be_drawn(tmp_path: Path) -> None:
    counts = result(tmp_path, counts={"no-audit": (0.0, 0.0)}, kernels=SEVERAL)
    assert all("<svg" in svg_text(plot.draw(counts)) for plot in COUNT_PLOTS.values())
