"""The shared libraries that a program or an extension module needs, read from its ELF headers.

What `ldd` would say without running anything. Format: the System V ABI, chapters 4 and 5; 64-bit
files of this machine's byte order only, which is all that Python 3.11 comes as on Linux.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.errors import HostUnfitError

_MAGIC: Final = b"\x7fELF\x02\x01"
_EM_X86_64: Final = 62
_HEADER: Final = struct.Struct("<16sHHIQQQIHHHHHH")
_SEGMENT: Final = struct.Struct("<IIQQQQQQ")
_DYNAMIC: Final = struct.Struct("<qQ")
_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_DT_NULL, _DT_NEEDED, _DT_STRTAB, _DT_STRSZ, _DT_RPATH, _DT_RUNPATH = 0, 1, 5, 10, 15, 29
_MOST_ENTRIES: Final = 4096
USUAL_FOLDERS: Final = tuple(
    f"{root}/{name}"
    for name in (f"lib/{os.uname().machine}-linux-gnu", "lib64", "lib")
    for root in ("", "/usr", "/usr/local")
)


class NotElfError(ValueError):
    """The file is not a 64-bit ELF file that can be read."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a file needs: the program that loads it (empty for a library), and libraries by name.

    `folders` are where it asks to look first, `$ORIGIN` in them as written.
    """

    interpreter: str
    libraries: tuple[str, ...]
    folders: tuple[str, ...]


def is_for_x86_64(data: bytes) -> bool:
    """Whether this is an ELF file that a machine of x86_64 can load."""
    if data[:6] != _MAGIC or len(data) < _HEADER.size:
        return False
    return bool(_HEADER.unpack_from(data)[2] == _EM_X86_64)


def read_needs(data: bytes) -> Needs:
    """The needs of an ELF file; NotElfError for any other, or a damaged one."""
    try:
        return _read(data)
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise NotElfError("the ELF headers are damaged") from error


def _read(data: bytes) -> Needs:
    if data[:6] != _MAGIC:
        raise NotElfError("it is not a 64-bit little-endian ELF file")
    header = _HEADER.unpack_from(data)
    at, size, count = header[5], header[9], header[10]
    segments = [_SEGMENT.unpack_from(data, at + index * size) for index in range(count)]
    interpreter = next((_text(data, s[2], s[5]) for s in segments if s[0] == _PT_INTERP), "")
    dynamic = next((s for s in segments if s[0] == _PT_DYNAMIC), None)
    if dynamic is None:
        return Needs(interpreter, (), ())
    tags = list(_tags(data, dynamic[2], dynamic[5]))
    values = dict(tags)
    strings = _file_offset(segments, values.get(_DT_STRTAB, 0))
    end = strings + values.get(_DT_STRSZ, 0)
    names = [(tag, _text(data, strings + value, end - strings - value)) for tag, value in tags
             if tag in (_DT_NEEDED, _DT_RPATH, _DT_RUNPATH)]  # fmt: skip
    return Needs(
        interpreter,
        tuple(name for tag, name in names if tag == _DT_NEEDED),
        tuple(f for tag, name in names if tag != _DT_NEEDED for f in name.split(":") if f),
    )


def _tags(data: bytes, at: int, size: int) -> Iterator[tuple[int, int]]:
    for index in range(min(size // _DYNAMIC.size, _MOST_ENTRIES)):
        tag, value = _DYNAMIC.unpack_from(data, at + index * _DYNAMIC.size)
        if tag == _DT_NULL:
            return
        yield tag, value


def _file_offset(segments: list[tuple[int, ...]], address: int) -> int:
    for kind, _, offset, virtual, _, size, *_ in segments:
        if kind == _PT_LOAD and virtual <= address < virtual + size:
            return offset + address - virtual
    raise NotElfError("its strings are in no segment")


def _text(data: bytes, at: int, most: int) -> str:
    if most <= 0 or at < 0:
        raise NotElfError("a name in it leads nowhere")
    return data[at : at + most].split(b"\0", 1)[0].decode()


def libraries_of(path: Path) -> dict[str, Path]:
    """Every library that a program or extension needs, those of its libraries too, by name.

    The loader is among them, under its whole path. HostUnfitError where one is not found.
    """
    found: dict[str, Path] = {}
    waiting = [path]
    while waiting:
        file = waiting.pop()
        needs = read_needs(file.read_bytes())
        if needs.interpreter:
            found[needs.interpreter] = Path(needs.interpreter)
        for name in needs.libraries:
            if name not in found:
                found[name] = _find(name, file, needs)
                waiting.append(found[name])
    return found


def find_library(name: str, first: Iterable[str] = ()) -> Path | None:
    """Where a library is that this user may read, in these folders or where the loader looks.

    None if nowhere. As for the loader, a folder that is closed to the user has nothing.
    """
    folders = (*first, *USUAL_FOLDERS, *_configured_folders())
    candidates = (Path(folder) / name for folder in folders)
    readable = (path for path in candidates if os.access(path, os.R_OK))
    return next((path for path in readable if path.is_file()), None)


def _find(name: str, user: Path, needs: Needs) -> Path:
    own = [folder.replace("$ORIGIN", str(user.parent)) for folder in needs.folders]
    if (found := find_library(name, own)) is not None:
        return found
    raise HostUnfitError(
        f"{user} needs the library {name}, which is in none of the usual folders",
        remedy="install it; a guest is given the libraries that this Python runs with",
    )


def _configured_folders() -> list[str]:
    """The folders of /etc/ld.so.conf.d; those that name others by `include` are the usual ones."""
    folders = []
    for file in sorted(Path("/etc/ld.so.conf.d").glob("*.conf")):
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        folders += [line.strip() for line in lines if line.strip().startswith("/")]
    return folders
