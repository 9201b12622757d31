"""The consumer's memory, CPU per event and delay while a long load runs, in windows of time."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from harness.consumers.base import ConsumerReport
from harness.host.process_cpu import ProcessCpu, read_process_cpu
from harness.host.tree import HostTree
from harness.model.run import SoakMoment

WINDOWS = 60
MOST_LOOKS = 1200
FIRST_PERIOD_S = 0.2


@dataclass(slots=True)
class Growth:
    """Looks at the consumer's processes about every `period_s`; call `look` at least as often.

    However long it lasts, MOST_LOOKS are kept: then every other one goes, and it looks half as
    often.
    """

    pids: Sequence[int]
    period_s: float = FIRST_PERIOD_S
    tree: HostTree = field(default_factory=HostTree)
    looks: list[tuple[int, int, int]] = field(default_factory=list)
    """When, in ns of the monotonic clock; resident bytes and CPU time in ns so far, together."""

    def look(self) -> None:
        """Read memory and CPU if it is time; a moment at which a process is missing is left out."""
        now_ns = time.monotonic_ns()
        if self.looks and now_ns - self.looks[-1][0] < self.period_s * 1e9:
            return
        read = [read_process_cpu(pid, self.tree) for pid in self.pids]
        found = [each for each in read if each is not None]
        if found and len(found) == len(read):
            rss = sum(each.rss_bytes for each in found)
            self.looks.append((now_ns, rss, sum(map(_cpu_ns, found))))
        if len(self.looks) > MOST_LOOKS:
            self.looks, self.period_s = self.looks[::2], 2 * self.period_s

    def moments(
        self, start_ns: int, end_ns: int, events: int | None, report: ConsumerReport
    ) -> tuple[SoakMoment, ...]:
        """The windows of a load that ran from start to end and made so many events evenly."""
        return tuple(self._windows(start_ns, end_ns, events, report))

    def _windows(
        self, start_ns: int, end_ns: int, events: int | None, report: ConsumerReport
    ) -> Iterator[SoakMoment]:
        span = max(end_ns - start_ns, 1)
        delays = list(zip(report.delays_at_ns, report.delays_ms, strict=True))
        before: list[tuple[int, int, int]] = []
        for window in range(WINDOWS):
            low = start_ns + span * window // WINDOWS
            high = start_ns + span * (window + 1) // WINDOWS
            looks = [look for look in self.looks if low <= look[0] < high]
            within = [ms for at_ns, ms in delays if low <= at_ns < high]
            if not looks and not within:
                continue
            since = [*before, *looks]
            before = looks[-1:] or before
            yield SoakMoment(
                t_ms=((low + high) // 2 - start_ns) // 1_000_000,
                memory_bytes=round(statistics.fmean(rss for _, rss, _ in looks)) if looks else None,
                cpu_ns_per_event=_per_event(since, events, span),
                delay_ms=statistics.median(within) if within else None,
            )


def _per_event(
    looks: Sequence[tuple[int, int, int]], events: int | None, span: int
) -> float | None:
    """CPU time per event between the last look before a window and its last."""
    if len(looks) < 2 or not events:
        return None
    (first_ns, _, first_cpu), (last_ns, _, last_cpu) = looks[0], looks[-1]
    return (last_cpu - first_cpu) * span / ((last_ns - first_ns) * events)


def _cpu_ns(cpu: ProcessCpu) -> int:
    return cpu.user_ns + cpu.system_ns if cpu.run_ns is None else cpu.run_ns
