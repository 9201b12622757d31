"""What a run is made of: Scenario, Cell, Trial, and the Sample that a trial leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from harness.model.numbers import Count, Milliseconds, Whole
from harness.model.state import AuditState

SAMPLE_SCHEMA = 1

"""Version of one line in `samples.jsonl`; grows when a field changes its meaning."""

AA = "-aa"

"""Suffix of the A/A cell: the reference scenario measured a second time in every block."""

EXCLUDE_EXE = "+exclude-exe"
EXCLUDE_CALL = "+exclude-call"
"""Suffixes of scenarios with an exclusion in front of the rules: of all calls, of the noisy one."""


def rules_without(scenario: str) -> str | None:
    """The scenario of the same rules without the exclusion; None for one that has none."""
    for suffix in (EXCLUDE_EXE, EXCLUDE_CALL):
        if scenario.endswith(suffix) and scenario != suffix:
            return scenario.removesuffix(suffix)
    return None


@dataclass(frozen=True, slots=True)
class Scenario(AuditState):
    """A wanted audit state, bound to one workload; with `enabled` None it must not be touched.

    `rule_text` are its rules as a person reads them.
    """

    name: str
    summary: str
    rule_text: tuple[str, ...] = ()
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
    workers: int | None = None
    """Processes that share the operations, in this cell only."""
    reference: str = ""
    """The scenario that it is compared with; empty for the reference of the whole plan."""
    notes: tuple[str, ...] = ()
    """What is known to be odd about its rules, each with its remedy."""
    larger_backlog_of: str = ""
    """The scenario that it is but for a larger backlog, added by a run in which that one waited."""
    file: str = ""
    """The rule file of the user's that it is made of; empty for built-in rules."""
    alone: bool = False
    """Whether the victim is measured in it without the noisy load."""
    limited_by_plan: bool = False
    """Whether a cell of the plan sets its limits, which are what is measured there."""


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

    @property
    def may_be_of_others(self) -> bool:
        """Whether events of other processes that were lost can be what it does not close by.

        They are too many among those that the load seems to have lost; none that did not get lost.
        """
        too_many = -(self.unexplained or 0)
        seem_lost = (self.refused or 0) + (self.vanished or 0) + (self.unnamed_events or 0)
        return 0 < too_many <= seem_lost

    @property
    def waited_ms_of_load(self) -> float | None:
        """What the load can have waited of `waited_ms`: without an event nothing had to wait."""
        return 0.0 if self.waited_ms and self._is_without_events else self.waited_ms

    @property
    def _is_without_events(self) -> bool:
        if self.generated is not None:
            return self.generated == (self.suppressed or 0)
        return self.complete == self.partial == self.lost == 0


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


class SoakMoment(NamedTuple):
    """The consumer in one window of a long trial; stored as a list. None is what is not known."""

    t_ms: Whole
    """The middle of the window, since the load began."""
    memory_bytes: Whole | None
    cpu_ns_per_event: float | None
    delay_ms: Milliseconds | None


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
    victim_document: dict[str, Any] | None = None
    """Of the innocent load beside the noisy one; None where there was none."""
    status_before: dict[str, Any] | None = None
    status_after: dict[str, Any] | None = None
    backlog_high: Whole | None = None
    timeline: tuple[Moment, ...] = ()
    """From before the load until all that it made is through; empty where there is no kernel in
    the loop, and in runs made before it was kept."""
    soak: tuple[SoakMoment, ...] = ()
    """Of a soak: the consumer from beginning to end."""
    machine: dict[str, Any] = field(default_factory=dict)
    kernel: str = ""
    """Of a counted trial the name of its guest; empty for this host's own kernel."""
    warnings: tuple[str, ...] = ()
    schema: int = SAMPLE_SCHEMA

    @property
    def cell(self) -> Cell:
        """The cell this sample belongs to."""
        return Cell(self.workload, self.scenario, self.consumer)
