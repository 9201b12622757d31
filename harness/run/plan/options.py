"""The parts of a plan that are words or numbers of the user, each checked by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.answers.quantities import compared_metric, parse_margins
from harness.errors import UsageError
from harness.run.plan.file import PlanFile
from workloads.catalog import WORKLOADS

NOT_BY_CELL = ("command", "fd", "capture", "marker")
"""Options that only the harness sets, or that apply to the whole run."""


def workload_options(options: Mapping[str, str], workloads: Iterable[str]) -> Mapping[str, str]:
    """The options of the whole run; UsageError for one that none of its workloads accepts."""
    names = list(workloads)
    for option in options:
        if not any(option in WORKLOADS[name].options for name in names):
            takers = [info.name for info in WORKLOADS.values() if option in info.options]
            raise UsageError(
                f"{', '.join(names)} cannot take the option {option}",
                remedy=f"leave it out, or choose the workload {' or '.join(takers)}",
            )
    return options


def check_cell_options(file: PlanFile, workloads: Iterable[str]) -> None:
    """Raise UsageError for an option of a cell that one of the workloads does not accept."""
    for cell in file.cells:
        for option in cell.workload_options():
            for workload in workloads:
                wanted = [o for o in WORKLOADS[workload].options if o not in NOT_BY_CELL]
                if option not in wanted:
                    raise UsageError(
                        f"the cell {cell.name!r} has the option {option!r}, which {workload} "
                        "does not take",
                        remedy=f"it takes {', '.join(wanted) or 'none'}",
                    )


def margins_of(words: Iterable[str], file: PlanFile) -> tuple[float, dict[str, float]]:
    """The margin, and those of single metrics; the command line overrides the plan."""
    general, by_metric = parse_margins(words)
    in_plan = {compared_metric("[margins]", name): share for name, share in file.margins.items()}
    return file.margin if general is None else general, in_plan | by_metric
