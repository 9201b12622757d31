"""Debian's Python for a guest of another machine: fetched as kernels are, and kept beside them.

Compiled modules are for one version of Python, so it is that of this Python, from the release of
Debian that has it. Nothing is installed: packages are unpacked in memory, and what a guest or the
compiler needs of them is kept as one archive.
"""

from __future__ import annotations

import io
import posixpath
import re
import tarfile
from collections.abc import Iterable, Iterator
from typing import Final

from harness.errors import HostUnfitError
from harness.guest.elf import read_needs
from harness.guest.kernels.cache import keep, kept
from harness.guest.kernels.images import kept_parts, open_archive
from harness.guest.kernels.packages import python_release
from harness.guest.kernels.unpack import members_of, open_package
from harness.guest.machines import Machine, python_version

_LIBRARY: Final = r"(?:usr/)?lib/(?:[a-z0-9_]+-linux-gnu/)?(?:[^/]+\.so(?:\.[0-9.]+)?|ld-[^/]+)"
_MOST_LINKS: Final = 8
_SOURCE: Final = "Debian's Python.deb"


class Userland:
    """Another machine's files by their paths; links are the files that they lead to."""

    def __init__(self, archive: bytes) -> None:
        self.files: dict[str, bytes] = {}
        with tarfile.open(fileobj=io.BytesIO(archive)) as unpacked:
            for member in unpacked:
                if (content := unpacked.extractfile(member)) is not None:
                    self.files[member.name] = content.read()
        self._libraries = {
            posixpath.basename(path): data
            for path, data in self.files.items()
            if re.fullmatch(_LIBRARY, path)
        }

    @property
    def shell(self) -> bytes:
        """Its /bin/sh."""
        return self.files.get("usr/bin/dash") or self.files["bin/dash"]

    def below(self, folder: str) -> Iterator[tuple[str, bytes]]:
        """The files below a folder, by their paths in it."""
        for path, data in self.files.items():
            if path.startswith(f"{folder}/"):
                yield path.removeprefix(f"{folder}/"), data

    def libraries_of(
        self, binaries: Iterable[bytes], loaded_later: Iterable[str] = ()
    ) -> dict[str, bytes]:
        """All libraries that these files need, and those named, by name; the loader by its path.

        HostUnfitError where one was not fetched.
        """
        found = {name: self._library(name) for name in loaded_later}
        waiting = [*binaries, *found.values()]
        while waiting:
            needs = read_needs(waiting.pop())
            if needs.interpreter:
                found[needs.interpreter] = self._library(posixpath.basename(needs.interpreter))
            for name in needs.libraries:
                if name not in found and not posixpath.basename(name).startswith("ld-"):
                    found[name] = self._library(name)
                    waiting.append(found[name])
        return found

    def _library(self, name: str) -> bytes:
        if (data := self._libraries.get(name)) is None:
            raise HostUnfitError(
                f"a guest's Python needs the library {name}, which its packages have not",
                remedy="remove the folder `machines` of the cache, and run it again",
            )
        return data


def find_userland(machine: Machine) -> Userland:
    """Debian's Python for a machine, of this Python's version: kept, or fetched and kept.

    HostUnfitError where no release of Debian has that version, or it cannot be had.
    """
    return Userland(_kept_or_fetched(machine))


def _kept_or_fetched(machine: Machine) -> bytes:
    python = f"python{python_version()}"
    archive = open_archive(python_release(), machine)
    newest, headers = archive.find(f"{python}-minimal"), archive.find(f"lib{python}-dev")
    if newest is None or headers is None:
        raise HostUnfitError(
            f"Debian's {python_release()} serves no {python} for {machine.debian}",
            remedy="look whether it is at its mirrors at all",
        )
    prefix = f"{python}-{machine.name}_"
    name = f"{prefix}{newest.version.replace(':', '_')}.tar"
    folder = kept_parts()
    if (data := kept(folder, name)) is not None:
        return data
    names = (newest.name, f"lib{python}-stdlib", "libaudit1", "dash")
    # The package of headers without what it would need to compile whole programs.
    wanted = [*archive.with_all_they_need(names), headers]
    packages = archive.download_all(wanted)
    data = _needed_of(packages)
    keep(folder, name, data, instead_of=f"{prefix}*.tar")
    return data


def _needed_of(packages: Iterable[bytes]) -> bytes:
    """An archive of the files in packages that a guest or the compiler needs."""
    python = rf"python{re.escape(python_version())}"
    wanted = re.compile(
        rf"usr/bin/{python}|(?:usr/)?bin/dash|usr/lib/{python}/(?!test/|config-).+|{_LIBRARY}"
        rf"|usr/include/(?:[a-z0-9_]+-linux-gnu/)?{python}/.+"
    )
    files: dict[str, bytes] = {}
    links: dict[str, str] = {}
    for package in packages:
        with open_package(package, _SOURCE) as archive:
            for member in members_of(archive, _SOURCE):
                path = posixpath.normpath(member.name).lstrip("/")
                if wanted.fullmatch(path) is None:
                    continue
                if member.issym():
                    links[path] = posixpath.normpath(
                        posixpath.join("/", posixpath.dirname(path), member.linkname)
                    ).lstrip("/")
                elif (content := archive.extractfile(member)) is not None:
                    files[path] = content.read()
    for path in links:
        target = path
        for _ in range(_MOST_LINKS):
            target = links.get(target, target)
        if target in files:
            files[path] = files[target]
    return _as_archive(files)


def _as_archive(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for path in sorted(files):
            about = tarfile.TarInfo(path)
            about.size = len(files[path])
            archive.addfile(about, io.BytesIO(files[path]))
    return made.getvalue()
