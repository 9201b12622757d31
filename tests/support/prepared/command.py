"""Asking the prepared process for a command line, and waiting for its end."""

from __future__ import annotations

import atexit
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]
READ_AT_START = ("PYTHON", "LC_", "LANG", "LD_")
"""How variables begin that Python or the loader reads before the program does."""
SERVER = [sys.executable, "-P", "-m", "tests.support.prepared.server"]


def read_at_start(environment: Mapping[str, str]) -> dict[str, str]:
    """What a process that was started before can no longer be told."""
    return {name: value for name, value in environment.items() if name.startswith(READ_AT_START)}


class Prepared:
    """The process, started with the environment of that moment."""

    def __init__(self) -> None:
        self.read = read_at_start(os.environ)
        self._requests, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(
            [*SERVER, str(other.fileno())],
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            pass_fds=[other.fileno()],
        )
        other.close()
        atexit.register(self.end)

    def end(self) -> None:
        """End it, which ends when nobody can ask any more."""
        self._requests.close()
        self._process.wait()

    def run(
        self, words: Sequence[str], folder: Path, timeout_s: float
    ) -> subprocess.CompletedProcess[str]:
        """Run one command line; TimeoutExpired where it is killed, as subprocess.run has it."""
        request = {"words": words, "folder": str(folder), "environment": dict(os.environ)}
        outputs = [os.pipe(), os.pipe()]
        streams = [0, *(write for _, write in outputs)]
        socket.send_fds(self._requests, [json.dumps(request).encode()], streams)
        for _, write in outputs:
            os.close(write)
        pid = int(self._requests.recv(64))
        deadline = time.monotonic() + timeout_s
        out, errors = _read([read for read, _ in outputs], deadline)
        late = out is None or errors is None
        if late:
            os.kill(pid, signal.SIGKILL)
        code = int(self._requests.recv(64))
        if late:
            raise subprocess.TimeoutExpired(words, timeout_s)
        return subprocess.CompletedProcess(["auditbench", *words], code, out, errors)


@cache
def prepared() -> Prepared:
    """The one of this process of tests."""
    return Prepared()


def _read(ends: list[int], deadline: float) -> list[str | None]:
    """What comes from each until it ends; None for all where one does not end in time."""
    found = dict.fromkeys(ends, b"")
    with selectors.DefaultSelector() as selector:
        for end in ends:
            selector.register(end, selectors.EVENT_READ)
        while selector.get_map() and (left := deadline - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                data = os.read(key.fd, 1 << 16)
                found[key.fd] += data
                if not data:
                    selector.unregister(key.fd)
        late = bool(selector.get_map())
    for end in ends:
        os.close(end)
    return [None if late else data.decode().replace("\r\n", "\n") for data in found.values()]
