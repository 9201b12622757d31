"""Our compiled modules for a guest of another machine: the same sources, by a cross compiler.

What was compiled is kept until a source, the compiler or the guest's Python changes.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import consumer
from harness.errors import HostUnfitError, UsageError
from harness.files.scratch import scratch_folder
from harness.guest.child import last_words, run_child
from harness.guest.compilation import HEADERS, MACROS, OPTIMISATION, PACKAGES, directives
from harness.guest.kernels.cache import drop, keep, kept
from harness.guest.kernels.images import kept_parts
from harness.guest.machines import Machine
from harness.guest.userland import Userland

_OPTIONS: Final = (*OPTIMISATION, "-DNDEBUG", "-fwrapv", "-fPIC", "-shared")
_SOURCES: Final = (".pyx", ".pxd", ".h")
_KEY_LENGTH: Final = 16


def compile_modules(
    modules: Mapping[str, Path], machine: Machine, userland: Userland
) -> dict[str, bytes]:
    """Modules of ours for a machine, by name; `modules` are the same ones for this machine.

    UsageError, with the command that installs it, where there is no compiler.
    """
    compiler, root = _compiler(machine), Path(consumer.__file__).parent.parent
    key = _key(compiler, root, userland)
    folder = kept_parts()
    names = {module: f"{module}-{machine.name}-{key}.so" for module in modules}
    found = {module: kept(folder, name) for module, name in names.items()}
    if missing := [module for module, data in found.items() if data is None]:
        for old in folder.glob(f"*-{machine.name}-*.so"):
            if not old.name.endswith(f"-{key}.so"):
                drop(folder, old.name)
        with scratch_folder(folder) as place:
            headers = _write_headers(userland, place)
            for module in missing:
                data = _compile(_source(module, modules[module]), compiler, root, headers, place)
                keep(folder, names[module], data)
                found[module] = data
    return {module: data for module, data in found.items() if data is not None}


def _compiler(machine: Machine) -> str:
    name = f"{machine.name}-linux-gnu-gcc"
    if (found := shutil.which(name)) is None:
        raise UsageError(
            f"{name} is not installed, which compiles the loads for a guest of {machine.name}",
            remedy="install it: apt-get install --no-install-recommends "
            f"gcc-{machine.name}-linux-gnu libc6-dev-{machine.debian}-cross (Debian, Ubuntu)",
        )
    return found


def _key(compiler: str, root: Path, userland: Userland) -> str:
    """What the compiled modules depend on, as a checksum."""
    version = run_child([compiler, "--version"]).stdout.splitlines()[:1]
    told = f"{_cython_version()} {directives()} {_OPTIONS} {version}".encode()
    parts = [told, *(path.read_bytes() for path in _all_sources(root))]
    parts += [data for path, data in sorted(userland.files.items()) if path.endswith(".h")]
    whole = hashlib.sha256()
    for part in parts:
        whole.update(hashlib.sha256(part).digest())
    return whole.hexdigest()[:_KEY_LENGTH]


def _cython_version() -> str:
    try:
        return importlib.metadata.version("Cython")
    except importlib.metadata.PackageNotFoundError:
        raise UsageError(
            "Cython is not installed, which translates the loads for a guest of another machine",
            remedy=f"install it: {sys.executable} -m pip install 'Cython>=3.1'",
        ) from None


def _all_sources(root: Path) -> Iterator[Path]:
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*")):
            if path.suffix in _SOURCES:
                yield path


def _source(module: str, compiled: Path) -> Path:
    source = compiled.parent / f"{module.rpartition('.')[2]}.pyx"
    if not source.is_file():
        raise HostUnfitError(
            f"{source}, the source of a load, is not here",
            remedy="install auditbench from its wheel or its sources, which have it",
        )
    return source


def _write_headers(userland: Userland, place: Path) -> list[Path]:
    """Put the headers of the guest's Python into a folder; the folders to search."""
    found = set()
    for path, data in userland.below("usr/include"):
        target = place / "include" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        if target.name == "Python.h":
            found.add(target.parent)
    # Debian's pyconfig.h includes that of the machine by its path below /usr/include.
    return [*sorted(found), place / "include"]


def _compile(source: Path, compiler: str, root: Path, headers: list[Path], place: Path) -> bytes:
    translated, module = place / "module.c", place / "module.so"
    options = [w for name, value in directives().items() for w in ("-X", f"{name}={value}")]
    _run(
        [sys.executable, "-P", "-m", "cython", *options, "-I", str(root), "-o", str(translated),
         str(source)], source, root,
    )  # fmt: skip
    folders = [f"-I{folder}" for folder in (root / HEADERS, *headers)]
    macros = [f"-D{name}={value}" for name, value in MACROS]
    # Where the compiler is killed, what it starts ends, and what it leaves is gone with the folder.
    own = ["env", f"TMPDIR={place}", compiler, "-wrapper", "setpriv,--pdeathsig,KILL"]
    _run([*own, *_OPTIONS, *macros, *folders, str(translated), "-o", str(module)], source, root)
    return module.read_bytes()


def _run(command: list[str], source: Path, root: Path) -> None:
    done = run_child(command, cwd=root)
    if done.returncode:
        raise HostUnfitError(
            f"{source} cannot be compiled for a guest: {last_words(done)}",
            remedy="see what the compiler says of it; it is compiled as setup.py does it",
        )
