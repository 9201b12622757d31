"""The kernel to start: named by version, as a package, as an image, or as this host's.

An image is a bzImage, whose header says which release it is (Documentation/arch/x86/boot.rst).
"""

from __future__ import annotations

import hashlib
import io
import os
import platform
import shutil
import struct
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.errors import HostUnfitError, UsageError
from harness.files.caller import why
from harness.files.reading import read_bytes
from harness.guest.cache import MOST_IMAGE_BYTES, cache_folder, keep, kept, private_folder
from harness.guest.child import run_child
from harness.guest.packages import Archive, is_version

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
    if which is None or is_version(which):
        return _served(which)
    if which == HOST:
        return _of_host()
    path = Path(which)
    data = _read(path)
    if path.suffix == ".deb":
        data = image_of_package(data, which)
    return KernelImage(which, _release(data, which), data)


def _served(version: str | None) -> KernelImage:
    kernels = private_folder(cache_folder() / "kernels")
    archive = Archive(cache_folder() / "apt")
    package = archive.newest(version)
    source = f"{package.name} {package.version}"
    data = kept(kernels, package.file)
    if data is None:
        data = image_of_package(archive.download(package), package.name)
        keep(kernels, package.file, data)
    return KernelImage(source, _release(data, source), data)


def _of_host() -> KernelImage:
    path = Path("/boot") / f"vmlinuz-{platform.release()}"
    try:
        data = read_bytes(path, limit=MOST_IMAGE_BYTES)
    except OSError as error:
        raise HostUnfitError(
            f"the image of this host's kernel, {path}, cannot be read ({error.strerror})",
            remedy=f"name a kernel package or an image: --kernel FILE; or make {path} readable",
        ) from error
    return KernelImage(str(path), _release(data, str(path)), data)


def _read(path: Path) -> bytes:
    try:
        return read_bytes(path, named=True, limit=MOST_IMAGE_BYTES)
    except OSError as error:
        raise UsageError(
            f"--kernel {path} cannot be read ({why(error)})",
            remedy="give a version such as 6.1, a .deb, a bzImage, or `host`",
        ) from error
    except ValueError as error:
        raise UsageError(f"--kernel {path} is no kernel: {error}") from error


def _release(data: bytes, source: str) -> str:
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


def image_of_package(package: bytes, name: str) -> bytes:
    """The image in a .deb; UsageError where it has none.

    dpkg-deb unpacks it into a pipe, so that nothing of the package reaches the disk.
    """
    if (unpacker := shutil.which("dpkg-deb")) is None:
        raise HostUnfitError(
            f"{name} cannot be unpacked, because dpkg-deb is not installed",
            remedy="install dpkg, or give the bzImage",
        )
    with open_in_memory(package, "package") as descriptor:
        command = [unpacker, "--fsys-tarfile", f"/dev/fd/{descriptor}"]
        done = run_child(command, pass_fds=[descriptor])
    if done.returncode:
        raise UsageError(f"{name} is no Debian package", remedy="give a .deb as it was downloaded")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        for member in archive:
            if member.isreg() and member.name.startswith("./boot/vmlinuz-"):
                file = archive.extractfile(member)
                assert file is not None
                return file.read(MOST_IMAGE_BYTES)
    raise UsageError(
        f"{name} has no kernel in /boot",
        remedy="give a package linux-image-…, not one that needs it",
    )


class open_in_memory:  # noqa: N801 - used as a function
    """A file that has no name: what it holds is gone with the last process that has it open."""

    def __init__(self, data: bytes, name: str) -> None:
        self._descriptor = os.memfd_create(name)
        with os.fdopen(os.dup(self._descriptor), "wb") as file:
            file.write(data)
        os.lseek(self._descriptor, 0, os.SEEK_SET)

    def __enter__(self) -> int:
        return self._descriptor

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)
