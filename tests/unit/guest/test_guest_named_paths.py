"""What rules name exists in a guest, as the kind that it is on this host."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from harness.guest.cpio import file, folder, with_parents, write_archive
from harness.guest.named_paths import entries_for
from harness.kernel.rules.file import parse_rules_text


def payloads(text: str) -> list[bytes]:
    """The rules of a text, wherever their paths are."""
    return [rule.to_bytes() for rule in parse_rules_text(text, "rules", elsewhere=True).rules]


def kinds(text: str) -> dict[str, int]:
    """The kind of each path that rules get."""
    made = entries_for(payloads(text), {})
    write_archive(made)  # whatever is made can be written
    return {os.fsdecode(path): stat.S_IFMT(entry.mode) for path, entry in made.items()}


def test_paths_unknown_here_are_made_as_the_rule_needs_them() -> None:
    found = kinds(
        "-w /no-such/watched -p wa\n"
        "-a always,exit -F dir=/no-such/tree -F perm=wa\n"
        "-a always,exit -S all -F exe=/no-such/bin/tool\n"
    )
    assert found["/no-such/watched"] == stat.S_IFREG
    assert found["/no-such/tree"] == stat.S_IFDIR
    assert found["/no-such/bin"] == stat.S_IFDIR
    made = entries_for(payloads("-a always,exit -S all -F exe=/no-such/bin/tool"), {})
    assert made[b"/no-such/bin/tool"].mode & 0o111


def test_paths_known_here_keep_their_kind(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "tool").write_text("#!/bin/sh\n")
    (tmp_path / "tool").chmod(0o755)
    text = f"-a always,exit -F path={tmp_path}/folder -F perm=wa\n-w {tmp_path}/tool -p x\n"
    found = kinds(text)
    assert found[f"{tmp_path}/folder"] == stat.S_IFDIR
    made = entries_for(payloads(text), {})
    assert made[os.fsencode(tmp_path / "tool")].mode & 0o111
    assert made[os.fsencode(tmp_path / "tool")].data == b"", "no content is copied"


def test_links_are_links_and_lead_to_what_they_lead_to(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "file").write_text("")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "last").symlink_to(tmp_path / "real" / "file")
    found = kinds(f"-w {tmp_path}/link/file -p wa\n-w {tmp_path}/last -p wa\n")
    assert found[f"{tmp_path}/link"] == stat.S_IFLNK
    assert found[f"{tmp_path}/last"] == stat.S_IFLNK
    assert found[f"{tmp_path}/real/file"] == stat.S_IFREG


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    found = kinds(f"-w {tmp_path}/a/x -p wa\n")
    assert found[f"{tmp_path}/a"] == stat.S_IFLNK


def test_a_path_below_another_makes_that_one_a_folder() -> None:
    found = kinds("-w /no-such/thing -p wa\n-w /no-such/thing/below -p wa\n")
    assert found["/no-such/thing"] == stat.S_IFDIR
    assert found["/no-such/thing/below"] == stat.S_IFREG


def test_what_a_guest_has_already_stays_as_it_is() -> None:
    taken = with_parents({b"/no-such/python": file(b"\x7fELF", 0o755), b"/proc": folder()})
    made = entries_for(payloads("-w /no-such/python -p x\n-w /no-such/other -p wa\n"), taken)
    assert set(made) == {b"/no-such/other"}


def test_a_path_through_a_file_of_the_guest_is_left_out() -> None:
    taken = {b"/no-such": file(b"")}
    assert entries_for(payloads("-w /no-such/below -p wa\n"), taken) == {}
