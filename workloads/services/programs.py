"""The programs of a service on this host, and the packages of those that are missing."""

from __future__ import annotations

import os
import pwd
import shutil
from collections.abc import Sequence
from glob import glob

from workloads.errors import EXIT_HOST_UNFIT, WorkloadError
from workloads.services.file import Program, Service, ServiceFile

SYSTEM_FOLDERS = ("/usr/sbin", "/sbin", "/usr/bin", "/bin")
"""Searched after the PATH: daemons are where a user's PATH often does not lead."""


def find_programs(service: Service) -> dict[str, str]:
    """The path of every program that a service starts, by the name in its file.

    WorkloadError that names every missing one, with its package.
    """
    names = dict.fromkeys(words[0] for words in service.file.commands() if "{" not in words[0])
    found = {name: _find(name, service.file.programs.get(name, Program())) for name in names}
    missing = [name for name, path in found.items() if path is None]
    if missing:
        raise WorkloadError(_without(service, missing))
    return {name: path for name, path in found.items() if path is not None}


def _without(service: Service, missing: Sequence[str]) -> str:
    packages = [service.file.programs.get(name, Program()).package for name in missing]
    known = dict.fromkeys(filter(None, packages))
    remedy = f"apt-get install {' '.join(known)}" if known else "install it, or correct the file"
    what = "a program that is" if len(missing) == 1 else "programs that are"
    return f"{service.name} needs {what} not installed ({', '.join(missing)}): {remedy}"


def _find(name: str, program: Program) -> str | None:
    if "/" in name:
        return name if os.access(name, os.X_OK) else None
    # pathlib takes relative patterns only, and refuses some.
    patterns = ["/" + pattern.lstrip("/") for pattern in program.folders]
    first = [path for pattern in patterns for path in sorted(glob(pattern))[::-1]]  # noqa: PTH207
    places = [*first, os.environ.get("PATH", os.defpath), *SYSTEM_FOLDERS]
    return shutil.which(name, path=os.pathsep.join(places))


def acting_program(service: Service) -> str:
    """The file that the kernel sees as the service's `exe`, links followed; empty if not known.

    The server's, or the client's where there is no server.
    """
    file = service.file
    words = file.server.command if file.server is not None else file.client.command
    path = _find(words[0], file.programs.get(words[0], Program())) if "{" not in words[0] else None
    return os.path.realpath(path) if path is not None else ""


def account_of(file: ServiceFile) -> pwd.struct_passwd | None:
    """The account to run as; None for this process's own: only root may choose."""
    if not file.user or os.geteuid() != 0:
        return None
    for name in file.user:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise WorkloadError(
        f"there is no account {' or '.join(file.user)} to run the service as: make one",
        exit_code=EXIT_HOST_UNFIT,
    )
