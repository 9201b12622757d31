"""The types that flow: Scenario, Cell, Trial, Sample, Ledger, Summary, Comparison.

They flow in one direction only and do nothing themselves. The kernel's own types (`AuditStatus`,
`Rule`) live in `harness.kernel`, what the consumer sees in `consumer`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, NamedTuple

from msgspec import Meta

Count = Annotated[int, Meta(ge=0, le=2**53)]
"""How often something is there, or how long in whole units: exact as a float, too."""
Whole = Annotated[int, Meta(ge=-(2**53), le=2**53)]
Milliseconds = Annotated[float, Meta(ge=-1e15, le=1e15)]

SAMPLE_SCHEMA = 1
"""Version of one line in `samples.jsonl`; grows when a field changes its meaning."""

AA = "-aa"
"""Suffix of the A/A cell: the reference scenario measured a second time in every block."""

Verdict = Literal["worse", "better", "equal", "inconclusive", "reference", "no-reference"]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A wanted audit state, bound to one workload.

    `None` in a limit means: as the host has it. `rules` are kernel payloads in evaluation order,
    `rule_text` the same as a person reads them.
    """

    name: str
    summary: str
    enabled: int | None
    rules: tuple[bytes, ...] = ()
    rule_text: tuple[str, ...] = ()
    backlog_limit: int | None = None
    backlog_wait_time: int | None = None
    """In jiffies, as the kernel and auditctl have it."""
    rate_limit: int | None = None
    failure: int | None = None
    interleaved: bool = True
    """False for a state that cannot be entered again, and so is measured before the blocks."""
    consumer: str | None = None
    """The only consumer to measure it with; None for all of the plan's."""
    rcvbuf_bytes: int | None = None
    enobufs: bool = False
    """Whether the consumer lets the kernel stop delivery after an overrun (ENOBUFS)."""
    stop_after_ms: int = 0
    stop_for_ms: int = 0
    """The consumer is stopped (SIGSTOP) so long, so soon after the load's start; 0 is never."""
    workload_options: Mapping[str, str] = field(default_factory=dict)
    """Options of the workload in this cell only; they go before those of the whole run."""
    rate_per_s: float | None = None
    """Operations started per second in this cell only."""
    notes: tuple[str, ...] = ()
    """What is known to be odd about its rules, each with its remedy."""


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """One combination under test, by name: what is compared with what."""

    workload: str
    scenario: str
    consumer: str


@dataclass(frozen=True, slots=True)
class Trial:
    """One measurement to make: a cell at its place in the run. Block 0 is the warm-up."""

    index: int
    cell: Cell
    block: int
    position: int
    seed: int
    ops: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """Where every event of one trial went; `None` is what this trial cannot know.

    `generated` are the events that the `always` rules alone demand of the operations done;
    `suppressed` those that `never` rules kept back. `lost` is the kernel's counter: records, not
    events. `refused_low` and `refused_high` are what `lost` allows for `refused`. The `stage_`
    fields count records by the place that dropped them, None where two cannot be told apart.
    """

    generated: Count | None
    complete: Count | None
    partial: Count | None
    lost: Count | None
    missing_records: Whole | None = None
    refused: Whole | None = None
    vanished: Whole | None = None
    suppressed: Count | None = None
    unexplained: Whole | None = None
    refused_low: Whole | None = None
    refused_high: Whole | None = None
    unnamed_events: Whole | None = None
    """Partial events that lack the very record that tells whose they are."""
    foreign_events: Whole | None = None
    """Received, but of other sessions; the harness's own changes are among them."""
    foreign_lost: Whole | None = None
    """At most so many events of other processes are among what was lost; no term holds them."""
    markers_missing: Whole | None = None
    """Sync markers that never came back."""
    stage_backlog_records: Whole | None = None
    """Later records of events whose first the backlog let through."""
    stage_rate_records: Whole | None = None
    stage_retry_records: Whole | None = None
    """Dropped from the retry or hold queue, whether `lost` counts them or not."""
    stage_multicast_records: Whole | None = None
    stage_consumer_records: Whole | None = None
    serial_gaps: Whole | None = None
    """Missing serials, those of sync markers among them."""
    received_records: Whole | None = None
    duplicate_records: Whole | None = None
    late_records: Whole | None = None
    after_marker_events: Whole | None = None
    """Of those received, the ones that began after the sync marker that closed the trial."""
    socket_drops: Whole | None = None
    enobufs: Whole | None = None
    waited_ms: Milliseconds | None = None
    attribution: str = "session"
    """`session`, `process-tree`, or `none` when events cannot be told from those of others."""


