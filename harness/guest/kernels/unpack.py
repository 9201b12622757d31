"""The image in a kernel package: a .deb or a .rpm.

A program of the distribution turns the package into a tar archive in a pipe, so that nothing of it
reaches the disk. Images lie in /boot, or beside their modules where packages are split (Debian from
6.19 on, Fedora, openSUSE).
"""

from __future__ import annotations

import os
import re
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Final

from harness.counted import counted
from harness.errors import HostUnfitError, UsageError
from harness.guest.child import run_child
from harness.guest.kernels.cache import MOST_IMAGE_BYTES
from harness.guest.kernels.memory import open_in_memory

MOST_TAR_BYTES: Final = 2 << 30
"""More than a kernel with all its modules; what is packed may be a thousand times as large."""
MOST_FILES: Final = 50_000
"""More than a kernel with all its modules; a damaged header may lead back to itself."""
_IMAGE = re.compile(r"(\./|/)?(boot/vmlinuz-[^/]+|(usr/)?lib/modules/[^/]+/vmlinuz)")
_DEB: Final = {"dpkg-deb": ("--fsys-tarfile", "/dev/stdin")}
_DEB_CONTROL: Final = {"dpkg-deb": ("--ctrl-tarfile", "/dev/stdin")}
_RPM: Final = {
    "bsdtar": ("-cf", "-", "--format=pax", "--include=*vmlinuz*", "@-"),
    "rpm2archive": ("-n", "-"),
}
"""Programs that make a tar archive of what they are given, each with its options."""
_DAMAGED: Final = (tarfile.TarError, EOFError, OSError, OverflowError, RecursionError, ValueError)
"""What tarfile raises for headers that nobody should have made, beside its own errors."""
_INSTALL_RPM: Final = (
    "install one: apt-get install libarchive-tools (Debian, Ubuntu), dnf install bsdtar (Fedora), "
    "zypper install bsdtar (SUSE); or give the bzImage"
)


def is_package(name: str) -> bool:
    """Whether a file's name is that of a package."""
    return name.endswith((".deb", ".rpm"))


def image_of_package(package: bytes, name: str) -> bytes:
    """The image in a package; UsageError without one, HostUnfitError if nothing unpacks it."""
    with open_package(package, name) as archive:
        for member in members_of(archive, name):
            if member.isreg() and _IMAGE.fullmatch(member.name):
                return _content(archive.extractfile(member))
    raise UsageError(
        f"{name} has no kernel in it",
        remedy="give the package that has vmlinuz: linux-image-… or, where packages are split, "
        "linux-binary-… (Debian), kernel-core (Fedora), kernel-default (SUSE)",
    )


def _content(file: IO[bytes] | None) -> bytes:
    assert file is not None, "regular files have content"
    return file.read(MOST_IMAGE_BYTES)


@contextmanager
def open_package(
    package: bytes,
    name: str,
    *,
    most_bytes: int = MOST_TAR_BYTES,
    give: str = "give the bzImage",
    control: bool = False,
) -> Iterator[tarfile.TarFile]:
    """The content of a package as a tar archive, in memory; `control` has that about a .deb.

    Nothing but reading it may be done meanwhile. UsageError for what is no package, or holds more
    than `most_bytes`; HostUnfitError if nothing here unpacks it, with what to give instead.
    """
    command = _unpacker(name, give, control=control)
    place = os.memfd_create("content")
    with os.fdopen(place, "rb") as file, open_in_memory(package, "package") as descriptor:
        done = run_child(command, stdin=descriptor, stdout=place, most_bytes=most_bytes)
        if done.returncode:
            raise _refusal(name, is_full=os.fstat(place).st_size >= most_bytes, most=most_bytes)
        file.seek(0)
        try:
            # An archive that is packed once more would be unpacked without a bound.
            with tarfile.open(fileobj=file, mode="r:") as archive:
                yield archive
        except _DAMAGED as error:
            raise _refusal(name) from error


def members_of(
    archive: tarfile.TarFile, name: str, most: int = MOST_FILES
) -> Iterator[tarfile.TarInfo]:
    """All that is in a package; UsageError where that is more than `most`."""
    for number, member in enumerate(archive):
        if number >= most:
            raise UsageError(
                f"{name} holds more than {counted(most, 'file')}",
                remedy="give a package as its distribution made it",
            )
        yield member


def _refusal(name: str, *, is_full: bool = False, most: int = 0) -> UsageError:
    if is_full:
        return UsageError(
            f"{name} holds more than {most >> 20} MiB", remedy="give a package as it was downloaded"
        )
    kind, ending = ("RPM", ".rpm") if name.endswith(".rpm") else ("Debian", ".deb")
    return UsageError(
        f"{name} is no {kind} package", remedy=f"give a {ending} as it was downloaded"
    )


def _unpacker(name: str, give: str, *, control: bool) -> list[str]:
    """The command that makes a tar archive of such a package; HostUnfitError without one."""
    is_rpm = name.endswith(".rpm")
    deb = _DEB_CONTROL if control else _DEB
    for program, options in (_RPM if is_rpm else deb).items():
        if (found := shutil.which(program)) is not None:
            return [found, *options]
    absent = "neither bsdtar nor rpm2archive is" if is_rpm else "dpkg-deb is not"
    raise HostUnfitError(
        f"{name} cannot be unpacked, because {absent} installed",
        remedy=_INSTALL_RPM if is_rpm else f"install dpkg, or {give}",
    )
