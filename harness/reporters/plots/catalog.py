"""Every kind of plot that is made from one run.

Adding one: a file with its data, words and picture, and a line here. A kind that is made from
something else than a `ReportView` is a `Plot` of its own kind of data, beside this list.
"""

from __future__ import annotations

from harness.model.count import CountedResult
from harness.model.result import ReportView
from harness.reporters.plots.base import Plot
from harness.reporters.plots.capacity import CAPACITY
from harness.reporters.plots.counts import COUNTS, KERNELS
from harness.reporters.plots.cpu import CPU
from harness.reporters.plots.drift import DRIFT
from harness.reporters.plots.forest import FOREST
from harness.reporters.plots.latency import LATENCY
from harness.reporters.plots.ledger import LEDGER
from harness.reporters.plots.scaling import SCALING
from harness.reporters.plots.timeline import TIMELINE
from harness.reporters.plots.victim import VICTIM

_ALL = (FOREST, CPU, LATENCY, LEDGER, TIMELINE, DRIFT, SCALING, VICTIM, CAPACITY)

PLOTS: dict[str, Plot[ReportView]] = {plot.name: plot for plot in _ALL}

COUNT_PLOTS: dict[str, Plot[CountedResult]] = {plot.name: plot for plot in (COUNTS, KERNELS)}
"""The kinds of a run that counts instructions."""
