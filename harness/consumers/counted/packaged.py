"""A daemon from packages, as a consumer of a counted run."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from harness.consumers.base import ConsumerSetup, Found, RunningConsumer
from harness.consumers.counted.adapters import ADAPTERS, PROGRAMS
from harness.errors import UsageError
from harness.guest.daemons.entries import programs_folder
from harness.guest.daemons.gather import Gathered, gather
from harness.guest.daemons.source import Sources, require_package


class PackagedConsumer:
    """The consumer `adapter` from packages, for guests only; `name` is what a run calls it."""

    sees_events = True
    registers = True
    changes = ""
    by_tree = False

    def __init__(self, name: str, adapter: str, packages: Sequence[str], number: int) -> None:
        """`packages` are named as `--consumer-package` does; `number` tells it in a guest."""
        self.name, self.adapter, self.number = name, adapter, number
        self.summary = f"{ADAPTERS[adapter].summary}, from packages"
        self._packages = packages

    @cached_property
    def gathered(self) -> Gathered:
        """Its programs and all that they load; UsageError where something cannot be had."""
        return gather(self._packages, PROGRAMS[self.adapter], Sources())

    def require_files(self) -> None:
        """UsageError for a package that is none, or a file of one that cannot be read."""
        for word in self._packages:
            require_package(word)

    @property
    def program(self) -> str:
        """The file that starts it in a guest."""
        return f"{programs_folder(self.number)}/{PROGRAMS[self.adapter][0]}"

    def find(self, _: Path | None) -> Found:
        """Its package, with the versions of all that it starts."""
        packages = {p.package.name: p.package for p in self.gathered.programs.values()}
        first = next(iter(packages.values()))
        versions = " with ".join(
            each.version if each is first else f"{each.name} {each.version}"
            for each in packages.values()
        )
        return Found(Path(first.source), versions)

    def start(self, _: ConsumerSetup) -> RunningConsumer:
        """Raise UsageError: a package is unpacked for a guest alone."""
        raise UsageError(
            f"{self.name} is started in guests only", remedy="count it: auditbench count"
        )
