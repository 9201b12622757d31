"""The kernel to start: named by version, as a package, as an image, or as this host's."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from harness.errors import HostUnfitError, UsageError
from harness.files.caller import why
from harness.files.reading import read_bytes
from harness.guest.kernels.cache import MOST_IMAGE_BYTES, cache_folder, keep, kept, private_folder
from harness.guest.kernels.heads import read_head
from harness.guest.kernels.packages import Archive, Wanted, python_release, read_version
from harness.guest.kernels.unpack import image_of_package, is_package
from harness.guest.machines import MACHINES, X86_64, Machine, native_machine

HOST: Final = "host"
_NATIVE: Final = "name one of this machine's kind, such as 6.12"


@dataclass(frozen=True, slots=True)
class KernelImage:
    """A kernel to start; `release` is what it calls itself, `source` where it comes from."""

    source: str
    release: str
    data: bytes
    machine: Machine = X86_64

    @property
    def sha256(self) -> str:
        """The image's checksum, in hexadecimal."""
        return hashlib.sha256(self.data).hexdigest()


def find_kernel(which: str | None) -> KernelImage:
    """The kernel of this machine's kind that `--kernel` names; None is that of the distribution.

    UsageError for what is none, HostUnfitError where this host cannot get it.
    """
    require_native(() if which is None else (which,))
    return _find_kernel(which)


def require_native(words: Sequence[str], *, remedy: str = _NATIVE) -> None:
    """UsageError where `--kernel` names a kernel of another machine; nothing is fetched."""
    if (machine := machine_of(words)) is not X86_64:
        raise UsageError(
            f"--kernel {words[0]} is a kernel of {machine.name}, under which only loads are "
            "counted",
            remedy=remedy,
        )


def _find_kernel(which: str | None) -> KernelImage:
    native_machine()
    wanted = read_version(which) if which is not None else None
    if which is None or wanted is not None:
        return _served(wanted)
    if which == HOST:
        return _of_host()
    return _of_file(which)


def _of_file(which: str) -> KernelImage:
    """The image in a file; one that stays as it is, is unpacked once."""
    try:
        about = Path(which).stat()
    except OSError:  # which reading it tells
        return _unpacked(which)
    return _unpacked(which, about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns)


@lru_cache(maxsize=8)
def _unpacked(which: str, *_: int) -> KernelImage:
    data = _read(Path(which))
    if is_package(which):
        data = image_of_package(data, which)
    return _image(which, data)


def find_kernels(words: Sequence[str]) -> dict[str, KernelImage]:
    """The kernels that these words name, in their order, by a name that each has alone.

    That is its release; where two images have the same, a part of their checksums tells them apart.
    UsageError where two words name the same image.
    """
    images = [_find_kernel(word) for word in words or (None,)]
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


def machine_of(words: Sequence[str]) -> Machine:
    """Which machine the kernels are for that `--kernel` names; nothing is fetched.

    UsageError where they are for several: rules are then not the same bytes.
    """
    found = {_machine_of(word) for word in words} or {X86_64}
    if len(found) > 1:
        raise UsageError(
            "--kernel names kernels of different machines, whose system calls have other numbers",
            remedy="count them one after the other, and `auditbench compare` the two runs",
        )
    return found.pop()


def _machine_of(word: str) -> Machine:
    if (wanted := read_version(word)) is not None:
        return _of_debian(wanted.machine)
    return X86_64 if word == HOST else _find_kernel(word).machine


def named_in_words(words: Sequence[str]) -> tuple[str, ...]:
    """Which kernels `--kernel` names, each in words; nothing is fetched, and files are read.

    Raises what `find_kernels` raises of those that are here.
    """
    return tuple(_in_words(word) for word in words) or (
        f"the kernel that linux-image-cloud-{X86_64.debian} of this distribution installs",
    )


def _in_words(word: str) -> str:
    if (wanted := read_version(word)) is None:
        image = _find_kernel(word)
        return f"Linux {image.release} ({image.source})"
    machine, release = _of_debian(wanted.machine), wanted.release
    if release is None and machine is not X86_64:
        release = python_release()
    where = f"Debian {release}" if release else "this distribution"
    return f"the newest linux-image-{wanted.version}…-cloud-{machine.debian} that {where} serves"


def _of_debian(name: str | None) -> Machine:
    return next((each for each in MACHINES.values() if each.debian == name), X86_64)


def open_archive(release: str | None, machine: Machine = X86_64) -> Archive:
    """The archive of this distribution (None) or of a release of Debian, read into the cache."""
    name = f"apt-{release}" if release else "apt"
    if machine is X86_64:
        return Archive(cache_folder() / name, release)
    return Archive(cache_folder() / f"{name}-{machine.debian}", release, machine.debian)


def kept_kernels() -> Path:
    """The folder of kept images, made if need be."""
    return private_folder(cache_folder() / "kernels")


def kept_parts() -> Path:
    """The folder of what guests of other machines need beside a kernel, made if need be."""
    return private_folder(cache_folder() / "machines")


def _served(wanted: Wanted | None) -> KernelImage:
    kernels = kept_kernels()
    archive = _archive_of(wanted)
    package = archive.newest(wanted.version if wanted else None)
    source = f"{package.name} {package.version}"
    data = kept(kernels, package.file)
    if data is None:
        data = image_of_package(archive.download(package), package.name)
        keep(kernels, package.file, data)
    return _image(source, data)


def _archive_of(wanted: Wanted | None) -> Archive:
    if wanted is None or wanted.machine is None:
        return open_archive(wanted.release if wanted else None)
    return open_archive(wanted.release or python_release(), _of_debian(wanted.machine))


def _image(source: str, data: bytes) -> KernelImage:
    head = read_head(data, source)
    return KernelImage(source, head.release, head.image, head.machine)


def _of_host() -> KernelImage:
    path = Path("/boot") / f"vmlinuz-{platform.release()}"
    try:
        data = read_bytes(path, limit=MOST_IMAGE_BYTES)
    except OSError as error:
        raise HostUnfitError(
            f"the image of this host's kernel, {path}, cannot be read ({error.strerror})",
            remedy=f"name a kernel package or an image: --kernel FILE; or make {path} readable",
        ) from error
    return _image(str(path), data)


def _read(path: Path) -> bytes:
    try:
        return read_bytes(path, named=True, limit=MOST_IMAGE_BYTES)
    except OSError as error:
        raise UsageError(
            f"--kernel {path} cannot be read ({why(error)})",
            remedy="give a version such as 6.1, trixie-backports/6.18 or arm64/6.12, a .deb, a "
            ".rpm, a bzImage, or `host`",
        ) from error
    except ValueError as error:
        raise UsageError(f"--kernel {path} is no kernel: {error}") from error
