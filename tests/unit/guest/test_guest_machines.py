"""A guest of another machine: its kernel is recognised, and what it needs is named or kept."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import struct
import tarfile
from pathlib import Path

import pytest

from harness.errors import HostUnfitError, UsageError
from harness.guest.boot import emulator_command, find_emulator, kernel_parameters
from harness.guest.contents import interpreter, python_version
from harness.guest.cross import compile_modules
from harness.guest.kernels import images, packages
from harness.guest.kernels.cache import NAME
from harness.guest.kernels.heads import read_head
from harness.guest.kernels.images import find_kernel, find_kernels, machine_of
from harness.guest.kernels.kept import find_kept, list_kept, remove_kept
from harness.guest.kernels.packages import Package, Wanted, python_release, read_version
from harness.guest.machines import AARCH64, X86_64
from harness.guest.userland import Userland
from tests.unit.guest.test_guest_images import bz_image

RELEASE = "6.12.117+deb12-cloud-arm64"
BANNER = f"Linux version {RELEASE} (someone@somewhere) #1 SMP".encode()


@pytest.fixture(autouse=True)
def _x86_64(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def arm_image(banner: bytes = BANNER) -> bytes:
    """As much of an Image of arm64 as says what it is."""
    data = bytearray(0x1000)
    data[56:60] = b"ARM\x64"
    data[0x800 : 0x800 + len(banner)] = banner
    return bytes(data)


@pytest.mark.parametrize("data", [arm_image(), gzip.compress(arm_image())], ids=["bare", "gz"])
def test_an_image_of_arm64_is_recognised_packed_or_not(data: bytes) -> None:
    head = read_head(data, "Image")
    assert (head.machine, head.release, head.image) == (AARCH64, RELEASE, arm_image())


@pytest.mark.parametrize(
    "data",
    [gzip.compress(b"x"), gzip.compress(arm_image())[:40], b"\x1f\x8b"],
    ids=["other", "cut", "head"],
)
def test_what_is_packed_and_no_image_is_refused(data: bytes) -> None:
    with pytest.raises(UsageError, match="is no bzImage and no Image of arm64"):
        read_head(data, "x")


def test_an_image_without_a_banner_has_no_release() -> None:
    assert read_head(arm_image(b""), "Image").release == ""


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        ("6.12", Wanted(None, "6.12")),
        ("arm64/6.12", Wanted(None, "6.12", "arm64")),
        ("arm64/trixie-backports/6.18", Wanted("trixie-backports", "6.18", "arm64")),
        ("arm64/vmlinuz", None),
    ],
)
def test_a_version_is_named_with_its_machine(word: str, wanted: Wanted | None) -> None:
    assert read_version(word) == wanted


def test_kernels_of_two_machines_are_not_counted_into_one_run(tmp_path: Path) -> None:
    (tmp_path / "Image").write_bytes(arm_image())
    (tmp_path / "bzImage").write_bytes(bz_image())
    arm, x86 = str(tmp_path / "Image"), str(tmp_path / "bzImage")
    assert (machine_of([arm]), machine_of([x86]), machine_of([])) == (AARCH64, X86_64, X86_64)
    assert machine_of(["arm64/6.1", arm]) == AARCH64
    for words in ([arm, x86], ["arm64/6.1", "6.1"], ["arm64/6.1", "host"]):
        with pytest.raises(UsageError, match="kernels of different machines"):
            machine_of(words)


def test_what_runs_on_this_machine_alone_refuses_a_kernel_of_another(tmp_path: Path) -> None:
    (tmp_path / "Image").write_bytes(arm_image())
    with pytest.raises(UsageError, match="is a kernel of aarch64, under which only loads"):
        find_kernel(str(tmp_path / "Image"))
    assert list(find_kernels([str(tmp_path / "Image")])) == [RELEASE]


@pytest.mark.parametrize(
    ("word", "release"), [("arm64/6.12", "bookworm"), ("arm64/sid/6.12", "sid")]
)
def test_a_kernel_of_arm64_is_of_the_release_that_has_this_python(
    monkeypatch: pytest.MonkeyPatch, word: str, release: str
) -> None:
    asked = []

    class Served:
        def __init__(self, folder: Path, release: str | None, debian: str = "amd64") -> None:
            asked.append((folder.name, release, debian))

        def newest(self, version: str | None) -> Package:
            return Package(f"linux-image-{RELEASE}", f"{version}.1")

        def download(self, package: Package) -> bytes:
            return b""

    monkeypatch.setattr(images, "Archive", Served)
    monkeypatch.setattr(images, "image_of_package", lambda data, name: arm_image())
    monkeypatch.setattr(packages, "python_version", lambda: "3.11")
    (kernel,) = find_kernels([word]).values()
    assert (kernel.machine, kernel.release) == (AARCH64, RELEASE)
    assert asked == [(f"apt-{release}-arm64", release, "arm64")]


def test_a_python_that_debian_never_had_is_refused_with_those_that_it_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(packages, "python_version", lambda: "3.12")
    with pytest.raises(HostUnfitError, match=r"never 3\.12: run auditbench with Python 3\.11 or"):
        python_release()


def test_kept_kernels_are_named_by_machine_and_take_along_what_their_guests_needed(
    tmp_path: Path,
) -> None:
    folders = [tmp_path / NAME / name for name in ("", "kernels", "machines")]
    for folder in folders:
        folder.mkdir(mode=0o700)
    ours = Package("linux-image-6.12.117+deb12-cloud-amd64", "6.12.117-1")
    theirs = Package(f"linux-image-{RELEASE}", "6.12.117-1")
    for package, data in ((ours, bz_image()), (theirs, arm_image())):
        (folders[1] / package.file).write_bytes(data)
    parts = [folders[2] / name for name in ("python3.11-aarch64_3.11.2.tar", "a.b-aarch64-0.so")]
    for part in parts:
        part.write_bytes(b"")
    assert [kernel.package for kernel in find_kept(["6.12"])] == [ours]
    (kept,) = find_kept(["arm64/6.12"])
    assert (kept.package, kept.release) == (theirs, RELEASE)
    remove_kept(kept)
    assert [kernel.package for kernel in list_kept()] == [ours]
    assert not any(part.exists() for part in parts)


def test_without_its_emulator_the_command_that_installs_it_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/no-such")
    with pytest.raises(UsageError, match=r"qemu-system-aarch64 is not .* qemu-system-arm \(Debian"):
        find_emulator(AARCH64)


def test_its_emulator_counts_as_that_of_this_machine_does() -> None:
    words = emulator_command(AARCH64, "q", kernel="k", root="r", line_fd=3, seed=1)
    assert words[words.index("-icount") + 1] == "shift=0,sleep=off"
    assert "neoverse-n1,cntfrq=1000000000" in words
    assert "pci-serial,chardev=line" in words
    parameters = kernel_parameters(AARCH64).split()
    assert {"console=ttyAMA0", f"rdinit={interpreter(AARCH64)}"} < set(parameters)
    assert interpreter(AARCH64) == Path(f"/usr/bin/python{python_version()}")


def elf(interpreter: bytes = b"", needed: bytes = b"") -> bytes:
    """A file that needs a loader and one library, as far as its headers say."""
    head, segment = struct.calcsize("<16sHHIQQQIHHHHHH"), struct.calcsize("<IIQQQQQQ")
    at = head + 3 * segment
    strings = b"\0" + needed + b"\0"
    tags = [(5, at + 256), (10, len(strings)), *([(1, 1)] if needed else []), (0, 0)]
    dynamic = b"".join(struct.pack("<qQ", *tag) for tag in tags)
    loader = interpreter + b"\0" if interpreter else b""
    body = dynamic.ljust(256, b"\0") + strings + loader
    segments = [
        (1, 5, 0, 0, 0, at + len(body), at + len(body), 4096),
        (2, 6, at, at, at, len(dynamic), len(dynamic), 8),
        (3 if loader else 4, 4, at + 256 + len(strings), 0, 0, len(loader), len(loader), 1),
    ]
    ident = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    header = struct.pack("<16sHHIQQQIHHHHHH", ident, 3, 183, 1, 0, head, 0, 0, head, segment,
                         len(segments), 0, 0, 0)  # fmt: skip
    return header + b"".join(struct.pack("<IIQQQQQQ", *each) for each in segments) + body


def as_userland(files: dict[str, bytes]) -> Userland:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, data in files.items():
            about = tarfile.TarInfo(name)
            about.size = len(data)
            archive.addfile(about, io.BytesIO(data))
    return Userland(made.getvalue())


def test_libraries_are_those_of_the_other_machine() -> None:
    program = elf(b"/lib/ld-linux-aarch64.so.1", b"liba.so.1")
    liba, libb, loader = elf(needed=b"libb.so.2"), elf(), elf() + b"loader"
    userland = as_userland(
        {
            "usr/lib/aarch64-linux-gnu/liba.so.1": liba,
            "lib/aarch64-linux-gnu/libb.so.2": libb,
            "lib/ld-linux-aarch64.so.1": loader,
        }
    )
    assert userland.libraries_of([program]) == {
        "/lib/ld-linux-aarch64.so.1": loader,
        "liba.so.1": liba,
        "libb.so.2": libb,
    }
    with pytest.raises(HostUnfitError, match=r"needs the library libc\.so\.6"):
        userland.libraries_of([elf(needed=b"libc.so.6")])


def test_without_a_compiler_the_command_that_installs_it_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/no-such")
    with pytest.raises(UsageError, match="gcc-aarch64-linux-gnu libc6-dev-arm64-cross"):
        compile_modules({"workloads.syscalls": Path("x.so")}, AARCH64, as_userland({}))


def test_a_module_that_cannot_be_compiled_is_named_with_what_the_compiler_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiler = tmp_path / "bin" / "aarch64-linux-gnu-gcc"
    compiler.parent.mkdir()
    compiler.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo "a compiler 1" && exit\n'
        '[ "$1 $2" = "-wrapper setpriv,--pdeathsig,KILL" ] && : > "$TMPDIR/left.o"\n'
        'echo "Python.h: no such file in $TMPDIR" >&2\nexit 1\n'
    )
    compiler.chmod(0o755)
    monkeypatch.setenv("PATH", f"{compiler.parent}:{os.environ['PATH']}")
    import workloads.syscalls

    module = {"workloads.syscalls": Path(str(workloads.syscalls.__file__))}
    place = tmp_path / NAME / "machines" / "auditbench-"
    words = rf"syscalls\.pyx cannot be compiled .* no such file in {place}"
    with pytest.raises(HostUnfitError, match=words):
        compile_modules(module, AARCH64, as_userland({}))
    assert shutil.which("aarch64-linux-gnu-gcc") == str(compiler)
    assert list((tmp_path / NAME / "machines").iterdir()) == []
