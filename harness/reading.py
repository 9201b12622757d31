"""Reads files from outside: never more than a bound, never something that does not end.

A file may be a link to /dev/zero, a pipe that nobody writes to, or a few bytes that unpack to
terabytes. What is inside is not judged here.
"""

from __future__ import annotations

import errno
import lzma
import os
import stat
from pathlib import Path

MOST_BYTES = 256 << 20
"""A run of thousands of trials has a tenth of it."""
MOST_DOCUMENT_BYTES = 16 << 20
"""A plan, an environment, a lease: some kilobytes, with a thousand rules a megabyte."""
_PIECE_BYTES = 1 << 20


class TooLargeError(ValueError):
    """The file, or what it unpacks to, is larger than it can be."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"it is larger than {limit >> 20} MiB")


def read_file(path: Path, limit: int = MOST_DOCUMENT_BYTES, *, follow: bool = True) -> bytes:
    """The content of a regular file.

    Raises OSError where it cannot be read or is no regular file, with `follow` false also where
    it is a link, and TooLargeError (a ValueError) where it is larger than `limit` bytes.
    """
    # Opening a pipe would wait for somebody to write to it.
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (0 if follow else os.O_NOFOLLOW)
    with os.fdopen(os.open(path, flags), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        data = file.read(limit + 1)
    if len(data) > limit:
        raise TooLargeError(limit)
    return data


def read_text(path: Path, limit: int = MOST_DOCUMENT_BYTES) -> str:
    """The same as text in UTF-8; UnicodeDecodeError (a ValueError) where it is none."""
    return read_file(path, limit).decode("utf-8")


def read_given(path: Path, limit: int = MOST_DOCUMENT_BYTES) -> str:
    """The same of a file that the user names, who may also name a pipe: `<(make-a-plan)`."""
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise TooLargeError(limit)
    return data.decode("utf-8")


def unpack_xz(data: bytes, limit: int = MOST_BYTES) -> bytes:
    """What xz-compressed data unpacks to; several streams may follow each other.

    Raises lzma.LZMAError where it is damaged or cut short, TooLargeError beyond `limit` bytes.
    """
    unpacked = bytearray()
    rest = data
    while rest:
        # Also bounds what a header may claim to need.
        unpacking = lzma.LZMADecompressor(memlimit=limit)
        piece = rest
        while not unpacking.eof:
            unpacked += unpacking.decompress(piece, _PIECE_BYTES)
            piece = b""
            if len(unpacked) > limit:
                raise TooLargeError(limit)
            if unpacking.needs_input and not unpacking.eof:
                raise lzma.LZMAError("it ends too early")
        rest = unpacking.unused_data.lstrip(b"\0")  # padding between streams
    return bytes(unpacked)
