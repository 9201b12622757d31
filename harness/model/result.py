"""What a run says: comparisons, ledgers, noise floor, cautions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from harness.model.caution import Caution
from harness.model.question import Question
from harness.model.run import AA, Cell, Ledger, Sample
from harness.model.scaling import ScalingPoint
from harness.model.searches.capacity import CapacityAnswer
from harness.model.searches.size import SizeAnswer
from harness.model.stored.environment import StoredEnvironment
from harness.model.stored.plan import StoredPlan
from harness.model.stored.profile import Profiles
from harness.model.stored.published import Redone
from harness.model.stored.soak import Trend
from harness.model.stored.victim import VictimCell

Verdict = Literal[
    "worse",
    "better",
    "equal",
    "inconclusive",
    "lost",
    "reference",
    "no-reference",
    "nothing-matched",
]


@dataclass(frozen=True, slots=True)
class Summary:
    """One cell and metric over the blocks. `spread` is the geometric standard deviation."""

    cell: Cell
    metric: str
    n: int
    mean: float
    geometric_mean: float | None
    """None where a value is zero or below."""
    spread: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """One cell and metric against its reference cell, as ratio with a 95 % interval.

    `ratio` and its interval are None where the reference is zero. `margin` is the relative
    difference that matters; `detectable` the smallest that this many blocks could have shown.
    """

    cell: Cell
    metric: str
    unit: str
    estimate: float
    reference: float | None
    ratio: float | None
    ci_low: float | None
    ci_high: float | None
    blocks: int
    verdict: Verdict
    margin: float
    detectable: float | None = None
    interleaved: bool = True
    p: float | None = None
    """Paired permutation test of no difference; None where the two were not paired."""
    q: float | None = None
    """`p` after control of the false discovery rate over the metrics of the run."""
    bca_low: float | None = None
    bca_high: float | None = None
    """The BCa bootstrap interval beside it, from 20 blocks on and where no block is far out."""
    blocks_needed: int | None = None
    """For an inconclusive verdict: about how many blocks would decide at this spread."""
    mean_ratio: float | None = None
    t_low: float | None = None
    t_high: float | None = None
    """The geometric mean of the ratios and Student's interval around it, beside `ratio` and `ci`:
    from six blocks on these are the median of the means of two blocks, and of the signed ranks.
    """


@dataclass(frozen=True, slots=True)
class LossComparison:
    """Whether a cell loses events, and whether it loses more than its reference.

    `share` is the share of trials with any loss, its interval the exact one (Clopper-Pearson,
    95 %): with none in n trials, `share_high` is what cannot be excluded. `loss_ratio` is the mean
    over trials of the share of events that did not arrive whole; `difference` is the mean paired
    difference of it to the reference cell, with a 95 % t interval. None is what cannot be known.
    """

    cell: Cell
    trials: int
    trials_with_loss: int
    share: float | None
    share_low: float | None
    share_high: float | None
    loss_ratio: float | None
    reference_loss_ratio: float | None = None
    difference: float | None = None
    difference_low: float | None = None
    difference_high: float | None = None
    verdict: Verdict = "no-reference"


@dataclass(frozen=True, slots=True)
class NoiseFloor:
    """The A/A cell: the reference against itself. What is smaller than this is within the noise."""

    workload: str
    consumer: str
    metric: str
    ratio: float
    ci_low: float
    ci_high: float
    blocks: int
    scenario: str = ""
    """The A/A cell's: a reference of each number of workers has its own."""


@dataclass(frozen=True, slots=True)
class CellLedger:
    """The ledgers of all trials of a cell, added up.

    `trials_with_loss` of `trials` lost something; `trials_unexplained` do not close, whatever
    the sum says.
    """

    cell: Cell
    total: Ledger
    operations: int
    trials: int
    trials_with_loss: int
    trials_unexplained: int = 0


@dataclass(frozen=True, slots=True)
class RankedConsumer:
    """One consumer among those that had the same load under the same rules.

    `ratio` and its 95 % interval are of its CPU time per event to that of the consumer just above
    it, paired by block: an interval that holds 1 leaves the order of the two open. Bytes are per
    event; None is what cannot be known of it.
    """

    cell: Cell
    place: int
    blocks: int
    cpu_ns_per_event: float
    ratio: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    cpu_by_process_ns: Mapping[str, float] = field(default_factory=dict)
    """Of it, by process, per event."""
    memory_bytes: float | None = None
    """Highest resident memory of its processes together, the most of all trials."""
    written_bytes: float | None = None
    delay_p50_ms: float | None = None
    delay_max_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Sustained:
    """What the rate ladder says of a consumer: rates are operations per second.

    `without_loss` is the highest step at which none of its `trials` lost anything, or what the
    load reached above it; `with_loss` the step above, at which one did. None in the first: it lost
    on the lowest step. None in the second: `limit` says why there is no higher step.
    """

    workload: str
    consumer: str
    without_loss: int | None
    with_loss: int | None
    trials: int
    limit: str = ""


