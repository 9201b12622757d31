"""The kernel to start: named by version, as a package, as an image, or as this host's.

An image is a bzImage, whose header says which release it is (Documentation/arch/x86/boot.rst).
"""

from __future__ import annotations

import hashlib
import platform
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.errors import HostUnfitError, UsageError
from harness.files.caller import why
from harness.files.reading import read_bytes
from harness.guest.kernels.cache import MOST_IMAGE_BYTES, cache_folder, keep, kept, private_folder
from harness.guest.kernels.packages import Archive, Wanted, read_version
from harness.guest.kernels.unpack import image_of_package, is_package

HOST: Final = "host"
_MAGIC_AT, _MAGIC = 0x202, b"HdrS"
_VERSION_AT, _VERSION_BASE = 0x20E, 0x200
_FLAG_AT, _FLAG = 0x1FE, b"\x55\xaa"
_LONGEST_VERSION = 256


@dataclass(frozen=True, slots=True)
class KernelImage:
    """A kernel to start; `release` is what its header calls it, `source` where it comes from."""

    source: str
    release: str
    data: bytes

    @property
    def sha256(self) -> str:
        """The image's checksum, in hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()


def find_kernel(which: str | None) -> KernelImage:
    """The kernel that `--kernel` names; None is the one that this distribution serves.

    UsageError for what is no kernel, HostUnfitError where this host cannot get it.
    """
    if platform.machine() != "x86_64":
        raise HostUnfitError(
            f"guests are of the kind x86_64, and this machine is {platform.machine()}",
            remedy="count on an x86_64 machine",
        )
    wanted = read_version(which) if which is not None else None
    if which is None or wanted is not None:
        return _served(wanted)
    if which == HOST:
        return _of_host()
    data = _read(Path(which))
    if is_package(which):
        data = image_of_package(data, which)
    return KernelImage(which, release_of(data, which), data)


def find_kernels(words: Sequence[str]) -> dict[str, KernelImage]:
    """The kernels that these words name, in their order, by a name that each has alone.

    That is its release; where two images have the same, a part of their checksums tells them apart.
    UsageError where two words name the same image.
    """
    images = [find_kernel(word) for word in words or (None,)]
    for place, image in enumerate(images):
        if image.sha256 in {other.sha256 for other in images[:place]}:
            raise UsageError(
                f"--kernel {words[place]} is the same image as one named before it",
                remedy="name each kernel once",
            )
    releases = [image.release for image in images]
    return {
        image.release if releases.count(image.release) == 1
        else f"{image.release}#{image.sha256[:8]}": image
        for image in images
    }  # fmt: skip


def open_archive(release: str | None) -> Archive:
    """The archive of this distribution (None) or of a release of Debian, read into the cache."""
    return Archive(cache_folder() / (f"apt-{release}" if release else "apt"), release)


def kept_kernels() -> Path:
    """The folder of kept images, made if need be."""
    return private_folder(cache_folder() / "kernels")


def _served(wanted: Wanted | None) -> KernelImage:
    kernels = kept_kernels()
    archive = open_archive(wanted.release if wanted else None)
    package = archive.newest(wanted.version if wanted else None)
    source = f"{package.name} {package.version}"
    data = kept(kernels, package.file)
    if data is None:
        data = image_of_package(archive.download(package), package.name)
        keep(kernels, package.file, data)
    return KernelImage(source, release_of(data, source), data)


def _of_host() -> KernelImage:
    path = Path("/boot") / f"vmlinuz-{platform.release()}"
    try:
        data = read_bytes(path, limit=MOST_IMAGE_BYTES)
    except OSError as error:
        raise HostUnfitError(
            f"the image of this host's kernel, {path}, cannot be read ({error.strerror})",
            remedy=f"name a kernel package or an image: --kernel FILE; or make {path} readable",
        ) from error
    return KernelImage(str(path), release_of(data, str(path)), data)


def _read(path: Path) -> bytes:
    try:
        return read_bytes(path, named=True, limit=MOST_IMAGE_BYTES)
    except OSError as error:
        raise UsageError(
            f"--kernel {path} cannot be read ({why(error)})",
            remedy="give a version such as 6.1 or trixie-backports/6.18, a .deb, a .rpm, a "
            "bzImage, or `host`",
        ) from error
    except ValueError as error:
        raise UsageError(f"--kernel {path} is no kernel: {error}") from error


def release_of(data: bytes, source: str) -> str:
    """The release in an image's header; UsageError for what is no bzImage."""
    try:
        is_image = (
            data[_FLAG_AT : _FLAG_AT + 2] == _FLAG and data[_MAGIC_AT : _MAGIC_AT + 4] == _MAGIC
        )
        (at,) = struct.unpack_from("<H", data, _VERSION_AT)
    except struct.error:
        is_image, at = False, 0
    if not is_image or not at:
        raise UsageError(
            f"{source} is no bzImage",
            remedy="give arch/x86/boot/bzImage of a build, /boot/vmlinuz-…, or a kernel package",
        )
    start = at + _VERSION_BASE
    words = data[start : start + _LONGEST_VERSION].split(b"\0", 1)[0].split()
    return words[0].decode("ascii", "replace") if words else ""
