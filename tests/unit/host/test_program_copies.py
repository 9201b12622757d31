"""Programs in containers, on a made-up /proc: which are other files, and what is left alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.host.program_copies import container_copies

OURS = "21 1 8:1 / / rw - ext4 /dev/sda1 rw\n"


class Proc:
    """A /proc with processes, each in a mount namespace and with a root of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "proc"
        self.process("self", "host", Path("/"), OURS)

    def process(self, pid: str, namespace: str, root: Path, mounts: str) -> None:
        place = self.folder / pid
        (place / "ns").mkdir(parents=True)
        (place / "ns/mnt").symlink_to(f"mnt:[{namespace}]")
        (place / "root").symlink_to(root)
        (place / "mountinfo").write_text(mounts)

    def mounts(self, more: str) -> None:
        (self.folder / "self/mountinfo").write_text(OURS + more)


@pytest.fixture
def proc(tmp_path: Path) -> Proc:
    return Proc(tmp_path)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    file = tmp_path / "opt/program"
    file.parent.mkdir()
    file.write_text("host")
    return file


def rooted(folder: Path, program: Path, name: str = "box") -> tuple[Path, Path]:
    """The root of a container and the program's path in it."""
    root = folder / name
    inside = root / str(program)[1:]
    inside.parent.mkdir(parents=True)
    return root, inside


OVERLAY = "30 1 0:50 / / rw - overlay overlay rw,lowerdir=/l\n"


def test_a_copy_in_a_container_is_found_once(tmp_path: Path, proc: Proc, program: Path) -> None:
    root, inside = rooted(tmp_path, program)
    inside.write_text("copy")
    for pid in ("40", "41"):
        proc.process(pid, "1", root, OVERLAY)
    proc.process("42", "host", Path("/"), OURS)
    (copy,) = container_copies(proc.folder)(os.fsencode(program))
    assert (copy.pid, copy.path) == (40, b"")


def test_the_path_by_which_the_host_sees_it(tmp_path: Path, proc: Proc, program: Path) -> None:
    root, inside = rooted(tmp_path, program)
    inside.write_text("copy")
    proc.process("40", "1", root, OVERLAY)
    proc.mounts("31 1 0:50 / /var/lib/box\\040one/merged rw - overlay overlay rw\n")
    (copy,) = container_copies(proc.folder)(os.fsencode(program))
    assert copy.path == b"/var/lib/box one/merged" + os.fsencode(program)


def test_the_same_file_is_no_copy(tmp_path: Path, proc: Proc, program: Path) -> None:
    root, inside = rooted(tmp_path, program)
    os.link(program, inside)
    proc.process("40", "1", root, OVERLAY)
    assert container_copies(proc.folder)(os.fsencode(program)) == []


def test_links_lead_within_the_container(tmp_path: Path, proc: Proc, program: Path) -> None:
    root, inside = rooted(tmp_path, program)
    (root / "real").write_text("copy")
    inside.symlink_to("/real")
    proc.process("40", "1", root, OVERLAY)
    assert len(container_copies(proc.folder)(os.fsencode(program))) == 1
    (root / "real").unlink()
    inside.unlink()
    inside.symlink_to("/etc/passwd")
    assert container_copies(proc.folder)(os.fsencode(program)) == []


@pytest.mark.parametrize("kind", ["fuse.x", "nfs4", "autofs", "9p", "cifs"])
def test_file_systems_that_may_never_answer_are_not_touched(
    tmp_path: Path, proc: Proc, program: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, inside = rooted(tmp_path, program)
    inside.write_text("copy")
    proc.process("40", "1", root, f"{OVERLAY}33 30 0:60 / {program.parent} rw - {kind} x rw\n")
    touched = []
    real = os.stat

    def stat(path: object, **more: object) -> object:
        touched.append(path)
        return real(path, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(os, "stat", stat)
    assert container_copies(proc.folder)(os.fsencode(program)) == []
    assert os.fsencode(program.parent)[1:] not in touched


def test_a_link_in_a_circle_and_one_out_of_it_end(
    tmp_path: Path, proc: Proc, program: Path
) -> None:
    for number, target in enumerate((program.name, "../../../../../etc/passwd", "/proc/self/exe")):
        root, inside = rooted(tmp_path, program, f"box{number}")
        inside.symlink_to(target)
        proc.process(str(40 + number), str(number), root, OVERLAY)
    assert container_copies(proc.folder)(os.fsencode(program)) == []


def test_what_may_not_be_seen_is_left_out(tmp_path: Path, proc: Proc, program: Path) -> None:
    (proc.folder / "50").mkdir()
    proc.process("51", "5", tmp_path / "gone", OVERLAY)
    proc.process("52", "6", tmp_path, "damaged\n")
    assert container_copies(proc.folder)(os.fsencode(program)) == []
    assert container_copies(tmp_path / "no-proc")(os.fsencode(program)) == []
    assert container_copies(proc.folder)(b"/no/such/program") == []


def test_this_host_can_be_looked_at() -> None:
    assert isinstance(container_copies()(b"/bin/sh"), list)
