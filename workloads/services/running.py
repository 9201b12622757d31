"""A service in progress: its server started, ready and ended, its client run."""

from __future__ import annotations

import os
import pwd
import re
import resource
import select
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from glob import glob
from typing import IO

from workloads.errors import EXIT_HOST_UNFIT, EXIT_UNTRUSTWORTHY, WorkloadError
from workloads.services.file import PLACE, Service
from workloads.services.folder import DataFolder
from workloads.services.output import Measured, read_output
from workloads.services.processes import (
    CpuTime,
    cpu_time,
    is_loopback,
    listening_addresses,
    tree_of,
)

ADDRESS = "127.0.0.1"
STARTS = 3
"""How often a server is started that ends before it is ready: its port may have been taken."""
POLL_S = 0.02
STOP_POLL_MS = 100
MOST_OUTPUT_BYTES = 4 << 20
MOST_SAMPLE_BYTES = 256 << 20
_LAST_WORDS = 200
_PLAIN = {"LC_ALL": "C.UTF-8", "LANGUAGE": ""}
"""What a client writes is read by patterns, which know neither translations nor decimal commas."""


@dataclass(frozen=True, slots=True)
class ClientRun:
    """What a client did, and what it and the server used meanwhile."""

    measured: Measured
    start_ns: int
    end_ns: int
    client: CpuTime
    server: CpuTime
    voluntary_switches: int
    involuntary_switches: int


