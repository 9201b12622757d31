"""No consumer at all: records go where the kernel sends them when nobody listens."""

from __future__ import annotations

from pathlib import Path

from harness.consumers.base import ConsumerReport, ConsumerSetup


class _Nobody:
    pids: tuple[int, ...] = ()

    def attribute_tree(self, pid: int) -> None:
        """Nothing is counted."""

    def look(self) -> None:
        """There is no output."""

    def wait_marker(self, number: int, timeout_s: float) -> bool:
        return True

    def stop(self) -> ConsumerReport:
        return ConsumerReport(cpu_user_ns=0, cpu_system_ns=0)

    def end(self) -> None:
        """Nothing runs."""


class NoConsumer:
    """The adapter for an empty seat."""

    name = "none"
    summary = "no consumer listens"
    sees_events = False
    registers = False
    changes = ""
    by_tree = False

    def find(self, binary: Path | None) -> None:
        """There is no program."""

    def start(self, setup: ConsumerSetup) -> _Nobody:
        """Start nothing."""
        return _Nobody()
