"""Put the command of this checkout on the PATH, as a link to it, or remove that link.

    link_command.py install|uninstall COMMAND [PREFIX]

The link is PREFIX/bin/auditbench. Without PREFIX it is below /usr/local for root, where sudo looks
for programs, and below ~/.local for everybody else. Nothing is ever written through a link, and
nothing else is replaced or removed. Root follows no link of another user, and makes nothing in
another user's folder. Exit codes are those of auditbench.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness.errors import EXIT_FINE, AuditbenchError, UsageError
from harness.files.folder import Folder
from harness.plain import plain

NAME = "auditbench"


def install(command: Path, folder: Path) -> list[str]:
    """Make the link; returns the lines to print."""
    require_own_place(folder)
    if not os.access(command, os.X_OK):
        raise UsageError(f"{command} is no program", remedy="run `make install` in the checkout")
    with Folder(folder, make=True) as place:
        with contextlib.suppress(FileExistsError):
            os.symlink(command, NAME, dir_fd=place.descriptor)
        require_ours(place, command)
    said = [f"{folder / NAME} leads to {command}; `make uninstall` removes it"]
    if str(folder) not in os.environ.get("PATH", "").split(os.pathsep):
        said.append(f'{folder} is not on your PATH yet: export PATH="{folder}:$PATH"')
    return said


def uninstall(command: Path, folder: Path) -> list[str]:
    """Remove the link; returns the lines to print."""
    absent = [f"{folder / NAME} does not exist: nothing to remove"]
    try:
        with Folder(folder) as place:
            if target_of(place) == "":
                return absent
            require_ours(place, command)
            os.unlink(NAME, dir_fd=place.descriptor)
    except FileNotFoundError:
        return absent
    return [f"{folder / NAME} is removed"]


def folder_of(prefix: str) -> Path:
    """The folder that the link is made in."""
    default = "/usr/local" if os.geteuid() == 0 else "~/.local"
    return Path(prefix or default).expanduser().absolute() / "bin"


def require_own_place(folder: Path) -> None:
    """UsageError where root would write, or make a folder, in a folder of another user."""
    if os.geteuid() != 0:
        return
    for path in (folder, *folder.parents):
        with contextlib.suppress(FileNotFoundError), Folder(path) as place:
            owner = os.fstat(place.descriptor).st_uid
            if owner != 0:
                whose = name_of(owner)
                raise UsageError(
                    f"{path} belongs to {whose}",
                    remedy=f"run `make install` as {whose}, not as root",
                )
            return


def name_of(uid: int) -> str:
    """A user in words."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def target_of(place: Folder) -> str | None:
    """The target of the link; empty if nothing has its name, None if something else has."""
    try:
        return os.readlink(NAME, dir_fd=place.descriptor)
    except FileNotFoundError:
        return ""
    except OSError:
        return None


def require_ours(place: Folder, command: Path) -> None:
    """UsageError if anything but our link has its name."""
    target = target_of(place)
    if target != str(command):
        leads = f"leads to {target}" if target else "is no link"
        raise UsageError(
            f"{place.path / NAME} exists already and {leads}",
            remedy="remove it, or name another place with PREFIX=DIR",
        )


def main(words: list[str]) -> int:
    """The command line; its exit code."""
    verb, command, prefix = (*words, "")[:3]
    # Under sudo root acts as itself here: the caller could not write below /usr/local.
    os.environ.pop("SUDO_UID", None)
    folder = folder_of(prefix)
    try:
        act = {"install": install, "uninstall": uninstall}[verb]
        for line in act(Path(command), folder):
            print(plain(line))
    except AuditbenchError as error:
        print(f"auditbench: {plain(error.one_line())}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        remedy = "name another place with PREFIX=DIR"
        words_of_it = f"{folder} cannot be used ({error.strerror}): {remedy}"
        print(f"auditbench: {plain(words_of_it)}", file=sys.stderr)
        return UsageError.exit_code
    return EXIT_FINE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