class RunningService:
    """One service, from its data to its end. All processes belong to the caller's group."""

    def __init__(
        self,
        service: Service,
        programs: Mapping[str, str],
        account: pwd.struct_passwd | None,
        folder: DataFolder,
        ops: int,
    ) -> None:
        self._service, self._programs, self._account = service, programs, account
        self._folder, self._ops = folder, ops
        self._port = free_port()
        self._server: subprocess.Popen[bytes] | None = None
        self.served: tuple[int, ...] = ()

    def set_up(self) -> None:
        """Write the files, run the commands of the set-up."""
        self._write_files()
        for words in self._service.file.setup:
            self._step(words)

    def start(self) -> None:
        """Start the server and wait until it is ready; WorkloadError if it does not come up."""
        server = self._service.file.server
        if server is None:
            return
        deadline = time.monotonic() + server.timeout_s
        for start in range(1, STARTS + 1):
            self._server = self._spawn(server.command, self._log())
            if self._is_ready(self._server, deadline):
                self._refuse_outside()
                return
            if start < STARTS:
                self._port = free_port()
                self._write_files()
        raise self._error("ended before it was ready", self._log_words())

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes of the server."""
        return () if self._server is None else tuple(tree_of(self._server.pid))

    def drive(self, is_stopped: Callable[[], bool]) -> ClientRun | None:
        """Run the client to its end; None if it was stopped before."""
        client = self._service.file.client
        with tempfile.TemporaryFile() as output:
            pids, before = self.pids, cpu_time(self.pids)
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            start_ns = time.monotonic_ns()
            process = self._spawn(client.command, output)
            status = _wait(process, time.monotonic() + client.timeout_s, is_stopped)
            end_ns = time.monotonic_ns()
            now = resource.getrusage(resource.RUSAGE_CHILDREN)
            if status is None:
                if is_stopped():
                    return None
                raise self._error(f"has a client that did not end in {client.timeout_s:g} s", "")
            server = cpu_time(dict.fromkeys((*pids, *self.pids))).since(before)
            text = _text_of(output)
        if self._server is not None and self._server.poll() is not None:
            raise self._error("ended while the client ran", self._log_words())
        if status:
            raise self._error(f"has a client that ended with {status}", text)
        measured = read_output(
            self._service.file.output,
            text,
            self._sample_lines(text),
            asked=self._ops,
            took_ns=end_ns - start_ns,
        )
        return ClientRun(
            measured,
            start_ns,
            end_ns,
            CpuTime(
                round((now.ru_utime - used.ru_utime) * 1e9),
                round((now.ru_stime - used.ru_stime) * 1e9),
            ),
            server,
            now.ru_nvcsw - used.ru_nvcsw,
            now.ru_nivcsw - used.ru_nivcsw,
        )

    def _write_files(self) -> None:
        files = self._service.file.files
        filled = {name: self._filled(text) for name, text in files.items()}
        try:
            self._folder.write(filled, self._account)
        except OSError as error:
            raise self._error(f"has files that cannot be written ({error.strerror})", "") from None

    def _filled(self, text: str) -> str:
        """The text with what stands for something else replaced; other braces stay."""
        client = self._service.file.client
        values = {
            "address": ADDRESS,
            "port": str(self._port),
            "folder": str(self._folder.path),
            "ops": str(self._ops),
            "clients": str(client.clients),
            "ops_per_client": str(max(self._ops // client.clients, 1)),
            "seconds": str(max(round(self._ops / (client.per_second or self._ops)), 1)),
        }
        return PLACE.sub(lambda found: values.get(found[1], found[0]), text)

    def _spawn(self, words: Sequence[str], output: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start a command of the file in the folder, as the account, its output to `output`."""
        filled = [self._programs.get(words[0]) or self._filled(words[0])]
        filled += [self._filled(word) for word in words[1:]]
        account = self._account
        home = {"HOME": str(self._folder.path), "TMPDIR": str(self._folder.path)}
        try:
            return subprocess.Popen(
                filled,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self._folder.path,
                # It keeps the mark by which a run's processes are found when the harness dies.
                env={**os.environ, **_PLAIN, **home},
                user=None if account is None else account.pw_uid,
                group=None if account is None else account.pw_gid,
                extra_groups=None if account is None else (),
            )
        except OSError as error:
            raise self._error(f"cannot start {filled[0]} ({error.strerror})", "") from None

    def _step(self, words: Sequence[str]) -> None:
        client = self._service.file.client
        with tempfile.TemporaryFile() as output:
            process = self._spawn(words, output)
            status = _wait(process, time.monotonic() + client.timeout_s, lambda: False)
            if status is None:
                raise self._error(f"did not finish {words[0]} in {client.timeout_s:g} s", "")
            if status:
                raise self._error(f"ended {words[0]} with {status}", _text_of(output))

    def _log(self) -> IO[bytes]:
        return os.fdopen(self._folder.open_log(os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb")

    def _log_words(self) -> str:
        with os.fdopen(self._folder.open_log(os.O_RDONLY), "rb") as log:
            log.seek(max(os.fstat(log.fileno()).st_size - MOST_OUTPUT_BYTES, 0))
            return log.read(MOST_OUTPUT_BYTES).decode(errors="replace")

    def _is_ready(self, server: subprocess.Popen[bytes], deadline: float) -> bool:
        """Wait until the server is ready; False if it ended, WorkloadError if it takes too long."""
        while time.monotonic() < deadline:
            if server.poll() is not None:
                return False
            if self._answers():
                return server.poll() is None
            time.sleep(POLL_S)
        raise self._error("was not ready in time", self._log_words())

    def _answers(self) -> bool:
        server = self._service.file.server
        assert server is not None
        if server.ready_output:
            return re.search(server.ready_output, self._log_words()) is not None
        if server.ready_command:
            with tempfile.TemporaryFile() as output:
                process = self._spawn(server.ready_command, output)
                return _wait(process, time.monotonic() + server.timeout_s, lambda: False) == 0
        with socket.socket() as asker:
            return asker.connect_ex((ADDRESS, self._port)) == 0

    def _refuse_outside(self) -> None:
        for address, port in listening_addresses(self.pids):
            if not is_loopback(address):
                raise self._error(
                    f"listens on {address} port {port}, which others can reach: have it listen on "
                    "{address} only",
                    "",
                )

    def _sample_lines(self, text: str) -> Iterator[str]:
        pattern = self._service.file.output.samples_file
        if not pattern:
            yield from text.splitlines()
            return
        # pathlib refuses some patterns.
        for name in sorted(glob(pattern, root_dir=self._folder.path)):  # noqa: PTH207
            yield from self._lines_of(name)

    def _lines_of(self, name: str) -> Iterator[str]:
        try:
            handle = self._folder.open_to_read(name)
        except OSError:
            return
        with os.fdopen(handle, "rb") as file:
            yield from file.read(MOST_SAMPLE_BYTES).decode(errors="replace").splitlines()

    def _error(self, what: str, said: str) -> WorkloadError:
        words = " ".join(said.split())[-_LAST_WORDS:]
        return WorkloadError(
            f"the service {self._service.name} {what}{f'; it wrote: {words}' if words else ''}",
            exit_code=EXIT_UNTRUSTWORTHY,
        )


def free_port() -> int:
    """A TCP port of the loopback that nothing listens on."""
    with socket.socket() as taken:
        try:
            taken.bind((ADDRESS, 0))
        except OSError as error:
            raise WorkloadError(
                f"no port of {ADDRESS} is free ({error.strerror}): raise the loopback interface",
                exit_code=EXIT_HOST_UNFIT,
            ) from None
        return int(taken.getsockname()[1])


def _wait(
    process: subprocess.Popen[bytes], deadline: float, is_stopped: Callable[[], bool]
) -> int | None:
    """The exit status of a process; None, and it is killed, if it is stopped or too late."""
    # Popen.wait would find the end up to a twentieth of a second late.
    handle = os.pidfd_open(process.pid)
    try:
        end = select.poll()
        end.register(handle, select.POLLIN)
        while time.monotonic() < deadline and not is_stopped():
            if end.poll(STOP_POLL_MS):
                return process.wait()
    finally:
        os.close(handle)
    process.kill()
    process.wait()
    return None


def _text_of(output: IO[bytes]) -> str:
    output.seek(0)
    return output.read(MOST_OUTPUT_BYTES).decode(errors="replace").replace("\r", "\n")
