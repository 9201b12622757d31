"""What a counted run says: instructions per operation, by kernel and cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from harness.model.caution import Caution
from harness.model.stored.environment import StoredGuest

INSTRUCTIONS: Final = "instructions_per_op"
"""The metric of every counted trial: all instructions of the load, the kernel's on its behalf too,
from one operation to the next."""
KAUDITD: Final = "kauditd_instructions_per_op"
CONSUMER: Final = "consumer_instructions_per_op"
"""Those of the kernel's thread that delivers the records, and of the program that receives them."""
EVENTS: Final = "events_per_op"
RECORDS: Final = "records_per_op"
"""The load's events that came, whole or not, and their records."""
COUNTED_METRICS: Final = (INSTRUCTIONS, KAUDITD, CONSUMER, EVENTS, RECORDS)
"""Every metric of a counted trial; those of events where a consumer listened."""

RULES_LOAD: Final = "rules_load_instructions"
RULES_DELETE: Final = "rules_delete_instructions"
OF_RULES: Final = (RULES_LOAD, RULES_DELETE)
"""What the kernel needs to load a scenario's rules, and to delete them: counted once for equal
rules, whatever the workload. No reference has a part in it."""
ALL_COUNTED: Final = (*COUNTED_METRICS, *OF_RULES)
"""Every metric that a counted run may have, in the order in which they are told."""
_UNITS: Final = {EVENTS: "events", RECORDS: "records"}

FAILED_GUEST: Final = "failed-guest"
"""The caution of a run in which a guest did not measure all that it was to."""

COUNT_MARGIN: Final = 0.005
"""The relative difference of counts that does not matter, unless the user names another."""

CountVerdict = Literal["worse", "better", "equal", "below-floor", "no-floor"]
"""`below-floor`: two boots of the same lie as far apart as the margin, and so do these two.
`no-floor`: there was but one boot of one of them."""


def unit_of(metric: str) -> str:
    """What a metric of a counted run is a number of."""
    return _UNITS.get(metric, "instructions")


class CountKey(NamedTuple):
    """What a count is of."""

    kernel: str
    workload: str
    scenario: str
    metric: str


class HeadAndBase:
    """Two counts of the same: what HEAD has more than BASE."""

    __slots__ = ()
    base: float
    head: float

    @property
    def difference(self) -> float:
        """HEAD less BASE."""
        return self.head - self.base

    @property
    def share(self) -> float | None:
        """The difference as a share of BASE; None where BASE is nothing."""
        return self.difference / self.base if self.base else None


@dataclass(frozen=True, slots=True)
class CountedCell:
    """One metric of one workload in one scenario under one kernel; numbers are in its unit.

    `kernel` is the name of a guest of the run. `estimate` is the mean of the boots, `apart` how far
    they lie apart; `floor` is the largest `apart` of this kernel, workload and metric, None with
    one boot: nothing finer is known. `difference` is that to the reference scenario under the same
    kernel, None for itself and where it was not counted.
    """

    kernel: str
    workload: str
    scenario: str
    metric: str
    estimate: float
    boots: tuple[float, ...]
    apart: float
    floor: float | None
    difference: float | None

    @property
    def key(self) -> CountKey:
        """What was counted."""
        return CountKey(self.kernel, self.workload, self.scenario, self.metric)


@dataclass(frozen=True, slots=True)
class CountedDaemon:
    """What a daemon from a package did with a load's events in all boots of a cell.

    `missing` are those that came neither whole nor in part, None where nothing says how many there
    were. `shares` are the instructions per operation of each of its processes, by name: the mean of
    the boots that are used, and empty without one.
    """

    kernel: str
    workload: str
    scenario: str
    consumer: str
    package: str
    boots: int
    complete: int
    partial: int
    missing: int | None
    doubled_records: int
    shares: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class CountedResult:
    """A counted run; `guests` has one per kernel, in the order in which they were named."""

    run: str
    plan: str
    reference: str | None
    guests: tuple[StoredGuest, ...]
    cells: tuple[CountedCell, ...]
    cautions: tuple[Caution, ...]
    complete: bool
    daemons: tuple[CountedDaemon, ...] = ()

    @property
    def floor(self) -> float | None:
        """The largest floor of a load's own instructions; None where no cell has two boots."""
        floors = [c.floor for c in self.cells if c.floor is not None and c.metric == INSTRUCTIONS]
        return max(floors, default=None)

    @property
    def trustworthy(self) -> bool:
        """Whether every planned trial was counted, so that the cells say what they seem to."""
        return (
            self.complete
            and bool(self.cells)
            and not any(caution.name == "invalid-trials" for caution in self.cautions)
        )
