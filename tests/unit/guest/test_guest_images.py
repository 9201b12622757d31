"""Which kernel `--kernel` names: by version, as a package, as an image, or as this host's."""

from __future__ import annotations

import gzip
import struct
import subprocess
from functools import partial
from pathlib import Path

import pytest

from harness.errors import HostUnfitError, UsageError
from harness.guest.cpio import file, write_archive
from harness.guest.kernels import images, unpack
from harness.guest.kernels.images import find_kernel, find_kernels, machine_of
from harness.guest.kernels.packages import Package
from harness.guest.kernels.unpack import image_of_package, members_of
from harness.guest.machines import X86_64
from tests.support.guests.debs import damaged_archives, deb, member
from tests.support.programs import needs

RELEASE = "6.1.0-99-cloud-amd64"


def bz_image(release: str = RELEASE) -> bytes:
    """As much of a bzImage as its header says about itself."""
    data = bytearray(0x1000)
    data[0x1FE:0x200] = b"\x55\xaa"
    data[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", data, 0x20E, 0x400)
    words = f"{release} (someone@somewhere) #1 SMP".encode() + b"\0"
    data[0x600 : 0x600 + len(words)] = words
    return bytes(data)


@pytest.fixture(autouse=True)
def _x86_64(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "x86_64")


def test_an_image_says_which_release_it_is(tmp_path: Path) -> None:
    path = tmp_path / "bzImage"
    path.write_bytes(bz_image())
    kernel = find_kernel(str(path))
    assert (kernel.release, kernel.source, len(kernel.sha256)) == (RELEASE, str(path), 64)


@pytest.mark.parametrize("data", [b"", b"\x7fELF" + bytes(5000), bytes(5000), bz_image()[:0x204]])
def test_what_is_no_image_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "vmlinux"
    path.write_bytes(data)
    with pytest.raises(UsageError, match="is no bzImage"):
        find_kernel(str(path))


def test_a_file_that_is_not_there_is_named_with_what_may_be_given(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"a version such as 6\.1"):
        find_kernel(str(tmp_path / "none"))


def test_a_folder_is_no_kernel(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        find_kernel(str(tmp_path))


def test_a_host_whose_image_cannot_be_read_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.release", lambda: "0.0-none")
    with pytest.raises(HostUnfitError, match=r"/boot/vmlinuz-0\.0-none, cannot be read"):
        find_kernel("host")


def test_another_machine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(HostUnfitError, match="riscv64"):
        find_kernel(None)


def build_package(folder: Path, files: dict[str, bytes]) -> Path:
    """A Debian package with these files."""
    root = folder / "root"
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    control = root / "DEBIAN" / "control"
    control.parent.mkdir(parents=True, exist_ok=True)
    control.write_text(
        "Package: linux-image-x\nVersion: 1\nArchitecture: all\nMaintainer: a <a@b.c>\n"
        "Description: x\n"
    )
    made = folder / "kernel.deb"
    subprocess.run(["dpkg-deb", "-b", str(root), str(made)], check=True, capture_output=True)
    return made


@needs("dpkg-deb")
def test_the_image_of_a_package_is_found(tmp_path: Path) -> None:
    made = build_package(
        tmp_path, {f"boot/vmlinuz-{RELEASE}": bz_image(), "boot/config-x": b"CONFIG_X=y\n"}
    )
    assert find_kernel(str(made)).release == RELEASE


@needs("dpkg-deb")
def test_the_image_of_a_split_package_is_found(tmp_path: Path) -> None:
    made = build_package(tmp_path, {f"usr/lib/modules/{RELEASE}/vmlinuz": bz_image()})
    assert find_kernel(str(made)).release == RELEASE


def build_rpm(files: dict[bytes, bytes]) -> bytes:
    """An RPM package with these files: its lead, two headers without a tag, and the archive."""
    lead = struct.pack(">4sBBhh66shh16x", b"\xed\xab\xee\xdb", 3, 0, 0, 1, b"kernel-core", 1, 5)
    header = bytes.fromhex("8eade80100000000") + struct.pack(">II", 0, 0)
    entries = {path: file(data, 0o755) for path, data in files.items()}
    return lead + header + header + gzip.compress(write_archive(entries))


@needs("bsdtar")
def test_the_image_of_an_rpm_is_found(tmp_path: Path) -> None:
    made = tmp_path / "kernel-core.rpm"
    path = f"/lib/modules/{RELEASE}/vmlinuz".encode()
    made.write_bytes(build_rpm({b"/lib/modules/x/config": b"CONFIG_X=y\n", path: bz_image()}))
    assert find_kernel(str(made)).release == RELEASE


@needs("bsdtar")
def test_what_is_no_rpm_is_refused() -> None:
    with pytest.raises(UsageError, match="is no RPM package"):
        image_of_package(b"not an archive" * 100, "x.rpm")


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("x.rpm", "neither bsdtar nor rpm2archive is installed: .*install libarchive-tools"),
        ("x.deb", "dpkg-deb is not installed"),
    ],
)
def test_without_an_unpacker_what_installs_it_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, remedy: str
) -> None:
    monkeypatch.setattr("shutil.which", lambda program: None)
    with pytest.raises(HostUnfitError, match=remedy):
        image_of_package(b"", name)


