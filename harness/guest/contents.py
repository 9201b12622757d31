"""What a guest's root holds: this Python and its libraries, our programs, a few devices.

A guest runs the modules that this process would: another Python imports them here and tells their
files. They are given compiled and without their sources, which saves a guest most of its start.
"""

from __future__ import annotations

import json
import marshal
import os
import stat
import sys
import sysconfig
from collections.abc import Iterable
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from typing import Final

from harness.errors import HostUnfitError
from harness.guest.child import last_words, run_child
from harness.guest.cpio import Entry, character_device, file, folder
from harness.guest.elf import find_library, libraries_of
from harness.guest.machines import X86_64, Machine, python_version
from harness.guest.programs import program_entries, programs_of
from harness.processes.line_process import ChildFailedError

HOME: Final = "/auditbench"
"""Where a guest has everything that is not where this host has it."""
PYTHON_PATH: Final = f"{HOME}/python"
LIBRARY_PATH: Final = f"{HOME}/lib"
LINE: Final = f"{HOME}/line"
"""The serial port on which the agent answers."""
AGENT: Final = "harness.guest.inside.agent"
# What only an agent that fails needs.
_LATER: Final = ("encodings.ascii", "encodings.latin_1", "encodings.utf_8",
                 "harness.kernel.rules.format", "traceback")  # fmt: skip
LOADED_LATER: Final = ("libaudit.so.1",)
_DEVICES: Final = {
    "/dev/console": (5, 1),
    "/dev/null": (1, 3),
    "/dev/zero": (1, 5),
    "/dev/urandom": (1, 9),
}
_NO_SOURCE: Final = bytes(12)  # no flags, no time, no size: what follows is to be believed
_IMPORT: Final = """
import importlib, json, sys
from harness.guest.inside.agent import rehearse
workloads, modules = json.loads(sys.argv[1])
rehearse(workloads)
for name in modules:
    importlib.import_module(name)
files = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
print(json.dumps({name: file for name, file in files.items() if file}))
"""


def interpreter(machine: Machine = X86_64) -> Path:
    """Where a guest has its Python: where this one's file is, or Debian's of another machine."""
    if machine is X86_64:
        return Path(sys.executable).resolve()
    return Path("/usr/bin") / f"python{python_version()}"


def contents(workloads: tuple[str, ...], modules: tuple[str, ...] = ()) -> dict[bytes, Entry]:
    """The entries of a root whose agent can run these workloads and modules, by path."""
    entries: dict[str, Entry] = {}
    binaries = {str(interpreter()): interpreter()}
    for name, path in files_of(workloads, modules).items():
        place = place_of(name, path)
        if path.suffix == ".py":
            entries[place] = file(compiled(path.read_bytes(), str(path)))
        else:
            binaries[place] = path
    for place, path in binaries.items():
        entries[place] = file(path.read_bytes(), 0o755)
    for name, path in _libraries(binaries.values()).items():
        place = name if name.startswith("/") else f"{LIBRARY_PATH}/{name}"
        entries[place] = file(path.read_bytes(), 0o755)
    entries |= devices_and_folders(X86_64)
    made = {os.fsencode(place): entry for place, entry in entries.items()}
    for program in programs_of(workloads):
        made |= program_entries(program, made)
    return made


def devices_and_folders(machine: Machine) -> dict[str, Entry]:
    """What a guest's root has beside files."""
    devices = {**_DEVICES, LINE: machine.line}
    return {
        **{place: character_device(*numbers, 0o666) for place, numbers in devices.items()},
        **{place: folder() for place in ("/proc", "/root")},
        "/tmp": folder(stat.S_ISVTX | 0o777),  # noqa: S108 - the guest's own
    }


def _libraries(binaries: Iterable[Path]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in binaries:
        found |= libraries_of(path)
    for name in LOADED_LATER:
        if (library := find_library(name)) is not None:
            found |= {name: library} | libraries_of(library)
    return found


def files_of(workloads: tuple[str, ...], modules: tuple[str, ...]) -> dict[str, Path]:
    """The files of all modules that an agent with these workloads uses, by the modules' names."""
    needed = json.dumps([workloads, [*_LATER, *modules]])
    command = [sys.executable, "-P", "-c", _IMPORT, needed]
    done = run_child(command)
    if done.returncode:
        raise ChildFailedError(f"a guest's programs cannot be imported: {last_words(done)}")
    found = {name: Path(path) for name, path in json.loads(done.stdout).items()}
    return {name: path for name, path in found.items() if not name.startswith("__editable")}


def place_of(name: str, path: Path) -> str:
    """Where a module's file is in a guest."""
    suffix = "".join(path.suffixes) if path.suffix != ".py" else ".pyc"
    standard = Path(sysconfig.get_paths()["stdlib"])
    if path.is_relative_to(standard) and "site-packages" not in path.parts:
        return str(path.with_suffix(".pyc") if path.suffix == ".py" else path)
    inner = (
        f"{name.replace('.', '/')}/__init__" if path.stem == "__init__" else name.replace(".", "/")
    )
    return f"{PYTHON_PATH}/{inner}{suffix}"


def compiled(source: bytes, name: str) -> bytes:
    """A module as its interpreter keeps it; HostUnfitError where it is none."""
    try:
        code = compile(source, name, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        raise HostUnfitError(
            f"{name} cannot be given to a guest ({error})", remedy="repair the installation"
        ) from error
    return MAGIC_NUMBER + _NO_SOURCE + marshal.dumps(code)
