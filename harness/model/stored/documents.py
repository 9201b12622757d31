"""What workers and consumers answer with, as far as a trial reads it; they are kept whole."""

from __future__ import annotations

import msgspec


class WorkerReady(msgspec.Struct, frozen=True):
    """A worker that has made its session and waits for the start."""

    session: int | None
    """The audit session that its events bear; None where it could not get one of its own."""
    acting_pids: tuple[int, ...] = ()


class WorkerLatency(msgspec.Struct, frozen=True):
    """Percentiles of single operations; None where they were not timed."""

    p50_ns: int | None = None
    p99_ns: int | None = None
    p999_ns: int | None = None


class WorkerDetails(msgspec.Struct, frozen=True):
    """What only some workloads say."""

    program: str = ""
    """What it executes, where it executes one."""
    exit_statuses: dict[str, int] = {}
    """How often it ended with each exit status but 0; minus the signal's number where by one."""
    spun_ns: int = 0
    """Its user time between its operations at a fixed rate, burnt until the next was due."""
    longest_start_ns: int = 0
    longest_end_ns: int = 0
    """The operation that took longest at a fixed rate, from its intended start."""
    stopped: bool = False
    """Whether it was told to stop before its last operation."""
    probe_before_ns: int = 0
    probe_after_ns: int = 0
    """How long the probe of the CPU's speed took; 0 where there was none."""


class WorkerDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The result of all workers of a trial; counts and times are of all together."""

    ops: int
    elapsed_ns: int
    loop_start_ns: int = 0
    loop_end_ns: int = 0
    """When the first operation began and the last ended, by the monotonic clock."""
    cpu_user_ns: int
    cpu_system_ns: int
    cpu_children_user_ns: int
    cpu_children_system_ns: int
    involuntary_switches: int
    failures: int
    errors: dict[str, int]
    """By name, as EPERM."""
    latency: WorkerLatency
    yields: dict[str, float]
    """Calls per operation by name of the syscall, 0 for those that certainly never happen."""
    exe: str
    auid: int
    session: int | None
    session_reason: str | None
    details: WorkerDetails

    @property
    def user_ns(self) -> int:
        """CPU time in user mode, that of ended children included."""
        return self.cpu_user_ns + self.cpu_children_user_ns

    @property
    def system_ns(self) -> int:
        """The same in the kernel."""
        return self.cpu_system_ns + self.cpu_children_system_ns


class EventCounts(msgspec.Struct, frozen=True):
    """All events that a consumer put together."""

    complete: int
    partial: int
    duplicate_records: int
    late_records: int

    @property
    def all(self) -> int:
        """How many there were, whole or not."""
        return self.complete + self.partial


class CallCounts(msgspec.Struct, frozen=True):
    """The events of one syscall in a group."""

    complete: int
    partial: int
    records: int


class GroupCounts(msgspec.Struct, frozen=True, kw_only=True):
    """The events of one audit session, or of one process tree."""

    events: int = 0
    records: int = 0
    missing_records: int = 0
    after_marker: int = 0
    by_syscall: dict[str, CallCounts] = {}


class SerialCounts(msgspec.Struct, frozen=True):
    gaps: int
    """Serials that are missing between the first and the last."""


class AnchorCounts(msgspec.Struct, frozen=True):
    records: int
    """Of the start marker's event."""


class OwnCount(msgspec.Struct, frozen=True):
    """What a consumer counted itself, where it keeps no serials that could be judged."""

    events: int | None = None


class Beside(msgspec.Struct, frozen=True):
    """A second consumer that listened at the same time."""

    name: str = ""
    document: ConsumerDocument | None = None


class ConsumerDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What a consumer received. `events` and what belongs to them are None at depths without."""

    mode: str = ""
    """`unicast`, `multicast`, `fd`, or that of a foreign consumer."""
    records: int = 0
    truncated: int = 0
    malformed: int = 0
    socket_drops: int | None = None
    enobufs: int | None = None
    markers: tuple[int, ...] | None = None
    """The sync markers that came, by number; None where it cannot tell."""
    events: EventCounts | None = None
    serials: SerialCounts | None = None
    sessions: dict[str, GroupCounts] | None = None
    tree: GroupCounts | None = None
    anchor: AnchorCounts | None = None
    judged: bool = False
    """Whether it was told from its output, where it may have lost what it received."""
    own_count: OwnCount | None = None
    beside: Beside | None = None
    elapsed_ns: int = 0
    cpu_user_ns: int = 0
    cpu_system_ns: int = 0
    involuntary_switches: int | None = None

    @property
    def groups(self) -> dict[str, GroupCounts]:
        """Its events by audit session; none at depths without."""
        return self.sessions or {}

    @property
    def closing_markers(self) -> frozenset[int]:
        """Those after the load; the start marker has number 0."""
        return frozenset(number for number in self.markers or () if number > 0)

    @property
    def stopped_reading(self) -> bool:
        """Whether a listener's socket was full and nothing at the end came: not even a marker."""
        lost_some = self.mode == "multicast" and bool(self.socket_drops)
        ended = self.markers is None or bool(self.closing_markers)
        return self.judged and lost_some and not ended

    @property
    def anchor_records(self) -> int:
        """The records of the start marker's event, where they are counted apart."""
        return 0 if self.anchor is None else self.anchor.records

    def of_session(self, session: int | None) -> GroupCounts:
        """The events of a session, or of the process tree for None."""
        found = self.tree if session is None else self.groups.get(str(session))
        return found or GroupCounts()
