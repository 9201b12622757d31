"""Files in memory, for programs that take a file: nothing is left of them on a disk."""

from __future__ import annotations

import os


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