@dataclass(frozen=True, slots=True)
class Exclusion:
    """What an exclusion gains: its cell against the cell of the same rules without it.

    The events are those recorded per operation, in both cells; None where neither the rules nor
    the consumer tell. `started` is the program that the load starts; empty if it starts none.
    """

    cell: Cell
    without: Cell
    gain: Comparison
    events: float | None
    events_without: float | None
    started: str = ""

    @property
    def kept_back(self) -> float | None:
        """The share of the events that it keeps back; None where that is unknown or of nothing."""
        if self.events is None or not self.events_without:
            return None
        return max(0.0, 1 - self.events / self.events_without)


WAITS = 0.02
"""The share of a cell's time from which waiting for room in the backlog is told."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A cell whose producers waited for room in the backlog, and the same with a larger one.

    Shares are of the elapsed time, 0 to 1. `cost` is the further cell's comparison with the
    reference in the primary metric. None is what was not measured. `with_others`: other processes
    made events meanwhile, so that `share` is the most that it can be.
    """

    cell: Cell
    share: float
    backlog_limit: int | None
    further: Cell | None = None
    further_backlog_limit: int | None = None
    further_share: float | None = None
    cost: Comparison | None = None
    with_others: bool = False


@dataclass(frozen=True, slots=True)
class BuildChange:
    """A build of a consumer against the first build of it, under the same load and rules.

    `comparisons` are what the two need, CPU per event first; `loss` is None where nobody could
    have seen any.
    """

    cell: Cell
    against: Cell
    comparisons: tuple[Comparison, ...]
    loss: LossComparison | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """All that a run says: what reporters turn into bytes."""

    run: str
    host: StoredEnvironment
    plan: StoredPlan
    comparisons: tuple[Comparison, ...]
    ledgers: tuple[CellLedger, ...]
    noise_floor: tuple[NoiseFloor, ...]
    cautions: tuple[Caution, ...]
    trials: int
    invalid_trials: int
    complete: bool
    """False where the run was stopped before its last trial."""
    losses: tuple[LossComparison, ...] = ()
    ranking: tuple[RankedConsumer, ...] = ()
    """Consumers in one scenario, the cheapest first; empty where there is but one."""
    sustained: tuple[Sustained, ...] = ()
    builds: tuple[BuildChange, ...] = ()
    """Builds of one consumer, `NAME@LABEL`, against the first; empty where there are not two."""
    exclusions: tuple[Exclusion, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    """The cells of which more than 2 % of the time is waiting for room in the backlog."""
    scaling: tuple[ScalingPoint, ...] = ()
    """Scenarios by number of producers; empty where the plan compares no numbers."""
    trends: tuple[Trend, ...] = ()
    """What of consumers grows in the course of a soak; empty for any other plan."""
    redone: tuple[Redone, ...] = ()
    """Published measurements beside those found here; empty where the plan names none."""
    victims: tuple[VictimCell, ...] = ()
    """What an innocent load beside the noisy ones felt; empty where there was none."""
    capacity: CapacityAnswer | None = None
    """How much rules and consumers can take; None where that was not searched for."""
    size: SizeAnswer | None = None
    """How large the backlog must be; None where that was not searched for."""
    profiles: Profiles = field(default_factory=Profiles)
    """Where kernel time goes in the cells that were sampled; empty where none was."""
    primary: str = "elapsed_ns_per_op"
    """The metric that the answer is about."""
    question: Question = "cost"
    """What the answer is to."""
    operation: str = "operation"
    """What one operation is called: a replay's are records."""
    unmatched: tuple[Cell, ...] = ()
    """Cells with rules that could make events, and none did: what they cost is not their price."""
    unmatched_scenarios: tuple[str, ...] = ()
    """Scenarios of which nothing matched in any workload."""
    open_trials: int = 0
    """Valid trials with events that are unaccounted for, the warm-up among them."""

    @property
    def undecidable(self) -> bool:
        """Whether trials failed, and what is left of the blocks is too little for any verdict."""
        compared = (
            comparison
            for comparison in self.comparisons
            if comparison.metric == self.primary
            and comparison.verdict != "reference"
            and not comparison.cell.scenario.endswith(AA)
        )
        return self.invalid_trials > 0 and all(c.ci_low is None for c in compared)

    @property
    def mostly_invalid(self) -> bool:
        """Whether more trials failed than count."""
        return self.invalid_trials * 2 > self.trials

    @property
    def trustworthy(self) -> bool:
        """False where nothing was or can be decided, most trials failed, or events are
        unaccounted for.
        """
        if (search := self.capacity or self.size) is not None:
            return search.trustworthy
        if not any(comparison.blocks for comparison in self.comparisons):
            return False
        if self.undecidable or self.mostly_invalid:
            return False
        return not self.open_trials and not any(
            ledger.trials_unexplained or ledger.total.unexplained for ledger in self.ledgers
        )


@dataclass(frozen=True, slots=True)
class ReportView:
    """What reports and plots are made from: the result, and the trials behind it in plan order."""

    result: Result
    samples: tuple[Sample, ...]