class Moment(NamedTuple):
    """The way from the kernel to the consumer at one moment of a trial; stored as a list."""

    t_ms: Whole
    """Since the load began."""
    backlog: Whole
    """Records in the kernel's queue."""
    lost: Whole
    """The kernel's `lost` since the load began."""
    unread_bytes: Whole | None = None
    """What waits in the consumer's sockets; None where none is known to be its own."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one trial measured, with everything needed to redo the analysis.

    `metrics` are the numbers that are compared (their units stand in `harness.metrics.catalog`),
    the documents behind them are kept as the processes gave them.
    """

    index: Count
    workload: str
    scenario: str
    consumer: str
    block: Count
    position: Count
    seed: int
    ops: Count
    started_at: str
    """UTC, ISO 8601."""
    duration_ns: Count
    """From applying the scenario to the consumer's end."""
    metrics: dict[str, float]
    ledger: Ledger
    beside_ledger: Ledger | None = None
    """Of a second consumer that listened at the same time."""
    warm_up: bool = False
    interleaved: bool = True
    valid: bool = True
    invalid_reason: str = ""
    ladder: bool = False
    """A step of the rate ladder: it is about loss at a rate, and compared with nothing."""
    disturbed: bool = False
    """Above a limit of the plan; not valid, unless it was repeated as often as it may be."""
    workload_document: dict[str, Any] = field(default_factory=dict)
    consumer_document: dict[str, Any] | None = None
    status_before: dict[str, Any] | None = None
    status_after: dict[str, Any] | None = None
    backlog_high: Whole | None = None
    timeline: tuple[Moment, ...] = ()
    """From before the load until all that it made is through; empty where there is no kernel in
    the loop, and in runs made before it was kept."""
    machine: dict[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    schema: int = SAMPLE_SCHEMA

    @property
    def cell(self) -> Cell:
        """The cell this sample belongs to."""
        return Cell(self.workload, self.scenario, self.consumer)


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
    """The A/A cell: the reference against itself. What is smaller than this cannot be told."""

    workload: str
    consumer: str
    metric: str
    ratio: float
    ci_low: float
    ci_high: float
    blocks: int


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
class Standing:
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
class Caution:
    """Something the reader of a result must know, with what to do about it."""

    name: str
    what: str
    remedy: str = ""

    def one_line(self) -> str:
        """As it is printed."""
        return f"{self.what}: {self.remedy}" if self.remedy else self.what


@dataclass(frozen=True, slots=True)
class Result:
    """All that a run says: what reporters turn into bytes. `host` and `plan` are documents."""

    run: str
    host: dict[str, Any]
    plan: dict[str, Any]
    comparisons: tuple[Comparison, ...]
    ledgers: tuple[CellLedger, ...]
    noise_floor: tuple[NoiseFloor, ...]
    cautions: tuple[Caution, ...]
    trials: int
    invalid_trials: int
    complete: bool
    """False where the run was stopped before its last trial."""
    losses: tuple[LossComparison, ...] = ()
    standings: tuple[Standing, ...] = ()
    """Consumers in one scenario, the cheapest first; empty where there is but one."""
    sustained: tuple[Sustained, ...] = ()
    primary: str = "elapsed_ns_per_op"
    """The metric that the answer is about."""
    operation: str = "operation"
    """What one operation is called: a replay's are records."""
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
