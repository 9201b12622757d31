"""What an image says about itself: its machine, and the release that it is.

A bzImage has both in its header (Documentation/arch/x86/boot.rst). An Image of arm64 has the
machine there (Documentation/arch/arm64/booting.rst), and its release only in the banner that it
prints; it may be packed by gzip.
"""

from __future__ import annotations

import gzip
import io
import re
import struct
import zlib
from dataclasses import dataclass
from typing import Final

from harness.errors import UsageError
from harness.guest.kernels.cache import MOST_IMAGE_BYTES
from harness.guest.machines import AARCH64, X86_64, Machine

_MAGIC_AT, _MAGIC = 0x202, b"HdrS"
_VERSION_AT, _VERSION_BASE = 0x20E, 0x200
_FLAG_AT, _FLAG = 0x1FE, b"\x55\xaa"
_LONGEST_VERSION: Final = 256
_ARM64_AT, _ARM64 = 56, b"ARM\x64"
_GZIP: Final = b"\x1f\x8b"
_BANNER: Final = re.compile(rb"Linux version (\S{1,200}) ")


@dataclass(frozen=True, slots=True)
class Head:
    """What an image is; `image` is what the emulator takes, unpacked where it was packed."""

    machine: Machine
    release: str
    image: bytes


def read_head(data: bytes, source: str) -> Head:
    """What an image says about itself; UsageError for what is none."""
    if data.startswith(_GZIP):
        data = _unpacked(data)
    if data[_ARM64_AT : _ARM64_AT + len(_ARM64)] == _ARM64:
        found = _BANNER.search(data)
        return Head(AARCH64, found[1].decode("ascii", "replace") if found else "", data)
    return Head(X86_64, _release_of_bz_image(data, source), data)


def _unpacked(data: bytes) -> bytes:
    try:
        with gzip.open(io.BytesIO(data)) as packed:
            return packed.read(MOST_IMAGE_BYTES)
    except (OSError, EOFError, zlib.error):
        return b""


def _release_of_bz_image(data: bytes, source: str) -> str:
    try:
        is_image = (
            data[_FLAG_AT : _FLAG_AT + 2] == _FLAG and data[_MAGIC_AT : _MAGIC_AT + 4] == _MAGIC
        )
        (at,) = struct.unpack_from("<H", data, _VERSION_AT)
    except struct.error:
        is_image, at = False, 0
    if not is_image or not at:
        raise UsageError(
            f"{source} is no bzImage and no Image of arm64",
            remedy="give arch/x86/boot/bzImage or arch/arm64/boot/Image of a build, "
            "/boot/vmlinuz-…, or a kernel package",
        )
    start = at + _VERSION_BASE
    words = data[start : start + _LONGEST_VERSION].split(b"\0", 1)[0].split()
    return words[0].decode("ascii", "replace") if words else ""
