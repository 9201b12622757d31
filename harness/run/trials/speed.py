"""The machine's speed in each trial, and what counts as its full speed.

The worker times a fixed piece of work just before and just after its load. On a virtual machine
whose neighbour keeps the other thread of the core busy, that takes up to twice as long, and so
does a system call, while no counter of the guest shows it. So each trial first waits a little
for full speed, whatever its cell. Its measurements never influence that.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.model.stored.documents import WorkerDocument

MIN_PROBES = 8
"""The probes needed before full speed is known."""
AT_WORK_NS = 1_000_000
"""A consumer that has all events so soon after the load's end was not at work any more."""
PROBES_KEPT = 80
"""The newest probes that count, so that a permanently slower machine does not delay the rest."""


@dataclass(slots=True)
class Speed:
    """The probes of a run, in ns: small is fast."""

    probes_ns: list[int] = field(default_factory=list)

    def full_ns(self) -> int | None:
        """The probe's time at full speed: the lower quartile of all, so that the rare best of a
        machine that changes its frequency does not count; None while it is unknown.
        """
        if len(self.probes_ns) < MIN_PROBES:
            return None
        return sorted(self.probes_ns)[len(self.probes_ns) // 4]

    def take(self, workload: WorkerDocument, *, through_ns: int = 0) -> float | None:
        """Learn from a trial; by how many percent it was slower than full speed, if known.

        `through_ns` is when the consumer had all events, on the clock of the load's end: where it
        was still at work, the probe after the load was slowed by what is measured, by no neighbour.
        """
        details = workload.details
        at_work = 0 < workload.loop_end_ns < through_ns - AT_WORK_NS
        last_ns = None if at_work else details.probe_after_ns
        probes = [ns for ns in (details.probe_before_ns, last_ns) if ns]
        self.probes_ns = [*self.probes_ns, *probes][-PROBES_KEPT:]
        full_ns = self.full_ns()
        if not probes or full_ns is None:
            return None
        return 100 * max(max(probes) / full_ns - 1, 0.0)
