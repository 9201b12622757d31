"""The process that has loaded the program: forks one for each command line that it is asked for.

Where the forked one begins, it is as `python -P -m harness WORDS` is after its imports: arguments,
environment, folder and standard streams are those of the request, and it ends as Python ends.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import runpy
import signal
import socket
import sys
from typing import Any

LOADED = ("model", "store", "analysis", "metrics", "scenarios", "reporters", "answers", "run")
"""Rooms that all verbs stand on."""
LARGEST_REQUEST = 1 << 18
STREAMS = (0, 1, 2)


def load() -> None:
    """Import what command lines will import, and let no garbage collection copy it."""
    importlib.import_module("harness.cli")
    importlib.import_module("scipy.special")
    for room in ("verbs", *LOADED):
        package = importlib.import_module(f"harness.{room}")
        for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            importlib.import_module(found.name)
    gc.collect()
    gc.freeze()


def next_command(requests: socket.socket) -> dict[str, Any] | None:
    """Serve requests; returns one in the process that is to be its, None where all have ended."""
    while True:
        data, streams, _, _ = socket.recv_fds(requests, LARGEST_REQUEST, len(STREAMS))
        if not data:
            return None
        child = os.fork()
        if not child:
            for stream, number in zip(streams, STREAMS, strict=True):
                os.dup2(stream, number)
                os.close(stream)
            return dict(json.loads(data))
        for stream in streams:
            os.close(stream)
        requests.send(str(child).encode())
        _, status = os.waitpid(child, 0)
        requests.send(str(os.waitstatus_to_exitcode(status)).encode())


def main() -> None:
    """Until the end of requests on the descriptor that is the only argument."""
    requests = socket.socket(fileno=int(sys.argv[1]))
    load()
    # Ctrl-C reaches it too; who asks it ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    command = next_command(requests)
    requests.close()
    if command is None:
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(command["folder"])
    os.environ.clear()
    os.environ.update(command["environment"])
    sys.argv[1:] = command["words"]
    runpy.run_module("harness", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
