"""The parts of a plan that are words or numbers of the user, each checked by itself."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping

from harness.answers.quantities import compared_metric, parse_margins
from harness.errors import UsageError
from harness.run.plan.file import PlanFile
from harness.run.request import Load
from workloads.catalog import WORKLOADS, WorkloadInfo

MOST_BLOCKS = 100_000
"""More blocks than a machine measures in a month."""
MOST_SEED, LEAST_SEED = 2**63 - 1, -(2**63)
"""What TOML can hold."""
MIN_BLOCKS_UNTIL_CI = 8
"""Blocks before the first check of the intervals' width: with fewer they are often narrow by
chance, and an interval that ended its run would cover the truth too rarely (docs/validity.md)."""
NOT_BY_CELL = ("command", "fd", "service", "service_digest", "capture", "marker")
"""Options that only the harness sets, or that apply to the whole run."""


def workload_options(
    options: Mapping[str, str], workloads: Mapping[str, WorkloadInfo]
) -> Mapping[str, str]:
    """The options of the whole run; UsageError for one that none of its workloads accepts."""
    for option in options:
        if not any(option in info.options for info in workloads.values()):
            takers = [info.name for info in WORKLOADS.values() if option in info.options]
            raise UsageError(
                f"{', '.join(workloads)} cannot take the option {option}",
                remedy=f"leave it out, or choose the workload {' or '.join(takers)}",
            )
    return options


def check_cell_options(file: PlanFile, workloads: Mapping[str, WorkloadInfo]) -> None:
    """Raise UsageError for an option of a cell that one of the workloads does not accept."""
    for cell in file.cells:
        for option in cell.workload_options():
            for workload, info in workloads.items():
                wanted = [o for o in info.options if o not in NOT_BY_CELL]
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


def seed_of(seed: int | None) -> int:
    """The seed asked for; a random one for None."""
    if seed is None:
        return random.SystemRandom().randrange(2**32)
    return _within("--seed", seed, MOST_SEED, LEAST_SEED)


def blocks_of(load: Load, file: PlanFile) -> int:
    """How many blocks count; with `--until-ci` the least number."""
    blocks = _blocks_asked(load, file)
    return blocks if load.until_ci is None else max(blocks, MIN_BLOCKS_UNTIL_CI)


def _blocks_asked(load: Load, file: PlanFile) -> int:
    pace = load.pace
    if load.blocks is not None:
        return _within("--blocks", load.blocks, MOST_BLOCKS)
    if load.until_ci is not None and pace == "default":
        return MIN_BLOCKS_UNTIL_CI
    blocks = {
        "default": file.blocks.default,
        "fast": file.blocks.fast,
        "rigorous": file.blocks.rigorous,
    }
    return _within(f"[blocks] {pace} =", blocks[pace], MOST_BLOCKS)


def one_number_of_workers(load: Load, file: PlanFile) -> int:
    """The workers of every scenario that has no number of its own."""
    if not isinstance(file.workers, int):
        return 1
    return file.workers if load.workers is None else load.workers


def given(parse: Callable[[str, str], float], option: str, text: str | None) -> float | None:
    """The number of an option that may be left out."""
    return None if text is None else parse(option, text)


def _within(option: str, value: int, most: int, least: int = 1) -> int:
    if value < least:
        raise UsageError(f"{option} {value} is too few", remedy=f"give {least} or more")
    if value > most:
        raise UsageError(f"{option} {value} is too many", remedy=f"give {most} at most")
    return value


def ops_of(load: Load, file: PlanFile, info: WorkloadInfo) -> int:
    """The operations of a trial of this workload."""
    if load.ops is not None:
        return load.ops
    if load.pace == "fast":
        return file.ops.get(info.name, info.fast_ops)
    return file.ops.get(info.name, info.default_ops)
