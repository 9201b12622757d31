"""A Debian package, read in memory: what it is called, what it depends on, and its files.

Whoever made it may be hostile. Nothing of it touches this host's file system: paths are keys, and
links are followed among the package's own files alone. Sizes are bounded.
"""

from __future__ import annotations

import posixpath
import re
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from harness.errors import UsageError
from harness.guest.kernels.unpack import members_of, open_package
from harness.plain import plain

MOST_PACKAGE_BYTES: Final = 256 << 20
MOST_BYTES: Final = 512 << 20
"""Unpacked."""
MOST_CONTROL_BYTES: Final = 16 << 20
"""Unpacked, of what a package says about itself: what it is, its files, how it is installed."""
MOST_FILES: Final = 20_000
GIVE: Final = "count on a machine that has it"
_FIELD = re.compile(r"^([A-Za-z-]+):[ \t]*(.*?)[ \t\r]*$", re.MULTILINE)
_FOLDED = re.compile(r"\r?\n[ \t]+")
_NAME = re.compile(r"[a-z0-9][a-z0-9.+-]*")
_VERSION = re.compile(r"[A-Za-z0-9.+~:-]+")
_ARCHITECTURES: Final = ("amd64", "all")
_MERGED: Final = ("bin", "sbin", "lib", "lib64")
"""Folders of the root that are links to those of /usr on every host with a merged /usr."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link to another file of a package: a path as `DebFiles` has it."""

    target: str


@dataclass(frozen=True, slots=True)
class Deb:
    """A package. `source` is what the user knows it by.

    `depends` has alternatives in each place. `files` are the contents by path, without a leading
    slash and with /usr merged: `usr/sbin/auditd`.
    """

    name: str
    version: str
    source: str
    depends: tuple[tuple[str, ...], ...]
    files: Mapping[str, bytes | Link]


def read_deb(data: bytes, source: str) -> Deb:
    """The package in a file; UsageError where it is none, or not for this machine's kind."""
    fields = _fields_of(data, source)
    if fields["Architecture"] not in _ARCHITECTURES:
        raise UsageError(
            f"{source} is of the architecture {fields['Architecture']}, and guests are amd64",
            remedy="give the package for amd64",
        )
    depends = ", ".join(filter(None, (fields.get("Pre-Depends"), fields.get("Depends"))))
    files = _files(data, source)
    return Deb(fields["Package"], fields["Version"], source, _alternatives(depends), files)


def _fields_of(data: bytes, source: str) -> dict[str, str]:
    text = _control_of(data, source).decode(errors="replace")
    fields = dict(_FIELD.findall(_FOLDED.sub(" ", text)))
    if not (
        _NAME.fullmatch(fields.get("Package", ""))
        and _VERSION.fullmatch(fields.get("Version", ""))
        and fields.get("Architecture")
    ):
        raise UsageError(
            f"{source} does not say which package it is", remedy="give it as it was downloaded"
        )
    return {name: plain(value) for name, value in fields.items()}


def _control_of(data: bytes, source: str) -> bytes:
    """The file that says what a package is; empty for none."""
    with open_package(
        data, source, most_bytes=MOST_CONTROL_BYTES, give=GIVE, control=True
    ) as archive:
        for member in members_of(archive, source, MOST_FILES):
            if member.isreg() and member.name in ("./control", "control"):
                content = archive.extractfile(member)
                return content.read(MOST_CONTROL_BYTES) if content else b""
    return b""


def _alternatives(depends: str) -> tuple[tuple[str, ...], ...]:
    """The names in a field `Depends`, without versions and architectures."""
    found = (
        tuple(name[0] for word in place.split("|") if (name := _NAME.match(word.strip())))
        for place in depends.split(",")
    )
    return tuple(filter(None, found))


def _files(data: bytes, source: str) -> dict[str, bytes | Link]:
    with open_package(data, source, most_bytes=MOST_BYTES, give=GIVE) as archive:
        return dict(_members(archive, source))


def _members(archive: tarfile.TarFile, source: str) -> Iterator[tuple[str, bytes | Link]]:
    """Files and links; folders have no content, and devices and the like no meaning here."""
    left = MOST_BYTES
    for member in members_of(archive, source, MOST_FILES):
        path = _inside(member.name, source)
        if member.issym():
            yield _merged(path), Link(_merged(_target(path, member.linkname)))
        elif member.islnk():
            yield _merged(path), Link(_merged(_inside(member.linkname, source)))
        elif member.isreg():
            # A sparse file says that it is of any size.
            left -= member.size
            if left < 0:
                raise _hostile(source, f"holds more than {MOST_BYTES >> 20} MiB")
            content = archive.extractfile(member)
            assert content is not None, "regular files have content"
            yield _merged(path), content.read()


def _inside(name: str, source: str) -> str:
    """A member's name as a path of the package; UsageError for one that leads outside of it."""
    if name.startswith("/") or "\0" in name or ".." in name.split("/"):
        raise _hostile(source, f"has the path {plain(name)!r}, which may lead outside of it")
    return posixpath.normpath(f"/{name}")[1:]


def _target(path: str, target: str) -> str:
    """Where a link at a path leads: as for a process whose root the package is, never above it."""
    return posixpath.normpath(posixpath.join("/", posixpath.dirname(path), target)).lstrip("/")


def _merged(path: str) -> str:
    return f"usr/{path}" if path.partition("/")[0] in _MERGED else path


def _hostile(source: str, what: str) -> UsageError:
    return UsageError(f"{source} {what}", remedy="give a package as its distribution made it")
