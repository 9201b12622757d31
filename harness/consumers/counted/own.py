"""A program of the user's own, as a consumer of a counted run: with this host's libraries."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Final

from harness.consumers.counted.in_guest import GuestConsumer
from harness.consumers.own.command import PROGRAM, OwnCommand, find_program, from_here
from harness.errors import UsageError
from harness.files.caller import why
from harness.files.reading import is_file, read_bytes
from harness.guest.daemons.gather import Gathered, gather
from harness.guest.daemons.program_file import require_program
from harness.guest.daemons.source import Sources
from harness.guest.order import GuestCommand, GuestDaemon

_OF_THE_GUEST: Final = ("/auditbench/", "/dev/", "/proc/", "/sys/")
MOST_FILE_BYTES: Final = 64 << 20


class OwnInGuest(GuestConsumer):
    """A compiled program; the files that its command names are at the same place in a guest."""

    def __init__(self, name: str, command: OwnCommand, program: Path | None, number: int) -> None:
        """`program` goes in the place of the one that the command names."""
        super().__init__(name, number)
        self.summary = f"a program of your own: {' '.join(command.words)}"
        self._command, self._given = command, program

    @property
    def program_name(self) -> str:
        """Its file is called so here, too."""
        return self._program.name

    @cached_property
    def gathered(self) -> Gathered:
        """It, what it loads and what its command names; UsageError for what cannot be had."""
        # With its whole path: a name alone might be a package's.
        found = gather((str(self._program),), (self.program_name,), Sources())
        return replace(found, files={path: _content_of(path) for path in self._files()})

    def require_files(self) -> None:
        """UsageError for a program or a file that cannot be given to a guest."""
        require_program(self._program)
        for path in self._files():
            _content_of(path)

    def daemon(self, excluded_types: tuple[int, ...], receive_buffer_bytes: int) -> GuestDaemon:
        """What a guest is told of it in a trial."""
        own = self._command
        command = GuestCommand(
            self._words,
            own.output,
            own.form or "",
            own.mapping.written() if own.mapping else "",
        )
        return GuestDaemon(
            self.name, self.program, excluded_types, receive_buffer_bytes, command=command
        )

    @cached_property
    def _program(self) -> Path:
        return find_program(self._command, self._given)

    @property
    def _words(self) -> tuple[str, ...]:
        """The command, with whole paths of files."""
        return tuple(from_here(word, self._command.output) for word in self._command.words)

    def _files(self) -> Iterator[str]:
        """The files of this host that the command names beside the program, by absolute path."""
        words = self._words
        beside = words if any(PROGRAM in word for word in words) else words[1:]
        for word in beside:
            path = word.rpartition("=")[2] if word.startswith("-") else word
            if path.startswith("/") and not path.startswith(_OF_THE_GUEST) and is_file(Path(path)):
                yield os.path.normpath(path)


def _content_of(path: str) -> bytes:
    try:
        return read_bytes(Path(path), named=True, limit=MOST_FILE_BYTES)
    except (OSError, ValueError) as error:
        reason = why(error) if isinstance(error, OSError) else error
        raise UsageError(
            f"{path} cannot be given to a guest ({reason})",
            remedy="name a file that you may read in --consumer-command",
        ) from error
