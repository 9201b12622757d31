"""One of several builds of a consumer: its adapter with another program, under another name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harness.consumers.base import Consumer, ConsumerSetup, Found, RunningConsumer


class BuildConsumer:
    """The consumer `of` with the program `program`; `name` is that of the build."""

    def __init__(self, name: str, of: Consumer, program: Path) -> None:
        self.name, self._of, self._program = name, of, program
        self.summary = f"{of.name} from {program}"
        self.sees_events, self.registers = of.sees_events, of.registers
        self.changes, self.by_tree = of.changes, of.by_tree

    def find(self, binary: Path | None) -> Found | None:
        """Find its program, with its version in its own words."""
        return self._of.find(binary or self._program)

    def start(self, setup: ConsumerSetup) -> RunningConsumer:
        """Start it as its adapter does."""
        return self._of.start(replace(setup, binary=setup.binary or self._program))
