"""The file of a service: what it may hold, checked as it is read. docs/services.md explains it."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from workloads.catalog import WORKLOADS, WorkloadInfo
from workloads.errors import WorkloadError
from workloads.services.catalog import SERVICES, service_path

MOST_BYTES = 256 << 10
"""Of a service's file, its configuration files among it."""
NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
PLACE = re.compile(r"\{([a-z_]+)\}")
PLACES = ("address", "port", "folder", "ops", "ops_per_client", "clients", "seconds")
"""What stands for something else in commands and files, in braces."""

Words = Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=200)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=600)]
Count = Annotated[int, msgspec.Meta(ge=1, le=10**9)]
Unit = Literal["s", "ms", "us", "ns"]
NS = {"s": 1e9, "ms": 1e6, "us": 1e3, "ns": 1.0}
"""Nanoseconds in each unit."""


class _Part(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A part of the file, in which nothing unknown may stand."""


class Program(_Part, frozen=True):
    """`[programs.NAME]`: the Debian package of a program, and where it is if not in the PATH."""

    package: str = ""
    folders: tuple[str, ...] = ()
    """Patterns of folders, searched first; the last by name goes first."""


class Server(_Part, frozen=True):
    """`[server]`: how it starts, in the foreground, and how it is known to be ready.

    It is ready when `{address}:{port}` accepts a connection, or, where they are given, when
    `ready_command` exits with 0 or `ready_output` is found in what it wrote.
    """

    command: Words
    ready_command: tuple[str, ...] = ()
    ready_output: str = ""
    timeout_s: Seconds = 20.0


class Client(_Part, frozen=True):
    """`[client]`: what drives it. One that runs for a time does `per_second` by assumption."""

    command: Words
    clients: Annotated[int, msgspec.Meta(ge=1, le=1024)] = 1
    per_second: Annotated[float, msgspec.Meta(gt=0, le=1e9)] | None = None
    timeout_s: Seconds = 300.0


class Output(_Part, frozen=True):
    """`[output]`: where throughput and latency stand in what the client writes.

    Regular expressions with one group, a number; the first place counts. `unit` is that of the
    percentiles. Without `ops` the client did as many as were asked for; without `elapsed` and
    `per_second` the time is that of the client's process. `samples` is one operation's time, read
    from every line of `samples_file` (a pattern in the folder), or of the output.
    """

    ops: str = ""
    elapsed: str = ""
    per_second: str = ""
    failures: str = ""
    """Added up over all places."""
    p50: str = ""
    p99: str = ""
    p999: str = ""
    samples: str = ""
    samples_file: str = ""
    unit: Unit = "ms"
    elapsed_unit: Unit = "s"

    def patterns(self) -> dict[str, str]:
        """The regular expressions that are given, by key."""
        names = (*self.__struct_fields__[:8],)
        return {name: getattr(self, name) for name in names if getattr(self, name)}


class ServiceFile(_Part, frozen=True):
    """A whole file."""

    summary: str
    operation: str
    client: Client
    ops: Count = 10_000
    fast_ops: Count | None = None
    noisy: str = "connect"
    """The call that makes the most events under usual rules."""
    user: tuple[str, ...] = ()
    """Accounts to run as where root may choose; the first that there is."""
    programs: dict[str, Program] = {}
    files: dict[str, str] = {}
    """Content by path in the folder."""
    setup: tuple[Words, ...] = ()
    """Commands before the server starts, in the folder."""
    server: Server | None = None
    output: Output = Output()

    def commands(self) -> list[tuple[str, ...]]:
        """Every command that it may start."""
        found = [*self.setup, self.client.command]
        if self.server is not None:
            found += [self.server.command, self.server.ready_command]
        return [words for words in found if words]


@dataclass(frozen=True, slots=True)
class Service:
    """A service by its name, with what its file says, and the file's own text."""

    name: str
    path: str
    text: str
    file: ServiceFile

    @property
    def digest(self) -> str:
        """By which a change of the file is noticed."""
        return digest_of(self.text)

    @property
    def info(self) -> WorkloadInfo:
        """It as a workload of the catalog."""
        return replace(
            WORKLOADS["service"],
            name=self.name,
            summary=self.file.summary,
            operation=self.file.operation,
            default_ops=self.file.ops,
            fast_ops=self.file.fast_ops or self.file.ops,
            noisy=self.file.noisy,
        )


def digest_of(text: str) -> str:
    """The SHA-256 of a file's text."""
    return hashlib.sha256(text.encode()).hexdigest()


def read_service(word: str) -> Service:
    """The service of a name or path; WorkloadError if there is none, or the file is wrong."""
    path = service_path(word)
    if path is None:
        raise WorkloadError(
            f"there is no service {word!r}: choose {', '.join(SERVICES)}, or name a .toml file"
        )
    return service_of(path, _read(path))


def service_of(path: Path, text: str) -> Service:
    """The service in a file's text; its name is the file's without `.toml`."""
    name = path.name.removesuffix(".toml")
    if NAME.fullmatch(name) is None:
        raise WorkloadError(
            f"{path}: {name!r} cannot name a service: rename the file (a letter, then small "
            "letters, digits, - and _)"
        )
    try:
        found = msgspec.toml.decode(text, type=ServiceFile)
    except msgspec.DecodeError as error:
        raise WorkloadError(f"{path}: {_one_line(str(error))}: correct the file") from None
    except RecursionError:
        raise WorkloadError(f"{path}: it is nested too deep: correct the file") from None
    _check(path, found)
    return Service(name, str(path), text, found)


def _read(path: Path) -> str:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise WorkloadError(f"{path} is not a file: name a service's .toml file")
            data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise WorkloadError(f"{path} is larger than {MOST_BYTES >> 10} KiB: shorten it")
        return data.decode()
    except OSError as error:
        raise WorkloadError(f"{path} cannot be read ({error.strerror}): correct it") from None
    except UnicodeDecodeError:
        raise WorkloadError(f"{path} is not UTF-8 text: correct the file") from None


def _check(path: Path, file: ServiceFile) -> None:
    """Raise WorkloadError for what the types do not see."""
    words = [word for command in file.commands() for word in command]
    for name in file.files:
        if not _is_inside(name):
            raise WorkloadError(f"{path}: the file {name!r} is not in the folder: correct its path")
    if any("\0" in word for word in words):
        raise WorkloadError(f"{path}: a command holds a null character: take it out")
    if any("\0" in name for name in file.user):
        raise WorkloadError(f"{path}: an account's name holds a null character: take it out")
    unknown = {found for word in words for found in PLACE.findall(word)} - {*PLACES}
    if unknown:
        raise WorkloadError(
            f"{path}: {{{min(unknown)}}} stands for nothing: there are "
            + ", ".join(f"{{{name}}}" for name in PLACES)
        )
    filled = (*words, *file.files.values())
    if any("{seconds}" in text for text in filled) and file.client.per_second is None:
        raise WorkloadError(
            f"{path}: {{seconds}} needs per_second in [client], the operations that it is "
            "planned for: add it"
        )
    if file.server is not None and file.server.ready_output:
        _compiled(path, "ready_output", file.server.ready_output)
    _check_output(path, file.output)


def _check_output(path: Path, output: Output) -> None:
    for key, pattern in output.patterns().items():
        if _compiled(path, key, pattern).groups != 1:
            raise WorkloadError(
                f"{path}: {key} in [output] needs one group, the number: put it in ( )"
            )
    if output.samples_file and not output.samples:
        raise WorkloadError(
            f"{path}: samples_file in [output] needs samples, where the time stands: add it"
        )
    if output.samples_file and not _is_inside(output.samples_file):
        raise WorkloadError(
            f"{path}: samples_file {output.samples_file!r} is not in the folder: correct its path"
        )


def _is_inside(name: str) -> bool:
    """Whether a path, or a pattern of paths, stays in the folder of the data."""
    parts = Path(name).parts
    return bool(parts) and not name.startswith("/") and ".." not in parts and "\0" not in name


def _compiled(path: Path, key: str, pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise WorkloadError(
            f"{path}: {key} is no regular expression ({error}): correct it"
        ) from None


def _one_line(text: str) -> str:
    return " ".join(text.split())
