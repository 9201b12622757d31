"""What the root of a guest holds that is another machine: Debian's Python for it, and our modules.

The same modules of ours as in a guest of this machine's kind (`contents.py`). What is Python is the
same code; what is compiled is compiled for that machine; the standard library is its own Python's.
"""

from __future__ import annotations

import os
import re
import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from harness.guest.contents import (
    LIBRARY_PATH,
    LOADED_LATER,
    PYTHON_PATH,
    compiled,
    devices_and_folders,
    files_of,
    interpreter,
    place_of,
)
from harness.guest.cpio import Entry, file, link
from harness.guest.cross import compile_modules
from harness.guest.machines import Machine, python_version
from harness.guest.programs import programs_of
from harness.guest.userland import Userland, find_userland

_ELF: Final = b"\x7fELF"
_DASH: Final = "/usr/bin/dash"
_SHELL_LINKS: Final = {"/bin": b"usr/bin", "/usr/bin/sh": b"dash"}
"""That lead to it from /bin/sh, which is the only program that loads start."""
_IS_OF_TESTS: Final = re.compile(r"lib-dynload/(_test|_xx|xx|_ctypes_test)")


def foreign_contents(machine: Machine, workloads: tuple[str, ...]) -> dict[bytes, Entry]:
    """The entries of a root for that machine whose agent can run these workloads, by path."""
    userland = find_userland(machine)
    modules = files_of(workloads, ())
    python = str(interpreter(machine))
    files = {
        python: userland.files[python.lstrip("/")],
        **_standard_library(modules, userland),
        **_own(modules, machine, userland),
    }
    shell = {_DASH: userland.shell} if programs_of(workloads) else {}
    files |= shell
    binaries = [data for data in files.values() if data.startswith(_ELF)]
    for name, data in userland.libraries_of(binaries, LOADED_LATER).items():
        files[name if name.startswith("/") else f"{LIBRARY_PATH}/{name}"] = data
    entries = {place: file(data, 0o755) for place, data in files.items()}
    entries |= devices_and_folders(machine)
    entries |= {place: link(target) for place, target in _SHELL_LINKS.items()} if shell else {}
    return {os.fsencode(place): entry for place, entry in entries.items()}


def _standard_library(modules: Mapping[str, Path], userland: Userland) -> dict[str, bytes]:
    """The modules of the standard library that are used, as the guest's own Python has them.

    All that are compiled, since which of them are part of the interpreter differs.
    """
    here, there = Path(sysconfig.get_paths()["stdlib"]), f"usr/lib/python{python_version()}"
    used = {str(path.relative_to(here)) for path in modules.values() if _is_standard(path, here)}
    found = {}
    for path, data in userland.below(there):
        if path in used and path.endswith(".py"):
            found[f"/{there}/{path}c"] = compiled(data, path)
        elif path.startswith("lib-dynload/") and not _IS_OF_TESTS.match(path):
            found[f"/{there}/{path}"] = data
    return found


def _own(modules: Mapping[str, Path], machine: Machine, userland: Userland) -> dict[str, bytes]:
    """Our modules, and those of others that they use, which are Python."""
    here = Path(sysconfig.get_paths()["stdlib"])
    ours = {name: path for name, path in modules.items() if not _is_standard(path, here)}
    source = {name: path for name, path in ours.items() if path.suffix == ".py"}
    found = {
        place_of(n, path): compiled(path.read_bytes(), str(path)) for n, path in source.items()
    }
    binary = {name: path for name, path in ours.items() if name not in source}
    for name, data in compile_modules(binary, machine, userland).items():
        found[f"{PYTHON_PATH}/{name.replace('.', '/')}.so"] = data
    return found


def _is_standard(path: Path, library: Path) -> bool:
    return path.is_relative_to(library) and "site-packages" not in path.parts
