"""A daemon from packages, as a consumer of a counted run."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from harness.consumers.counted.adapters import ADAPTERS, PROGRAMS
from harness.consumers.counted.in_guest import GuestConsumer
from harness.guest.daemons.gather import Gathered, gather
from harness.guest.daemons.source import Sources, require_package
from harness.guest.order import GuestDaemon


class PackagedConsumer(GuestConsumer):
    """The consumer `adapter` from packages; one may be the file of a program by itself."""

    def __init__(self, name: str, adapter: str, packages: Sequence[str], number: int) -> None:
        """`packages` are named as `--consumer-package` does."""
        super().__init__(name, number)
        self.adapter = adapter
        self.summary = f"{ADAPTERS[adapter].summary}, from packages"
        self._packages = packages

    @property
    def program_name(self) -> str:
        """The program that `--consumer-path` would name."""
        return PROGRAMS[self.adapter][0]

    @cached_property
    def gathered(self) -> Gathered:
        """Its programs and all that they load; UsageError where something cannot be had."""
        return gather(self._packages, PROGRAMS[self.adapter], Sources())

    def require_files(self) -> None:
        """UsageError for a package that is none, or a file of one that cannot be read."""
        for word in self._packages:
            require_package(word)

    def daemon(self, excluded_types: tuple[int, ...], receive_buffer_bytes: int) -> GuestDaemon:
        """What a guest is told of it in a trial."""
        return GuestDaemon(self.adapter, self.program, excluded_types, receive_buffer_bytes)
