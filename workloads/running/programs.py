"""The program that a workload spawns, and its calls as far as they are certain.

Finds and checks programs before anything runs; spawning is `workloads.parts.spawn`'s.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping, Sequence

from workloads.errors import WorkloadError
from workloads.parts.spawn import Program

SHELL = "/bin/sh"

# The shell gets a fixed environment: its size does not vary with the user's, and no shell
# looks up a home directory (which may connect to a name service) when HOME is set.
PLAIN_ENVIRONMENT = [b"PATH=/usr/sbin:/usr/bin:/sbin:/bin", b"HOME=/", b"LC_ALL=C", b"PWD=/"]

# Programs that are known to execute and connect to nothing else, whatever the arguments.
QUIET_PROGRAMS = ("/bin/true", "/usr/bin/true", "/bin/false", "/usr/bin/false")


def shell_path() -> str:
    """The shell, symbolic links followed: an audit rule's exe field compares the file itself."""
    return os.path.realpath(SHELL)


def find_program(name: str) -> str:
    """The path of `name`, searched in PATH if it has no slash; WorkloadError if it cannot run."""
    if "/" in name:
        candidates = [name]
    else:
        folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
        candidates = [f"{folder or '.'}/{name}" for folder in folders]
    for candidate in candidates:
        if _is_program(candidate):
            return candidate
    if "/" in name and os.path.exists(name):  # noqa: PTH110 - pathlib costs start-up time
        raise WorkloadError(f"{name} is not executable: name a program that you may run")
    raise WorkloadError(f"there is no program {name}: give a path or a name found in PATH")


def _is_program(path: str) -> bool:
    try:
        is_file = stat.S_ISREG(os.stat(path).st_mode)  # noqa: PTH116
    except OSError:
        return False
    return is_file and os.access(path, os.X_OK)


def shell_program(script: str) -> Program:
    """`/bin/sh -c script` in the plain environment."""
    find_program(SHELL)
    return Program(os.fsencode(SHELL), [b"sh", b"-c", os.fsencode(script)], PLAIN_ENVIRONMENT)


def user_program(words: Sequence[str]) -> tuple[Program, str]:
    """The user's program with its arguments and environment, and its path, links followed."""
    path = find_program(words[0])
    environment = [name + b"=" + value for name, value in os.environb.items()]
    program = Program(os.fsencode(path), [os.fsencode(word) for word in words], environment)
    return program, os.path.realpath(path)


def program_yields(usual: Mapping[str, float], path: str) -> dict[str, float]:
    """`usual`, the yields of the plain shell, as far as they hold for the program at `path`.

    An unknown program may execute and connect to anything, so nothing is certain about it.
    """
    return dict(usual) if path in QUIET_PROGRAMS else {}
