"""Every file that adds something is named in its folder's catalog, and nothing else is."""

from __future__ import annotations

import re
from pathlib import Path

from harness.consumers.catalog import CONSUMERS
from harness.metrics.catalog import METRICS
from harness.reporters import words
from harness.reporters.plots.catalog import PLOTS
from harness.scenarios.catalog import HERE, PLANS, SCENARIOS
from harness.verbs.init import HERE as STARTS_HERE
from harness.verbs.init import STARTS, SUFFIX
from tests.support.verbs import VERBS
from workloads.catalog import WORKLOADS

ROOT = Path(__file__).parents[2]
PLOT = re.compile(r"^\w+(?:: Plot\[(\w+)\])? = Plot\(", re.M)
"""Where a kind of plot is defined; of what data."""


def test_scenarios() -> None:
    assert {path.name for path in HERE.glob("*.rules")} == set(SCENARIOS.values())


def test_plans() -> None:
    assert {path.name for path in HERE.glob("*.toml")} == set(PLANS.values())


def test_consumers() -> None:
    adapters = {path.stem for path in (ROOT / "harness/consumers").glob("*.py")}
    named = {type(consumer).__module__.rpartition(".")[2] for consumer in CONSUMERS.values()}
    assert adapters - {"__init__", "base", "catalog"} == named


def test_reports_explain_consumers_as_the_catalog_does() -> None:
    assert {name: consumer.summary for name, consumer in CONSUMERS.items()} == words.CONSUMERS


def test_verbs() -> None:
    """A verb of two words is a file in the folder of its first."""
    folder = ROOT / "harness/verbs"
    files = {path.relative_to(folder).with_suffix("") for path in folder.rglob("*.py")}
    others = ("shared", "starts")
    own = {path for path in files if path.parts[0] not in others and path.stem != "__init__"}
    assert {" ".join(path.parts) for path in own} == set(VERBS)


def test_starts() -> None:
    files = {path.name.removesuffix(SUFFIX) for path in (STARTS_HERE).glob(f"*{SUFFIX}")}
    assert files == {Path(name).name for start in STARTS.values() for name in start.files}


def test_plots() -> None:
    """Kinds of plot of anything but one run are no kinds that can be asked for by name."""
    folder = ROOT / "harness/reporters/plots"
    found = [(path.stem, PLOT.findall(path.read_text())) for path in folder.glob("*.py")]
    kinds = {name: data for name, plots in found for data in plots}
    assert "" not in kinds.values(), "say what a kind of plot is made of: Plot[…]"
    named = {plot.picture.__module__.rpartition(".")[2] for plot in PLOTS.values()}
    assert {name for name, data in kinds.items() if data == "ReportView"} == named == set(PLOTS)
    assert len(kinds) > len(PLOTS)


def test_names_are_the_keys() -> None:
    for catalog in (CONSUMERS, METRICS, WORKLOADS, PLOTS):
        assert [entry.name for entry in catalog.values()] == list(catalog)
