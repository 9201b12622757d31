"""A program of the user's own as a consumer: started by its command, judged by what it writes.

It is ready when the kernel names it, or a process that it started, as the audit daemon, or when one
of them listens by multicast; it is ended by SIGTERM. Whatever it did to the kernel's audit is
undone.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.consumers.base import ConsumerAbsentError, ConsumerSetup, Found
from harness.consumers.foreign.buffered import BufferedRunning
from harness.consumers.foreign.external import ExternalProcess
from harness.consumers.foreign.given_output import Form
from harness.consumers.foreign.mapping import LineMapping
from harness.consumers.foreign.ready import await_receiving
from harness.consumers.foreign.running import Mode
from harness.consumers.own.output import OwnOutput
from harness.files.reading import is_file, open_to_read
from harness.processes.line_process import ChildFailedError

STDOUT = "-"
"""For the output: what the program prints."""
FOLDER, PROGRAM = "{folder}", "{program}"
"""In a command: the private folder of the trial, in which the program is started; the program."""
PIECE_BYTES = 1 << 20
HELD_BACK_S = 4.0
"""How long the last event of a trial may take to be written; some are held back for two seconds."""
REMEDY = "name the program with its path, in --consumer-command './mine --config x'"


@dataclass(frozen=True, slots=True)
class OwnCommand:
    """How a program is started, and what it writes. `words` begin with the program, or have it as
    `{program}`; `output` is relative to the private folder, or `-`.
    """

    words: tuple[str, ...]
    output: str = STDOUT
    form: Form | None = None
    mapping: LineMapping | None = None

    def started_as(self, program: Path, folder: Path) -> list[str]:
        """The command of one trial."""
        words = list(self.words)
        if not any(PROGRAM in word for word in words):
            words[0] = str(program)
        swapped = (word.replace(PROGRAM, str(program)) for word in words)
        return [from_here(word.replace(FOLDER, str(folder)), self.output) for word in swapped]

    def output_in(self, folder: Path) -> Path:
        """The file to read."""
        name = "output" if self.output == STDOUT else self.output.replace(FOLDER, str(folder))
        return folder / name


def from_here(word: str, output: str) -> str:
    """A word that is a file of the caller's working directory, with its whole path: the program is
    started elsewhere. `--config=x` likewise.
    """
    option, equals, value = word.rpartition("=") if word.startswith("-") else ("", "", word)
    if not value or os.path.isabs(value) or value == output or "\0" in value:  # noqa: PTH117
        return word
    return f"{option}{equals}{Path(value).absolute()}" if is_file(Path(value)) else word


class _Running(BufferedRunning):
    patience_s = HELD_BACK_S

    def __init__(
        self, process: ExternalProcess, setup: ConsumerSetup, output: OwnOutput, mode: Mode
    ) -> None:
        super().__init__(process, setup, output, mode=mode)
        self._output = output

    def event_files(self) -> list[Path]:
        return [self._output.path]

    def document(self) -> dict[str, Any]:
        document = self.judged(lambda: self._output.records(self.setup.marker))
        if self._last_marker is not None and not self._output.lines:
            raise ChildFailedError(self._nothing_read())
        return document | {"own_count": {"lines_not_understood": self._output.damaged}}

    def _nothing_read(self) -> str:
        path, name = self._output.path, self.process.name
        if not path.exists():
            return f"{name} wrote no {path.name}: --consumer-output names the file it writes"
        if self._output.damaged:
            return (
                f"no line that {name} wrote to {path.name} is an audit record: --consumer-form and "
                "--consumer-mapping say how to read it"
            )
        return f"{name} wrote nothing to {path.name}"


class OwnConsumer:
    """A program of the user's own, under a name of the run."""

    sees_events = True
    registers = True
    by_tree = False
    changes = "not known for a program of your own"

    def __init__(self, name: str, command: OwnCommand, program: Path | None = None) -> None:
        """`program` goes in the place of the one that the command names."""
        self.name, self.command = name, command
        self.summary = f"a program of your own: {' '.join(command.words)}"
        self._program = program

    def find(self, binary: Path | None) -> Found:
        """Find its program. It is not asked for its version, as nobody knows how: the version is
        the beginning of its SHA-256.
        """
        program = find_program(self.command, binary or self._program)
        return Found(program, f"sha256 {_digest(program)[:16]}")

    def start(self, setup: ConsumerSetup) -> _Running:
        """Start it, and wait until it receives."""
        assert setup.folder is not None
        folder = setup.folder.resolve()
        command, path = self.command, self.command.output_in(folder)
        program = find_program(command, setup.binary or self._program)
        output = OwnOutput(path, command.form, command.mapping)
        process = ExternalProcess(
            self.name,
            command.started_as(program, folder),
            folder,
            cpus=setup.cpus,
            stdout=path if command.output == STDOUT else None,
        )
        try:
            mode = await_receiving(process)
            return _Running(process, setup, output, mode)
        except BaseException as error:
            process.end()
            if isinstance(error, ChildFailedError) and process.code == 0:
                raise ChildFailedError(
                    f"{error.what}: it must stay in the foreground and receive audit records"
                ) from None
            raise


def find_program(command: OwnCommand, program: Path | None) -> Path:
    """The program, which is the first word of the command where none is given in its place.

    Raises ConsumerAbsentError.
    """
    word = command.words[0]
    if program is None and "/" not in word:
        found = shutil.which(word)
        if found is None:
            raise ConsumerAbsentError(f"{word} is not on this host", remedy=REMEDY)
        return Path(found).absolute()
    return _require(program or Path(word))


def _require(program: Path) -> Path:
    if not is_file(program) or not os.access(program, os.X_OK):
        raise ConsumerAbsentError(f"{program} is not a program", remedy=REMEDY)
    return program.absolute()


def _digest(program: Path) -> str:
    digest = hashlib.sha256()
    try:
        with os.fdopen(open_to_read(program, named=True), "rb") as file:
            while piece := file.read(PIECE_BYTES):
                digest.update(piece)
    except OSError:
        return "unreadable"
    return digest.hexdigest()


def named_after(words: Sequence[str]) -> str:
    """What a program is called if nobody says: as its file."""
    return Path(words[0]).name
