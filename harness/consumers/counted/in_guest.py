"""What guests alone start: a consumer of a counted run that is not auditbench's own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

from harness.consumers.base import ConsumerSetup, Found, RunningConsumer
from harness.errors import UsageError
from harness.guest.daemons.entries import programs_folder
from harness.guest.daemons.gather import Gathered
from harness.guest.order import GuestDaemon


class GuestConsumer(ABC):
    """A consumer that is put into guests; `name` is what a run calls it, `number` guests."""

    sees_events = True
    registers = True
    changes = ""
    by_tree = False
    summary: str

    def __init__(self, name: str, number: int) -> None:
        self.name, self.number = name, number

    @property
    @abstractmethod
    def program_name(self) -> str:
        """What the program that is started is called in a guest."""

    @property
    @abstractmethod
    def gathered(self) -> Gathered:
        """Its programs and all that they load; UsageError where something cannot be had."""

    @abstractmethod
    def require_files(self) -> None:
        """UsageError for what is named and cannot be given to a guest; nothing is fetched."""

    @abstractmethod
    def daemon(self, excluded_types: tuple[int, ...], receive_buffer_bytes: int) -> GuestDaemon:
        """What a guest is told of it in a trial."""

    @property
    def program(self) -> str:
        """The file that starts it in a guest."""
        return f"{programs_folder(self.number)}/{self.program_name}"

    def find(self, _: Path | None) -> Found:
        """What it comes from, with the versions of all that it starts."""
        packages = {p.package.name: p.package for p in self.gathered.programs.values()}
        first = next(iter(packages.values()))
        versions = " with ".join(
            each.version if each is first else f"{each.name} {each.version}"
            for each in packages.values()
        )
        return Found(Path(first.source), versions)

    def start(self, _: ConsumerSetup) -> RunningConsumer:
        """Raise UsageError: nothing of it is started on this host."""
        raise UsageError(
            f"{self.name} is started in guests only", remedy="count it: auditbench count"
        )
