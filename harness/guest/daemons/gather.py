"""What a program of a package needs to start: its loader and libraries, of the same release.

What the given packages lack is sought in those that they depend on.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from harness.errors import UsageError
from harness.guest.daemons.deb import Deb, Link
from harness.guest.daemons.source import Sources
from harness.guest.elf import NotElfError, read_needs

_PROGRAM_FOLDERS: Final = ("usr/sbin", "usr/bin")
_LIBRARY_FOLDERS: Final = ("usr/lib/x86_64-linux-gnu", "usr/lib64", "usr/lib")
_LOADED_LATER: Final = ("libnss_files.so.2",)
"""Before glibc 2.34 looking up an account loads this; later ones may lack it."""
_MOST_LINKS = 40
_SONAME = re.compile(r"(lib[A-Za-z0-9._+-]*?|ld-linux[a-z0-9-]*)\.so\.(\d+)")


@dataclass(frozen=True, slots=True)
class Program:
    """A program as it is put into a guest. `loader` is empty for one that needs none."""

    data: bytes
    loader: str
    package: Deb


@dataclass(frozen=True, slots=True)
class Gathered:
    """Programs by name, and the files that they load, by the name that they ask for."""

    programs: Mapping[str, Program]
    libraries: Mapping[str, bytes]
    files: Mapping[str, bytes] = field(default_factory=dict)
    """What its command names beside it, by absolute path: at the same place as here."""


@dataclass(frozen=True, slots=True)
class _Lack:
    """A file that a package needs and none has; `is_program`: the program itself."""

    name: str
    by: Deb
    is_program: bool = False


def gather(words: Sequence[str], programs: Sequence[str], sources: Sources) -> Gathered:
    """The programs in the packages that the words name, and all that they load.

    UsageError where something is in no package, with the name of the one that has it.
    """
    named = (sources.named(word, programs[0]) for word in dict.fromkeys(words))
    debs = {deb.name: deb for deb in named}
    while True:
        found, lacks = _look(list(debs.values()), programs)
        if not lacks:
            return found
        more = [deb for lack in lacks for deb in _fetch(lack, debs, sources)]
        if not more:
            raise _not_had(lacks[0], debs)
        debs |= {deb.name: deb for deb in more}


def _look(debs: Sequence[Deb], programs: Sequence[str]) -> tuple[Gathered, list[_Lack]]:
    """What these packages have of what is needed, and what they lack."""
    found: dict[str, Program] = {}
    libraries: dict[str, bytes] = {}
    lacks: list[_Lack] = []
    waiting: list[tuple[str, Deb]] = []
    for name in programs:
        held = _find(debs, _PROGRAM_FOLDERS, name)
        if held is None:
            lacks.append(_Lack(name, debs[0], is_program=True))
            continue
        deb, data = held
        loader, needed = _needs(data, f"{name} of {deb.source}")
        found[name] = Program(data, loader, deb)
        waiting += [(each, deb) for each in needed]
    for name in _LOADED_LATER:
        if (held := _find(debs, _LIBRARY_FOLDERS, name)) is not None:
            libraries[name] = held[1]
    while waiting:
        name, user = waiting.pop()
        if name in libraries or any(lack.name == name for lack in lacks):
            continue
        held = _find(debs, _LIBRARY_FOLDERS, name)
        if held is None:
            lacks.append(_Lack(name, user))
            continue
        libraries[name] = held[1]
        waiting += [(each, held[0]) for each in _needs(held[1], f"{name} of {held[0].source}")[1]]
    return Gathered(found, libraries), lacks


def _needs(data: bytes, what: str) -> tuple[str, list[str]]:
    """The loader of a file, and the names of all that it needs, the loader's included."""
    try:
        needs = read_needs(data)
    except NotElfError as error:
        raise UsageError(
            f"{what} cannot be started in a guest: {error}", remedy="give the package for amd64"
        ) from error
    loader = posixpath.basename(needs.interpreter)
    return loader, [*filter(None, [loader]), *map(posixpath.basename, needs.libraries)]


def _find(debs: Sequence[Deb], folders: Sequence[str], name: str) -> tuple[Deb, bytes] | None:
    """The first file of this name in one of these folders, links followed, and its package."""
    for folder in folders:
        path = f"{folder}/{name}"
        for _ in range(_MOST_LINKS):
            owner = next((deb for deb in debs if path in deb.files), None)
            if owner is None:
                break
            held = owner.files[path]
            if not isinstance(held, Link):
                return owner, held
            path = held.target
    return None


def _fetch(lack: _Lack, debs: Mapping[str, Deb], sources: Sources) -> Iterator[Deb]:
    """The packages beside the given ones that may have what lacks."""
    for name in _candidates(lack, debs):
        deb = sources.beside(lack.by, name)
        if deb is not None:
            yield deb


def _candidates(lack: _Lack, debs: Mapping[str, Deb]) -> list[str]:
    """The names of packages that may have it: by its own name if one fits, else all that fit."""
    if lack.is_program:
        return [lack.name] if lack.name not in debs else []
    beside = [deb for deb in debs.values() if deb is not lack.by]
    for users in ([lack.by], beside):
        depends = {name for deb in users for place in deb.depends for name in place}
        libraries = sorted(name for name in depends - debs.keys() if name.startswith("lib"))
        if fitting := [name for name in libraries if name.startswith(_package_of(lack.name))]:
            return fitting
        if libraries:
            return libraries
    return []


def _package_of(library: str) -> str:
    """How Debian calls the package of a library: `libkrb5.so.3` is in `libkrb5-3`."""
    found = _SONAME.fullmatch(library)
    if found is None or found[1].startswith("ld-linux"):
        return "libc6"
    stem = found[1].lower().replace("_", "-")
    return f"{stem}-{found[2]}" if stem[-1].isdigit() else f"{stem}{found[2]}"


def _not_had(lack: _Lack, debs: Mapping[str, Deb]) -> UsageError:
    if lack.is_program:
        return UsageError(
            f"{', '.join(deb.source for deb in debs.values())}: no {lack.name} is in there",
            remedy=f"give the package {lack.name} too: --consumer-package trixie/{lack.name}, "
            "or its FILE.deb",
        )
    names = _candidates(lack, debs) or ["none that it depends on"]
    return UsageError(
        f"{lack.by.source} needs {lack.name}, which is in {' or '.join(names)}",
        remedy="give that package too: --consumer-package FILE.deb; or name the release, as in "
        f"--consumer-package trixie/{lack.by.name}",
    )
