"""Debian packages made of anything, those that no distribution would make as well."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

FIELDS = {"Package": "auditd", "Version": "1:4.0-1", "Architecture": "amd64"}


def member(name: str, data: bytes = b"", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    """A member of a tar archive; `fields` are attributes of a TarInfo."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(data), 0o755
    for key, value in fields.items():
        setattr(info, key, value)
    return info, data


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tuple[tarfile.TarInfo, bytes]:
    """A link, symbolic unless another kind is given."""
    return member(name, type=kind, linkname=target)


def tar(members: Iterable[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    """A tar archive as the members say, whatever they say."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return made.getvalue()


def deb(
    members: Iterable[tuple[tarfile.TarInfo, bytes]],
    fields: Mapping[str, str] | None = None,
    *,
    data_name: str = "data.tar",
    data: bytes | None = None,
    control: Sequence[tuple[tarfile.TarInfo, bytes]] = (),
) -> bytes:
    """A package with these members; `data` is the archive of them where it is packed already.

    `control` stands before the file that says what the package is.
    """
    lines = {**FIELDS, "Maintainer": "x <x@example.org>", "Description": "x", **(fields or {})}
    about = "".join(f"{name}: {value}\n" for name, value in lines.items()).encode()
    parts = {
        "debian-binary": b"2.0\n",
        "control.tar": tar([*control, member("./control", about)]),
        data_name: tar(members) if data is None else data,
    }
    made = b"!<arch>\n"
    for name, content in parts.items():
        made += f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode()
        made += content + b"\n" * (len(content) % 2)
    return made


def damaged_archives() -> dict[str, bytes]:
    """Archives with headers that nobody should have made, by what is wrong with them."""
    good = tarfile.TarInfo("usr/sbin/auditd").tobuf(tarfile.USTAR_FORMAT)
    backwards = bytearray(good)
    backwards[124:136] = b"\xff" + (256**11 - 1024).to_bytes(11, "big")  # a size of -1024
    backwards[148:156] = b" " * 8
    backwards[148:156] = b"%06o\0 " % sum(backwards)
    end = bytes(1024)
    return {
        "a map of holes without numbers": _extended("GNU.sparse.map", "x") + good + end,
        "a header about a header, and so on": _extended("a", "b") * 3000 + good + end,
        "packed once more": gzip.compress(tar([member("./usr/sbin/auditd", b"x")])),
        "a file that ends before it begins": good * 3 + bytes(backwards) + end,
    }


def _extended(key: str, value: str) -> bytes:
    """A header of the pax format that says something about the next one."""
    line = f" {key}={value}\n"
    body = f"{len(line) + 2}{line}".encode()
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, len(body)
    return info.tobuf(tarfile.USTAR_FORMAT) + body + bytes(-len(body) % 512)


def elf(libraries: Sequence[str] = (), loader: str = "/lib64/ld-linux-x86-64.so.2") -> bytes:
    """As much of a program's ELF headers as says what it needs; no loader makes it a library."""
    strings = b"\0" + b"".join(name.encode() + b"\0" for name in libraries)
    tags, place = [], 1
    for name in libraries:
        tags.append((1, place))
        place += len(name) + 1
    segments = 3 if loader else 2
    start = 64 + 56 * segments
    interpreter = loader.encode() + b"\0"
    tables = start + len(interpreter)
    tags += [(5, tables), (10, len(strings)), (0, 0)]
    dynamic = b"".join(struct.pack("<qQ", *tag) for tag in tags)
    whole = tables + len(strings) + len(dynamic)

    def segment(kind: int, at: int, size: int) -> bytes:
        return struct.pack("<IIQQQQQQ", kind, 5, at, at, at, size, size, 8)

    heads = [segment(1, 0, whole), segment(2, tables + len(strings), len(dynamic))]
    heads += [segment(3, start, len(interpreter))] if loader else []
    head = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01" + bytes(9), 3, 62, 1, 0, 64, 0,
                       0, 64, 56, segments, 64, 0, 0)  # fmt: skip
    return head + b"".join(heads) + interpreter + strings + dynamic


def package_of_folder(folder: Path, name: str, version: str) -> bytes:
    """A package with the files below a folder, links as links."""
    members = []
    for path in sorted(folder.rglob("*")):
        inside = f"./{path.relative_to(folder)}"
        if path.is_symlink():
            members.append(link(inside, str(path.readlink())))
        elif path.is_file():
            members.append(member(inside, path.read_bytes()))
    return deb(members, {"Package": name, "Version": version})
