"""Which package of an archive `--kernel` names, and what apt-get is asked for it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from harness.errors import HostUnfitError, UsageError
from harness.guest.kernels import packages
from harness.guest.kernels.packages import Archive, Package, Wanted, read_version
from tests.support.programs import NOT_SERVED


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
    apt = Apt(dict(SERVED))
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


def test_of_split_packages_that_with_the_image_is_chosen(archive: tuple[Archive, Apt]) -> None:
    found, apt = archive
    for part in ("image", "binary"):
        apt.served |= {f"linux-{part}-7.3.4+deb13-cloud-amd64": "7.3.4-1~bpo13+1"}
    assert found.newest("7.3").name == "linux-binary-7.3.4+deb13-cloud-amd64"


def test_the_newest_of_each_version_is_listed(archive: tuple[Archive, Apt]) -> None:
    assert [p.version for p in archive[0].newest_of_each()] == ["6.1.192-3", "6.12.117-1~deb12u1"]


@pytest.mark.parametrize(
    ("release", "suites"),
    [
        ("trixie", ["debian trixie", "debian-security trixie-security"]),
        ("trixie-backports", ["debian trixie-backports"]),
        ("trixie-security", ["debian-security trixie-security"]),
        ("sid", ["debian sid"]),
    ],
)
def test_a_release_is_read_from_debians_archive_with_its_keys_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, release: str, suites: list[str]
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(packages, "KEYS", tmp_path)
    asked = []
    done = subprocess.CompletedProcess([], 0, b"", b"")
    monkeypatch.setattr(packages, "run_child", lambda words, cwd=None: asked.append(words) or done)
    with pytest.raises(UsageError, match=f"Debian's {release} serves no kernel 6.18"):
        Archive(tmp_path / "apt", release).newest("6.18")
    options = {word for word in asked[0] if "=" in word}
    assert f"Dir::Etc::SourceList={tmp_path}/apt/sources.list" in options
    assert {
        "Dir::Etc::SourceParts=/dev/null",
        "Acquire::AllowInsecureRepositories=false",
    } <= options
    lines = (tmp_path / "apt" / "sources.list").read_text().splitlines()
    assert lines == [f"deb [signed-by={tmp_path}] http://deb.debian.org/{s} main" for s in suites]


def test_without_debians_keys_their_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(packages, "KEYS", tmp_path / "none.gpg")
    with pytest.raises(HostUnfitError, match="apt-get install debian-archive-keyring"):
        Archive(tmp_path / "apt", "trixie")


@pytest.fixture
def local_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An archive on this disk that nobody signed, and keys that sign nothing in it."""
    if shutil.which("apt-get") is None:
        pytest.skip(f"apt-get is not installed: {NOT_SERVED}")
    release = tmp_path / "debian" / "dists" / "sid"
    (release / "main" / "binary-amd64").mkdir(parents=True)
    (release / "main" / "binary-amd64" / "Packages").write_text("")
    (release / "Release").write_text("Suite: sid\nComponents: main\nArchitectures: amd64\n")
    (tmp_path / "keys.gpg").write_bytes(b"")
    monkeypatch.setattr(packages, "DEBIAN", f"file:{tmp_path}/debian")
    monkeypatch.setattr(packages, "KEYS", tmp_path / "keys.gpg")
    return tmp_path


def test_lists_that_nobody_signed_are_refused(local_archive: Path) -> None:
    with pytest.raises(HostUnfitError, match=r"apt-get update failed: .*not signed"):
        Archive(local_archive / "apt", "sid").newest("6.18")


def test_a_release_that_the_archive_lacks_is_no_release(local_archive: Path) -> None:
    with pytest.raises(UsageError, match="Debian's no-such is not in the archive"):
        Archive(local_archive / "apt", "no-such").newest("6.18")


def test_without_apt_a_version_says_what_to_give_instead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages.shutil, "which", lambda name: None)
    with pytest.raises(HostUnfitError, match=r"--kernel FILE\.deb"):
        Archive(tmp_path / "apt")


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        ("6.1", Wanted(None, "6.1")),
        ("6.1.192", Wanted(None, "6.1.192")),
        ("trixie-backports/6.18", Wanted("trixie-backports", "6.18")),
        ("6", None),
        ("v6.1", None),
        ("6.1/x", None),
        ("./build/6.1", None),
        ("-o/6.1", None),
    ],
)
def test_a_version_is_told_from_a_file(word: str, wanted: Wanted | None) -> None:
    assert read_version(word) == wanted
