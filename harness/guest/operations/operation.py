"""What an operation is: a call, and how its arguments are prepared in a folder of its own."""

from __future__ import annotations

import os
import socket
import stat
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness.guest.operations.memory import Memory

AT_FDCWD = -100
ROOT, USER = 0, 1000
"""Who does an operation: root after a login of this user, or the user."""
_CODE = bytes.fromhex("6a3c5831ff0f05")  # push 60; pop rax; xor edi, edi; syscall: exit(0)
_BASE, _HEADS = 0x400000, 64 + 56
_SIZE = _HEADS + len(_CODE)
PROGRAM = (
    struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 2, 62, 1, _BASE + _HEADS, 64, 0, 0, 64,
                56, 1, 0, 0, 0)
    + struct.pack("<IIQQQQQQ", 1, 5, 0, _BASE, _BASE, _SIZE, _SIZE, 0x1000)
    + _CODE
)  # fmt: skip
"""The smallest 64-bit program: it ends at once."""


class Place:
    """Where one operation is done: an empty folder, memory for arguments, and what it makes."""

    def __init__(self, folder: Path, memory: Memory) -> None:
        self.folder, self.memory = folder, memory
        self.text, self.data, self.words = memory.text, memory.data, memory.words

    def path(self, name: str) -> int:
        """The address of a path in the folder, of what need not exist."""
        return self.text(str(self.folder / name))

    def file(self, name: str = "file", content: bytes = b"content", mode: int = 0o644) -> Path:
        """A new file."""
        made = self.folder / name
        made.write_bytes(content)
        made.chmod(mode)
        return made

    def file_path(self, name: str = "file") -> int:
        """The address of the path of a new file."""
        return self.text(str(self.file(name)))

    def opened(self, name: str = "file", flags: int = os.O_RDWR) -> int:
        """The descriptor of a new file."""
        return os.open(self.file(name), flags)

    def subfolder(self, name: str = "folder") -> Path:
        """A new folder."""
        made = self.folder / name
        made.mkdir()
        return made

    def program(self, name: str = "program") -> Path:
        """A new program that ends at once."""
        return self.file(name, PROGRAM, stat.S_IRWXU)

    def socket(self, family: int, kind: int = socket.SOCK_DGRAM) -> int:
        """The descriptor of a new socket."""
        return socket.socket(family, kind).detach()


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation.

    `call` is its name as a 64-bit system call, `call_32` as a 32-bit one: empty where there is
    none. `prepare` makes what it needs and returns the arguments. `user` does it.
    """

    name: str
    call: str
    prepare: Callable[[Place], tuple[int, ...]]
    call_32: str
    user: int = ROOT
    ring: bool = False
    """Whether io_uring does the same work; then `ring.py` knows how by the call's name."""


def operation(
    name: str,
    prepare: Callable[[Place], tuple[int, ...]],
    call: str = "",
    *,
    call_32: str | None = None,
    user: int = ROOT,
    ring: bool = False,
) -> Operation:
    """An operation whose call is its first word, and called alike in both worlds, unless said."""
    call = call or name.split(maxsplit=1)[0]
    return Operation(name, call, prepare, call if call_32 is None else call_32, user, ring)


def only_32(name: str, prepare: Callable[[Place], tuple[int, ...]], call_32: str) -> Operation:
    """An operation that only 32-bit programs have."""
    return Operation(name, "", prepare, call_32)
