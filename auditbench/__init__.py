"""What the Linux audit framework costs, and whether it loses events: stored runs in scripts.

    import auditbench

    run = auditbench.open("latest")            # a run of the command line `auditbench run`
    run.comparisons("elapsed", workload="udp")
    auditbench.frame(auditbench.runs())        # the trials of all runs, a pandas DataFrame

docs/api.md has all of it. Nothing in here measures or needs root; what can be mended is an
`AuditbenchError` of one line.

This is also the way in of the command line and of pytest's plugin: nothing is imported before it is
asked for, and the other packages not before `clash.py` has found that they are this distribution's,
since their names, `harness`, `consumer` and `workloads`, are not rare.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.api import (
        AuditbenchError,
        Caution,
        Cell,
        CellLedger,
        Change,
        ChangeReport,
        Comparison,
        CountChange,
        CountedCell,
        CountedResult,
        CountReport,
        Ledger,
        LossChange,
        LossComparison,
        NoiseFloor,
        Result,
        Run,
        Sample,
        Side,
        Summary,
        UntrustworthyError,
        UsageError,
        compare,
        frame,
        plot_changes,
        plot_kinds,
        runs,
    )
    from harness.api import load as open

    __version__: str

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
    "open",
    "plot_changes",
    "plot_kinds",
    "runs",
]
_ELSEWHERE = {"open": "load"}
"""What has another name in `harness.api`."""


if not TYPE_CHECKING:  # so that a misspelt name is an error of types

    def __getattr__(name: str) -> Any:
        """A public name, imported when first asked for; ImportError if it is another's."""
        if name == "__version__":
            from importlib.metadata import version

            return version("auditbench")
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from auditbench.clash import find_clash

        clash = find_clash()
        if clash is not None and clash.is_fatal:
            raise ImportError(clash.text, name=__name__)
        from harness import api

        found = globals()[name] = getattr(api, _ELSEWHERE.get(name, name))
        return found


def __dir__() -> list[str]:
    """The public names, also those that were not asked for yet, and none that this file imports."""
    return sorted({*(name for name in globals() if name.startswith("__")), *__all__, "__version__"})
