"""Every file that adds something is named in its folder's catalog, and nothing else is."""

from __future__ import annotations

from pathlib import Path

from harness.consumers.catalog import CONSUMERS, NOT_CONSUMERS
from harness.metrics.catalog import METRICS
from harness.reporters.plots.catalog import NOT_KINDS, PLOTS
from harness.scenarios.catalog import HERE, PLANS, SCENARIOS
from workloads.catalog import WORKLOADS

ROOT = Path(__file__).parents[2]


def test_scenarios() -> None:
    assert {path.name for path in HERE.glob("*.rules")} == set(SCENARIOS.values())


def test_plans() -> None:
    assert {path.name for path in HERE.glob("*.toml")} == set(PLANS.values())


def test_consumers() -> None:
    adapters = {path.stem for path in (ROOT / "harness/consumers").glob("*.py")}
    named = {type(consumer).__module__.rpartition(".")[2] for consumer in CONSUMERS.values()}
    assert adapters - NOT_CONSUMERS == named


def test_plots() -> None:
    files = {path.stem for path in (ROOT / "harness/reporters/plots").glob("*.py")}
    named = {plot.picture.__module__.rpartition(".")[2] for plot in PLOTS.values()}
    assert files - NOT_KINDS == named == set(PLOTS)


def test_names_are_the_keys() -> None:
    for catalog in (CONSUMERS, METRICS, WORKLOADS, PLOTS):
        assert [entry.name for entry in catalog.values()] == list(catalog)
