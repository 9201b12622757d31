"""Memory below 2 GiB, which arguments of both entries can point to."""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Iterable

SIZE = 1 << 18
_MAP_32BIT = 0x40
_ALIGNMENT = 16


class Memory:
    """A place for arguments. `word` is the size of a pointer in bytes: 8, or 4 for 32-bit calls."""

    def __init__(self, word: int = 8) -> None:
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _MAP_32BIT
        self._map = mmap.mmap(-1, SIZE, flags=flags)
        self._address = ctypes.addressof(ctypes.c_char.from_buffer(self._map))
        self._used = 0
        self.word = word

    def data(self, content: bytes) -> int:
        """The address of these bytes."""
        at = self._used
        if at + len(content) > SIZE:
            raise MemoryError("an operation has too many arguments")
        self._map[at : at + len(content)] = content
        self._used += len(content) + -len(content) % _ALIGNMENT
        return self._address + at

    def text(self, text: str | bytes) -> int:
        """The address of a string with its NUL."""
        return self.data((text.encode() if isinstance(text, str) else text) + b"\0")

    def words(self, values: Iterable[int]) -> int:
        """The address of numbers or pointers, each as wide as a pointer."""
        return self.data(b"".join(self.packed(value) for value in values))

    def packed(self, value: int) -> bytes:
        """One number as wide as a pointer."""
        return (value % (1 << 8 * self.word)).to_bytes(self.word, "little")
