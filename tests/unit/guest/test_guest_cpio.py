"""The archive that a kernel unpacks, read back by a reader of its own."""

from __future__ import annotations

import stat

import pytest

from harness.guest.cpio import (
    Entry,
    character_device,
    file,
    folder,
    link,
    with_parents,
    write_archive,
)

FIELDS = 13


def read_archive(data: bytes) -> list[tuple[bytes, int, bytes, tuple[int, int]]]:
    """Path, mode, content and device of each entry, up to the trailer."""
    found, at = [], 0
    while True:
        assert data[at : at + 6] == b"070701"
        numbers = [int(data[at + 6 + 8 * n : at + 14 + 8 * n], 16) for n in range(FIELDS)]
        name_size, size = numbers[11], numbers[6]
        name = data[at + 110 : at + 110 + name_size - 1]
        assert data[at + 110 + name_size - 1] == 0
        start = (at + 110 + name_size + 3) & ~3
        if name == b"TRAILER!!!":
            assert start == len(data)
            return found
        device = (numbers[9], numbers[10])
        found.append((name, numbers[1], data[start : start + size], device))
        at = (start + size + 3) & ~3


def test_what_is_written_is_read_back() -> None:
    entries = {
        b"/etc/passwd": file(b"root:x:0\n"),
        b"/usr/bin/tool": file(b"\x7fELF", 0o755),
        b"/bin": link(b"usr/bin"),
        b"/dev/null": character_device(1, 3, 0o666),
        b"/empty": file(b""),
    }
    found = {name: rest for name, *rest in read_archive(write_archive(entries))}
    assert found[b"etc/passwd"] == [stat.S_IFREG | 0o644, b"root:x:0\n", (0, 0)]
    assert found[b"usr/bin/tool"] == [stat.S_IFREG | 0o755, b"\x7fELF", (0, 0)]
    assert found[b"bin"] == [stat.S_IFLNK | 0o777, b"usr/bin", (0, 0)]
    assert found[b"dev/null"] == [stat.S_IFCHR | 0o666, b"", (1, 3)]
    assert found[b"empty"][1] == b""


def test_a_folder_comes_before_what_it_holds() -> None:
    names = [name for name, *_ in read_archive(write_archive({b"/a/b/c": file(b"x")}))]
    assert names == [b"a", b"a/b", b"a/b/c"]


def test_a_folder_of_its_own_keeps_its_mode() -> None:
    entries = {b"/tmp": folder(0o1777), b"/tmp/a": file(b"")}
    (found,) = [mode for name, mode, *_ in read_archive(write_archive(entries)) if name == b"tmp"]
    assert found == stat.S_IFDIR | 0o1777


def test_equal_entries_make_equal_archives_in_any_order() -> None:
    first = {b"/a": file(b"1"), b"/b": file(b"2")}
    assert write_archive(first) == write_archive(dict(reversed(first.items())))


@pytest.mark.parametrize("path", [b"a", b"/a/../b", b"/a//b", b"/a/", b"/a\0b", b"/./a"])
def test_a_path_that_is_not_plain_is_refused(path: bytes) -> None:
    with pytest.raises(ValueError, match="no path"):
        write_archive({path: file(b"")})


def test_a_path_through_a_file_is_refused() -> None:
    with pytest.raises(ValueError, match="no folder"):
        with_parents({b"/a": file(b""), b"/a/b": file(b"")})


def test_content_of_every_length_is_aligned() -> None:
    for size in range(9):
        entries: dict[bytes, Entry] = {b"/a": file(b"x" * size), b"/b": file(b"y")}
        assert [data for _, _, data, _ in read_archive(write_archive(entries))] == [
            b"x" * size,
            b"y",
        ]
