"""Files of audit.log: rotated, compressed, from standard input; in the order of their time.

Compression is recognised by the first bytes, not by the name. The content is not judged.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import re
import shutil
import stat
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterable
from typing import IO, Any

from consumer.errors import UsageError

PIECE_BYTES = 1 << 20
PEEK_BYTES = 1 << 16
STDIN = "-"
_STAMP = re.compile(rb"type=\S+ (?:msg=)?audit\((\d{1,15})\.(\d{3}):")

# What a decompressor raises where its input is damaged or cut off.
DAMAGED = (EOFError, OSError, zlib.error, lzma.LZMAError)


class _UnpackingProgram(io.RawIOBase):
    """The output of a program that unpacks its standard input; the file's position is shared."""

    def __init__(self, words: list[str], file: int) -> None:
        self._program = words[0]
        self._process = subprocess.Popen(
            words, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read into `buffer`; return the bytes read. EOFError if the program ends with an error."""
        assert self._process.stdout is not None
        count = os.readv(self._process.stdout.fileno(), [buffer])
        if count == 0 and self._process.wait():
            raise EOFError(f"{self._program} cannot unpack it")
        return count

    def close(self) -> None:
        """Close the file and end the program."""
        if not self.closed and self._process.stdout is not None:
            self._process.stdout.close()
            self._process.wait()
        super().close()


def _zstd(stream: IO[bytes]) -> IO[bytes]:
    try:
        from compression import zstd  # type: ignore[import-not-found]  # noqa: PLC0415
    except ImportError:
        return _zstd_by_program(stream)
    return zstd.open(stream)  # type: ignore[no-any-return]


def _zstd_by_program(stream: IO[bytes]) -> IO[bytes]:
    """Unpack before Python 3.14. A pipe cannot be passed on: its inspected bytes are gone."""
    program = shutil.which("zstd")
    if program is None:
        raise UsageError(
            "zstd needs Python 3.14 or the program zstd", "install zstd, or unpack the file first"
        )
    if not _is_regular(stream):
        raise UsageError(
            "zstd from a pipe needs Python 3.14", "pipe what `zstd -dc FILE` prints, or name FILE"
        )
    os.lseek(stream.fileno(), 0, os.SEEK_SET)
    unpacking = _UnpackingProgram([program, "-dcq"], stream.fileno())
    return io.BufferedReader(unpacking, PEEK_BYTES)


_OPENERS: dict[bytes, Callable[[Any], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"\xfd7zXZ\x00": lzma.open,
    b"BZh": bz2.open,
    b"\x28\xb5\x2f\xfd": _zstd,
}


class LogFile:
    """One open file. `fd` is for reading directly, or None if there is a decompressor."""

    def __init__(self, path: str) -> None:
        self.name = "standard input" if path == STDIN else path
        self._raw = _open(path)
        try:
            magic = self._raw.peek(6)[:6]
        except OSError as error:  # a failing disk; a file of /proc that may not be read
            self._raw.close()
            raise _unreadable(self.name, error) from None
        self.size = os.fstat(self._raw.fileno()).st_size
        self.stream: Any = self._raw
        self.fd: int | None = None
        for prefix, opener in _OPENERS.items():
            if magic.startswith(prefix):
                self.stream = opener(self._raw)
        if self.stream is self._raw and _is_regular(self._raw):
            self.fd = self._raw.fileno()

    def position(self) -> int:
        """Bytes read of the file as it is on disk; 0 if it has no position."""
        return os.lseek(self._raw.fileno(), 0, os.SEEK_CUR) if _is_regular(self._raw) else 0

    def rewind(self) -> None:
        """Return to where `fd` begins; bytes that peeking read ahead are forgotten."""
        if self.fd is not None:
            os.lseek(self.fd, 0, os.SEEK_SET)

    def first_ms(self) -> int | None:
        """The time of the first record near the beginning; None if there is none."""
        try:
            match = _STAMP.search(self.stream.peek(PEEK_BYTES))
        except DAMAGED:
            return None
        return int(match[1]) * 1000 + int(match[2]) if match else None

    def read(self) -> bytes:
        """Read the next piece; empty at the end."""
        # read1 returns the bytes available, so that a slow pipe is followed.
        piece: bytes = self.stream.read1(PIECE_BYTES)
        return piece

    def close(self) -> None:
        """Close it; standard input stays open."""
        if self.stream is not self._raw:
            self.stream.close()
        if self.name != "standard input":
            self._raw.close()


def _open(path: str) -> Any:
    if path == STDIN:
        if sys.stdin is None:
            raise UsageError("standard input is closed", "name files, or pipe a log into it")
        return io.BufferedReader(io.FileIO(sys.stdin.fileno(), closefd=False), PEEK_BYTES)
    try:
        return open(path, "rb", buffering=PEEK_BYTES)  # noqa: PTH123 - LogFile closes it
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: str, error: Exception) -> UsageError:
    reason = (isinstance(error, OSError) and error.strerror) or str(error)
    return UsageError(f"{path!r} cannot be read ({reason})", "check the path and its rights")


def _is_regular(stream: Any) -> bool:
    return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)


def expand(paths: Iterable[str]) -> list[str]:
    """The paths, with a folder replaced by its `audit.log*` files; UsageError if it has none."""
    found: list[str] = []
    for path in paths:
        if path == STDIN or not os.path.isdir(path):  # noqa: PTH112
            found.append(path)
            continue
        try:
            inside = sorted(
                entry.path
                for entry in os.scandir(path)
                if entry.name.startswith("audit.log") and entry.is_file()
            )
        except OSError as error:
            raise _unreadable(path, error) from None
        if not inside:
            raise UsageError(f"no audit.log* in {path!r}", "name the files")
        found += inside
    return found


def open_in_order(paths: Iterable[str]) -> list[LogFile]:
    """All files, opened, the oldest first; those without a record come last."""
    files: list[LogFile] = []
    try:
        files.extend(LogFile(path) for path in expand(paths))
    except BaseException:
        for file in files:
            file.close()
        raise
    if len(files) > 1:
        first = {id(file): file.first_ms() for file in files}
        files.sort(key=lambda file: (first[id(file)] is None, first[id(file)] or 0))
    return files
