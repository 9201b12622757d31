"""`python -m harness.host.exec_counting.exec_listener`: `exec_counter` as a program of its own.

Commands on standard input, answers on standard output, one JSON object per line: `tree PID` counts
a process and what it forks from then on (`following`), `stop` ends it with the numbers (`result`).
The end of its input ends it too.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from harness.errors import EXIT_FINE, AuditbenchError
from harness.host.exec_counting.exec_counter import ExecCounter
from harness.host.tree import parse_cpu_list


def main(arguments: Sequence[str]) -> int:
    """Listen until told to stop; the exit code is the error's where the kernel refuses."""
    parser = argparse.ArgumentParser(prog="exec_listener")
    parser.add_argument("--cpu", type=parse_cpu_list, default=())
    if cpus := parser.parse_args(arguments).cpu:
        os.sched_setaffinity(0, cpus)
    try:
        # Nothing is counted until a tree is named: this process has no descendants itself.
        with ExecCounter(root_pid=os.getpid()) as events:
            _say("ready")
            obey(events, sys.stdin)
    except AuditbenchError as error:
        _say("error", message=error.one_line())
        return error.exit_code
    _say("result", **asdict(events.count))
    return EXIT_FINE


def obey(events: ExecCounter, commands: Iterable[str]) -> None:
    """Carry out commands until `stop` or the end of input."""
    for command in commands:
        match command.split():
            case ["tree", pid]:
                events.follow(int(pid))
                _say("following")
            case ["stop"]:
                return


def _say(event: str, **document: object) -> None:
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(json.dumps({"event": event, **document}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
