"""Which kernel `--kernel` names: by version, as a package, as an image, or as this host's."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import pytest

from harness.errors import HostUnfitError, UsageError
from harness.guest import images, packages
from harness.guest.images import find_kernel, image_of_package
from harness.guest.packages import Archive, Package, is_version
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
def test_a_package_without_an_image_is_refused(tmp_path: Path) -> None:
    made = build_package(tmp_path, {"usr/share/doc/x": b"x"})
    with pytest.raises(UsageError, match="has no kernel in /boot"):
        find_kernel(str(made))


@needs("dpkg-deb")
def test_what_is_no_package_is_refused() -> None:
    with pytest.raises(UsageError, match="is no Debian package"):
        image_of_package(b"not an archive", "x.deb")


class Apt:
    """apt-get and apt-cache of an archive that serves these packages."""

    def __init__(self, served: dict[str, str]) -> None:
        self.served = served
        self.asked: list[tuple[str, ...]] = []

    def __call__(self, program: str, *words: str, cwd: Path | None = None) -> str:
        self.asked.append((program, *words))
        if words[0] == "pkgnames":
            return "\n".join(self.served)
        if words[0] == "show":
            stanzas = (f"Package: {n}\nVersion: {self.served[n]}\n" for n in words[2:]
                       if n in self.served)  # fmt: skip
            return "\n".join(stanzas)
        if words[0] == "download":
            assert cwd is not None
            (cwd / "x.deb").write_bytes(b"the package")
        return ""


SERVED = {
    "linux-image-cloud-amd64": "6.1.192-3",
    "linux-image-6.1.0-9-cloud-amd64": "6.1.27-1",
    "linux-image-6.1.0-57-cloud-amd64": "6.1.192-3",
    "linux-image-6.1.0-57-cloud-amd64-unsigned": "6.1.192-9",
    "linux-image-6.1.0-58-cloud-amd64-dbg": "6.1.999-1",
    "linux-image-6.12-cloud-amd64": "6.12.117-1~deb12u1",
    "linux-image-6.12.99+deb12-cloud-amd64": "6.12.99-1~deb12u1",
    "linux-image-6.12.117+deb12-cloud-amd64": "6.12.117-1~deb12u1",
    "linux-image-6.1.0-57-amd64": "6.1.192-8",
}


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Archive, Apt]:
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    found = Archive(tmp_path / "apt")
    apt = Apt(SERVED)
    monkeypatch.setattr(found, "_apt", apt)
    return found, apt


@pytest.mark.parametrize(
    ("version", "name"),
    [
        (None, "linux-image-6.1.0-57-cloud-amd64"),
        ("6.1", "linux-image-6.1.0-57-cloud-amd64"),
        ("6.1.27", "linux-image-6.1.0-9-cloud-amd64"),
        ("6.12", "linux-image-6.12.117+deb12-cloud-amd64"),
    ],
)
def test_the_newest_of_a_version_is_chosen(
    archive: tuple[Archive, Apt], version: str | None, name: str
) -> None:
    assert archive[0].newest(version).name == name


def test_a_version_that_is_not_served_is_refused_with_those_that_are(
    archive: tuple[Archive, Apt],
) -> None:
    with pytest.raises(UsageError, match=r"no kernel 5\.4: it has 6\.1, 6\.12"):
        archive[0].newest("5.4")


def test_lists_are_read_once_a_day(archive: tuple[Archive, Apt]) -> None:
    found, apt = archive
    found.newest("6.1")
    found.newest("6.1")
    assert apt.asked.count(("apt-get", "update")) == 1


def test_a_package_is_downloaded_into_a_folder_that_is_gone_afterwards(
    archive: tuple[Archive, Apt], tmp_path: Path
) -> None:
    found, apt = archive
    assert found.download(Package("linux-image-x", "1:2.3")) == b"the package"
    assert ("apt-get", "download", "linux-image-x=1:2.3") in apt.asked
    assert list((tmp_path / "apt").glob("tmp*")) == []


def test_an_image_is_fetched_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    fetched = []

    class Served:
        def __init__(self, folder: Path) -> None:
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


def test_without_apt_a_version_says_what_to_give_instead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages.shutil, "which", lambda name: None)
    with pytest.raises(HostUnfitError, match=r"--kernel FILE\.deb"):
        Archive(tmp_path / "apt")


@pytest.mark.parametrize(
    ("word", "is_one"),
    [("6.1", True), ("6.1.192", True), ("6", False), ("v6.1", False), ("6.1/x", False)],
)
def test_a_version_is_told_from_a_file(word: str, is_one: bool) -> None:
    assert is_version(word) is is_one