@needs("dpkg-deb")
def test_a_package_without_an_image_is_refused(tmp_path: Path) -> None:
    made = build_package(tmp_path, {"usr/share/doc/x": b"x"})
    with pytest.raises(UsageError, match="has no kernel in it"):
        find_kernel(str(made))


@needs("dpkg-deb")
def test_what_is_no_package_is_refused() -> None:
    with pytest.raises(UsageError, match="is no Debian package"):
        image_of_package(b"not an archive", "x.deb")


@needs("dpkg-deb")
def test_a_package_is_unpacked_once_as_long_as_it_stays_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tmp_path / "kernel.deb"
    unpacked = []

    def unpack_(data: bytes, name: str) -> bytes:
        unpacked.append(name)
        return image_of_package(data, name)

    monkeypatch.setattr(images, "image_of_package", unpack_)
    for number, release in enumerate((RELEASE, "6.2.0-x")):
        image = bz_image(release) + bytes(1024 * number)
        made.write_bytes(deb([member("./boot/vmlinuz-x", image)]))
        words = [str(made)]
        assert machine_of(words) is X86_64
        assert list(find_kernels(words)) == [find_kernel(words[0]).release] == [release]
    assert len(unpacked) == 2


@needs("dpkg-deb")
@pytest.mark.parametrize("what", damaged_archives())
def test_a_package_with_headers_that_nobody_should_have_made_is_refused(
    monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(unpack, "members_of", partial(members_of, most=1000))
    words = "is no Debian package|holds more than 1,000 files"
    with pytest.raises(UsageError, match=words):
        image_of_package(deb([], data=damaged_archives()[what]), "x.deb")


def test_an_image_is_fetched_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    fetched = []

    class Served:
        def __init__(self, folder: Path, release: str | None) -> None:
            pass

        def newest(self, version: str | None) -> Package:
            return Package("linux-image-6.1.0-99-cloud-amd64", "6.1.300-1")

        def download(self, package: Package) -> bytes:
            fetched.append(package)
            return b""

    monkeypatch.setattr(images, "Archive", Served)
    monkeypatch.setattr(images, "image_of_package", lambda data, name: bz_image())
    first, second = find_kernel("6.1"), find_kernel(None)
    assert first == second
    assert first.source == "linux-image-6.1.0-99-cloud-amd64 6.1.300-1"
    assert len(fetched) == 1


def test_two_builds_of_one_release_have_names_of_their_own(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).write_bytes(
            bz_image("6.12.0" if name == "c" else RELEASE) + name.encode()
        )
    found = find_kernels([str(tmp_path / name) for name in ("a", "b", "c")])
    first, second, third = found
    assert third == "6.12.0"
    assert first == f"{RELEASE}#{found[first].sha256[:8]}"
    assert second == f"{RELEASE}#{found[second].sha256[:8]}"


def test_the_same_image_twice_is_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(bz_image())
    with pytest.raises(UsageError, match=r"/b is the same image as one named before it"):
        find_kernels([str(tmp_path / name) for name in ("a", "b")])
