"""A folder inside another, reached without following a link: what is removed in it is nowhere else.

Its methods use the caller's rights and raise OSError; NotADirectoryError where a part of the way is
a link.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.files.caller import as_caller
from harness.files.folder import Folder

_HOLD = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class InnerFolder:
    """An open folder, and the one that holds it. `open_inside` makes one."""

    def __init__(self, above: int, name: str, descriptor: int) -> None:
        self.descriptor = descriptor
        self._above, self._name = above, name

    def names(self) -> list[str]:
        """What is in it, by name."""
        with as_caller():
            return sorted(os.listdir(self.descriptor))  # noqa: PTH208  # what is open, not a path

    def remove(self, name: str) -> None:
        """Remove a file; a link is itself removed."""
        with as_caller():
            os.unlink(name, dir_fd=self.descriptor)

    def remove_itself(self) -> None:
        """Remove the folder, which must be empty."""
        with as_caller():
            os.rmdir(self._name, dir_fd=self._above)


@contextlib.contextmanager
def open_inside(root: Path, parts: Sequence[str]) -> Iterator[InnerFolder]:
    """Open the folder at `parts`, at least one, below `root`."""
    assert parts, "a folder is not inside itself"
    assert not {"", ".", ".."} & set(parts), parts
    with contextlib.ExitStack() as stack:
        above = here = stack.enter_context(Folder(root)).descriptor
        with as_caller():
            for part in parts:
                above, here = here, os.open(part, _HOLD, dir_fd=here)
                stack.callback(os.close, here)
        yield InnerFolder(above, parts[-1], here)
