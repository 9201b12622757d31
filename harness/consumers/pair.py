"""Two consumers at once: a registered one, and another that listens beside it by multicast."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from pathlib import Path

from harness.consumers.base import (
    Consumer,
    ConsumerReport,
    ConsumerSetup,
    Found,
    RunningConsumer,
)


class _Running:
    """Both, between their start and their end."""

    def __init__(self, first: RunningConsumer, second: RunningConsumer, beside: str) -> None:
        self._both = (first, second)
        self._beside = beside

    @property
    def pids(self) -> tuple[int, ...]:
        return tuple(pid for running in self._both for pid in running.pids)

    def attribute_tree(self, pid: int) -> None:
        for running in self._both:
            running.attribute_tree(pid)

    def look(self) -> None:
        for running in self._both:
            running.look()

    def wait_marker(self, number: int, timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        return all(
            running.wait_marker(number, max(deadline - time.monotonic(), 0))
            for running in self._both
        )

    def stop(self) -> ConsumerReport:
        first, second = (running.stop() for running in self._both)
        beside = {"name": self._beside, "document": second.document}
        return replace(
            first,
            cpu_user_ns=first.cpu_user_ns + second.cpu_user_ns,
            cpu_system_ns=first.cpu_system_ns + second.cpu_system_ns,
            document=None if first.document is None else {**first.document, "beside": beside},
            cpu_by_process={**first.cpu_by_process, **second.cpu_by_process},
            peak_memory_bytes=_sum(first.peak_memory_bytes, second.peak_memory_bytes),
            written_bytes=_sum(first.written_bytes, second.written_bytes),
        )

    def end(self) -> None:
        for running in self._both:
            running.end()


class PairConsumer:
    """Its report is the first's, with the second's document as `beside`; both are its cost."""

    by_tree = False

    def __init__(self, name: str, summary: str, *, first: Consumer, second: Consumer) -> None:
        self.name, self.summary = name, summary
        self._first, self._second = first, second
        self.sees_events = first.sees_events
        self.registers = first.registers or second.registers
        self.changes = "; ".join(filter(None, (first.changes, second.changes)))

    def find(self, binary: Path | None) -> Found | None:
        """Find the programs of both; `binary` is the first's. The version names both."""
        first, second = self._first.find(binary), self._second.find(None)
        if first is None or second is None:
            return first
        return Found(first.path, f"{first.version} with {second.version}")

    def start(self, setup: ConsumerSetup) -> _Running:
        """Start both; if one fails to start, neither runs."""
        with contextlib.ExitStack() as stack:
            first = self._first.start(setup)
            stack.callback(first.end)
            second = self._second.start(replace(setup, binary=None, capture=None))
            stack.pop_all()
        return _Running(first, second, self._second.name)


def _sum(*numbers: int | None) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None
