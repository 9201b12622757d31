"""Where packages come from: files, and Debian's archives, each package kept once it was fetched.

A program as it was built is taken, too: it counts as a package with this host's libraries.

`trixie/auditd` is of a release of Debian and `auditd` of this distribution. apt-get checks both
against the keys that sign them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from harness.errors import AuditbenchError, UsageError
from harness.files.caller import why
from harness.files.reading import read_bytes
from harness.guest.daemons.deb import MOST_PACKAGE_BYTES, Deb, read_deb
from harness.guest.daemons.program_file import is_program_file, read_program, require_program
from harness.guest.kernels.cache import cache_folder, keep, kept, private_folder
from harness.guest.kernels.packages import Archive

_NAMED = re.compile(r"((?P<release>[a-z][a-z-]*[a-z])/)?(?P<name>[a-z0-9][a-z0-9.+-]+)")
_GIVE: Final = "or give the package's file: --consumer-package FILE.deb"
RELEASES: Final = (None, "stable", "oldstable", "testing", "unstable")
"""Archives in which the release of a file is looked for; None is this distribution's."""
_WORDS: Final = "give a FILE.deb, or a package by name such as trixie/auditd"


@dataclass(slots=True)
class Sources:
    """Packages by what the user calls them, and those that they depend on, of the same release."""

    _releases: dict[str, str | None] = field(default_factory=dict)
    """By the package's source: its release, once that is known."""

    def named(self, word: str, program: str = "") -> Deb:
        """The package that a word names, or the file of a program by itself, which is called
        `program` then, or as its file; UsageError where there is none.
        """
        if word.endswith(".deb"):
            return read_deb(_content_of(word), word)
        if is_program_file(word):
            return read_program(Path(word), program or Path(word).name)
        found = _named(word)
        deb = _fetched(found["release"], found["name"])
        if deb is None:
            raise UsageError(
                f"{_archive(found['release']).name} has no package {found['name']}", remedy=_WORDS
            )
        self._releases[deb.source] = found["release"]
        return deb

    def beside(self, deb: Deb, name: str) -> Deb | None:
        """The package of this name in the release that `deb` is of; None where that has none.

        Of a file the release is not known: it is the first that serves the same version.
        """
        if deb.source not in self._releases:
            release = next((r for r in RELEASES if _serves(r, deb.name, deb.version)), "")
            self._releases[deb.source] = release
        release = self._releases[deb.source]
        if release == "":
            return None
        found = _fetched(release, name)
        if found is not None:
            self._releases[found.source] = release
        return found


def require_package(word: str) -> None:
    """UsageError for what names no package, or a file that cannot be read; nothing is fetched."""
    if word.endswith(".deb"):
        _content_of(word)
    elif is_program_file(word):
        require_program(Path(word))
    else:
        _named(word)


def _named(word: str) -> re.Match[str]:
    if (found := _NAMED.fullmatch(word)) is None:
        raise UsageError(f"{word!r} is no package", remedy=_WORDS)
    return found


def _content_of(word: str) -> bytes:
    path = Path(word)
    try:
        return read_bytes(path, named=True, limit=MOST_PACKAGE_BYTES)
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({why(error)})", remedy=_WORDS) from error
    except ValueError as error:
        raise UsageError(f"{path} is no package: {error}", remedy=_WORDS) from error


@cache
def _archive(release: str | None) -> Archive:
    folder = cache_folder() / (f"apt-{release}" if release else "apt")
    return Archive(folder, release, what="packages by name", give=_GIVE)


@cache
def _serves(release: str | None, name: str, version: str) -> bool:
    try:
        found = _archive(release).find(name, version)
    except AuditbenchError:  # no such release, or no way to it: it is not there
        return False
    return found is not None and found.version == version


@cache
def _fetched(release: str | None, name: str) -> Deb | None:
    """The newest package of this name in an archive; None where it has none."""
    archive = _archive(release)
    package = archive.find(name)
    if package is None:
        return None
    place = private_folder(cache_folder() / "packages")
    prefix = f"{release or 'here'}_{package.name}_"
    file = f"{prefix}{package.version.replace(':', '_')}.deb"
    data = kept(place, file)
    if data is None:
        data = archive.download(package)
        keep(place, file, data, instead_of=f"{prefix}*.deb")
    of = f"{release}/" if release else ""
    return read_deb(data, f"{of}{package.name}")
