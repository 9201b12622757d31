"""The command line of a worker, and a check whether the worker would accept it, without one.

The limits of the loads are only in `workloads`. Errors are found here before anything on the host
changes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.errors import HostUnfitError, UsageError
from workloads.catalog import WORKLOADS
from workloads.errors import EXIT_HOST_UNFIT, WorkloadError
from workloads.running.check import check_load
from workloads.services.file import Service

_ARGUMENT = re.compile(r"argument (\S+): (.*): see python -m workloads --help")
SERVICE = "service"
"""The workload that every service is to the workers."""
PACED = re.compile(r"paced-([0-9]{1,12})")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerWords:
    """The options and command of a worker."""

    workload: str
    ops: int
    auid: str = "keep"
    workers: int = 1
    rate_per_s: float | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    """By the names in the workloads' catalog; those that this workload lacks are left out."""
    command: tuple[str, ...] = ()
    service: Service | None = None
    """The service that the workload is; its file must not change meanwhile."""

    def words(self, *more: str) -> list[str]:
        """The words for `python -m workloads`; `more` goes before the command."""
        name = self.workload if self.service is None else SERVICE
        words = [name, f"--ops={self.ops}", f"--workers={self.workers}"]
        if self.service is not None:
            words += [f"--service={self.service.path}", f"--service-digest={self.service.digest}"]
        if WORKLOADS[name].session:
            words.append(f"--auid={self.auid}")
        if self.rate_per_s is not None:
            words.append(f"--rate={self.rate_per_s}")
            if (burst := self.options.get("burst")) is not None:
                words.append(f"--burst={burst}")
        for option, value in self.options.items():
            if option in WORKLOADS[name].options:
                spelling = f"-{option}" if len(option) == 1 else f"--{option.replace('_', '-')}="
                words.append(spelling + value)
        return [*words, *more, *(("--", *self.command) if self.command else ())]

    def refuse_bad(self, where: str = "") -> None:
        """Raise UsageError in the worker's own words, after `where`, if it would refuse the words;
        HostUnfitError if the host does not allow them.
        """
        try:
            check_load(self.words())
        except WorkloadError as error:
            what, remedy = _in_our_words(str(error))
            kind = HostUnfitError if error.exit_code == EXIT_HOST_UNFIT else UsageError
            raise kind(f"{where}{what}", remedy=remedy) from None


def _in_our_words(line: str) -> tuple[str, str]:
    """The error and remedy in a worker's line; the user does not know the worker's help."""
    if match := _ARGUMENT.fullmatch(line):
        # `auto` is settled before a worker starts.
        said = match[2].replace(" keep, unset or", " auto, keep, unset or")
        return f"{match[1]} {said}", "give another value, or leave it out"
    what, _, remedy = line.partition(": ")
    return what, remedy


def rate_of(scenario: str) -> int | None:
    """Records per second of a scenario: `paced-50000`; None for `full-rate`."""
    if scenario == "full-rate":
        return None
    match = PACED.fullmatch(scenario)
    if match is None:
        raise UsageError(
            f"no replay scenario is called {scenario!r}",
            remedy="`full-rate`, or `paced-` and records per second",
        )
    return int(match[1])


def replayed(scenario: str, ops: int) -> tuple[str, WorkerWords]:
    """The load of a replay's scenario, with its place in the plan."""
    load = WorkerWords(workload="replay", ops=ops, rate_per_s=rate_of(scenario))
    return f"scenario {scenario}: ", load


def refuse_bad_loads(loads: Sequence[tuple[str, WorkerWords]]) -> None:
    """Check every load of a plan once; errors of loads with a place name it."""
    different = {(where, *load.words()): (where, load) for where, load in loads}
    for where, load in different.values():
        load.refuse_bad(where)
