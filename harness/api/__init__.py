"""The Python API: read stored runs, compare and draw them, in a script or a notebook.

    import auditbench

    run = auditbench.open("latest")
    run.comparisons("elapsed")
    auditbench.compare(run.only("no-rules"), run.only("rules"))

`import auditbench` gives what is in here, with `load` called `open`. Nothing in here measures or
needs root. All that can go wrong for a reason that a caller can mend is an `AuditbenchError` of one
line. pandas and pyarrow are optional: `pip install 'auditbench[data]'`.
"""

from harness.answers.compare.compare import Side
from harness.api.frames import frame
from harness.api.many_runs import compare, load, plot_changes, plot_kinds, runs
from harness.api.one_run import Run
from harness.errors import AuditbenchError, UntrustworthyError, UsageError
from harness.model.caution import Caution
from harness.model.compare import Change, ChangeReport, LossChange
from harness.model.count import CountedCell, CountedResult
from harness.model.count_changes import CountChange, CountReport
from harness.model.result import CellLedger, Comparison, LossComparison, NoiseFloor, Result, Summary
from harness.model.run import Cell, Ledger, Sample

__all__ = [
    "AuditbenchError",
    "Caution",
    "Cell",
    "CellLedger",
    "Change",
    "ChangeReport",
    "Comparison",
    "CountChange",
    "CountReport",
    "CountedCell",
    "CountedResult",
    "Ledger",
    "LossChange",
    "LossComparison",
    "NoiseFloor",
    "Result",
    "Run",
    "Sample",
    "Side",
    "Summary",
    "UntrustworthyError",
    "UsageError",
    "compare",
    "frame",
    "load",
    "plot_changes",
    "plot_kinds",
    "runs",
]
