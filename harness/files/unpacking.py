"""Unpacking compressed data up to a limit: a few bytes may unpack to terabytes."""

from __future__ import annotations

import lzma

from harness.files.reading import MOST_BYTES, TooLargeError

_PIECE_BYTES = 1 << 20


def unpack_xz(data: bytes, limit: int = MOST_BYTES) -> bytes:
    """Unpack xz-compressed data; several streams may follow each other.

    Raises lzma.LZMAError if it is damaged or cut short, TooLargeError beyond `limit` bytes.
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
