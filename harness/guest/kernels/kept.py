"""Kernels that are kept from run to run: which there are, and removing them."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from harness.errors import UsageError
from harness.guest.kernels.cache import drop, kept
from harness.guest.kernels.heads import read_head
from harness.guest.kernels.images import kept_kernels, kept_parts
from harness.guest.kernels.packages import KEPT, Package, is_of, read_version
from harness.guest.machines import X86_64

ALL: Final = "all"
_FILE = re.compile(rf"(?P<name>linux-[^_/]+)_(?P<version>[^/]+){re.escape(KEPT)}")


@dataclass(frozen=True, slots=True)
class KeptKernel:
    """One image of the cache; `release` is what its header calls it."""

    package: Package
    release: str
    size_bytes: int
    sha256: str


def list_kept() -> list[KeptKernel]:
    """All kept kernels by version, the oldest first; what else lies in the folder is left out."""
    folder = kept_kernels()
    found = [_read(name, kept(folder, name)) for name in os.listdir(folder)]  # noqa: PTH208
    return sorted(filter(None, found), key=lambda kernel: kernel.package.rank)


def _read(name: str, data: bytes | None) -> KeptKernel | None:
    if (about := _FILE.fullmatch(name)) is None or data is None:
        return None
    try:
        release = read_head(data, name).release
    except UsageError:
        release = ""
    package = Package(about["name"], about["version"])
    return KeptKernel(package, release, len(data), hashlib.sha256(data).hexdigest())


def find_kept(words: Sequence[str]) -> list[KeptKernel]:
    """The kept kernels that these words name, each once; UsageError for a word that names none."""
    there = list_kept()
    found: dict[str, KeptKernel] = {}
    for word in words:
        named = [kernel for kernel in there if _is_named(kernel, word)]
        if not named:
            raise UsageError(
                f"no kernel {word} is kept", remedy="`auditbench list kernels` names those that are"
            )
        found |= {kernel.package.file: kernel for kernel in named}
    return list(found.values())


def remove_kept(kernel: KeptKernel) -> None:
    """Remove one; no error if it is gone already.

    With the last kernel of another machine goes what its guests need beside it.
    """
    kernels = kept_kernels()
    drop(kernels, kernel.package.file)
    names = filter(None, map(_FILE.fullmatch, os.listdir(kernels)))  # noqa: PTH208
    if not any(_is_foreign(Package(name["name"], name["version"])) for name in names):
        folder = kept_parts()
        for path in folder.iterdir():
            if path.suffix in (".tar", ".so"):
                drop(folder, path.name)


def _is_named(kernel: KeptKernel, word: str) -> bool:
    wanted = read_version(word)
    if wanted is not None:
        is_machine = _machine_of(kernel.package) == (wanted.machine or X86_64.debian)
        return is_machine and is_of(kernel.package.version, wanted.version)
    return word in (ALL, kernel.release, kernel.package.name, kernel.package.file)


def _machine_of(package: Package) -> str:
    """What Debian calls the machine that a kernel is for."""
    return package.name.rpartition("-")[2]


def _is_foreign(package: Package) -> bool:
    return _machine_of(package) != X86_64.debian
