"""No consumer at all: the kernel handles records as it does when nobody listens."""

from __future__ import annotations

from pathlib import Path

from harness.consumers.base import ConsumerReport, ConsumerSetup


class _Nobody:
    pids: tuple[int, ...] = ()

    def attribute_tree(self, pid: int) -> None:
        """Do nothing: nothing is counted."""

    def look(self) -> None:
        """Do nothing: there is no output."""

    def wait_marker(self, number: int, timeout_s: float) -> bool:
        return True

    def stop(self) -> ConsumerReport:
        return ConsumerReport(cpu_user_ns=0, cpu_system_ns=0)

    def end(self) -> None:
        """Do nothing: nothing runs."""


class NoConsumer:
    """The adapter for running without a consumer."""

    name = "none"
    summary = "no consumer listens"
    sees_events = False
    registers = False
    changes = ""
    by_tree = False

    def find(self, binary: Path | None) -> None:
        """Return None: there is no program."""

    def start(self, setup: ConsumerSetup) -> _Nobody:
        """Start nothing."""
        return _Nobody()
