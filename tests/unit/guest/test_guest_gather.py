"""What a daemon's packages have of what it needs, what is fetched, and what is told as missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import HostUnfitError, UsageError
from harness.guest.daemons import source
from harness.guest.daemons.deb import Deb, Link
from harness.guest.daemons.entries import daemon_entries, programs_folder
from harness.guest.daemons.gather import gather
from harness.guest.daemons.source import Sources
from harness.guest.kernels.cache import NAME
from harness.guest.kernels.packages import Package
from tests.support.guests.debs import deb, elf, link, member
from tests.support.programs import needs

FOLDER = "usr/lib/x86_64-linux-gnu"
AUDITD = Deb(
    "auditd",
    "1:4.0-1",
    "auditd.deb",
    (("libaudit1",), ("libkrb5-3",), ("mawk", "gawk"), ("libc6",)),
    {"usr/sbin/auditd": elf(["libaudit.so.1", "libc.so.6"])},
)
LIBAUDIT = Deb(
    "libaudit1",
    "1:4.0-1",
    "libaudit1.deb",
    (("libc6",), ("libcap-ng0",)),
    {
        f"{FOLDER}/libaudit.so.1": Link(f"{FOLDER}/libaudit.so.1.0"),
        f"{FOLDER}/libaudit.so.1.0": elf(["libcap-ng.so.0"], loader=""),
    },
)
LIBCAP = Deb("libcap-ng0", "1", "cap.deb", (), {f"{FOLDER}/libcap-ng.so.0": elf([], loader="")})
LIBC = Deb(
    "libc6",
    "2",
    "c.deb",
    (),
    {
        f"{FOLDER}/libc.so.6": elf(["ld-linux-x86-64.so.2"], loader=""),
        "usr/lib64/ld-linux-x86-64.so.2": Link(f"{FOLDER}/ld-linux-x86-64.so.2"),
        f"{FOLDER}/ld-linux-x86-64.so.2": elf([], loader=""),
    },
)
ALL = (AUDITD, LIBAUDIT, LIBCAP, LIBC)


class Served(Sources):
    """Packages as files, and those that an archive has beside them."""

    def __init__(self, files: tuple[Deb, ...], beside: tuple[Deb, ...] = ()) -> None:
        super().__init__()
        self.files = {deb.source: deb for deb in files}
        self.archive = {deb.name: deb for deb in beside}
        self.fetched: list[str] = []

    def named(self, word: str, program: str = "") -> Deb:
        return self.files[word]

    def beside(self, deb: Deb, name: str) -> Deb | None:
        self.fetched.append(name)
        return self.archive.get(name)


def test_all_that_a_program_loads_is_found_in_the_packages_given() -> None:
    served = Served(ALL)
    found = gather([deb.source for deb in ALL], ["auditd"], served)
    assert found.programs["auditd"].package is AUDITD
    assert found.programs["auditd"].loader == "ld-linux-x86-64.so.2"
    assert set(found.libraries) == {
        "libaudit.so.1",
        "libcap-ng.so.0",
        "libc.so.6",
        "ld-linux-x86-64.so.2",
    }
    assert found.libraries["libaudit.so.1"] == LIBAUDIT.files[f"{FOLDER}/libaudit.so.1.0"]
    assert served.fetched == []


def test_what_is_missing_is_fetched_and_no_more() -> None:
    served = Served((AUDITD,), ALL)
    assert "libcap-ng.so.0" in gather(["auditd.deb"], ["auditd"], served).libraries
    assert sorted(set(served.fetched)) == ["libaudit1", "libc6", "libcap-ng0"]


def test_a_missing_library_is_named_with_the_package_that_has_it() -> None:
    with pytest.raises(UsageError) as caught:
        gather(["auditd.deb", "c.deb"], ["auditd"], Served((AUDITD, LIBC)))
    assert caught.value.what == "auditd.deb needs libaudit.so.1, which is in libaudit1"
    assert "--consumer-package trixie/auditd" in caught.value.remedy


def test_a_library_of_a_library_is_named_with_its_own_package() -> None:
    given = (AUDITD, LIBC, LIBAUDIT)
    with pytest.raises(UsageError, match=r"libaudit1\.deb needs libcap-ng\.so\.0.*in libcap-ng0"):
        gather([each.source for each in given], ["auditd"], Served(given))


def test_a_program_that_is_in_no_package_is_fetched_or_told() -> None:
    laurel = Deb("laurel", "0.7", "laurel.deb", (("libc6",),), {"usr/sbin/laurel": elf()})
    both = ["laurel", "auditd"]
    found = gather(["laurel.deb"], both, Served((laurel,), ALL))
    assert {name: p.package.name for name, p in found.programs.items()} == {
        "laurel": "laurel",
        "auditd": "auditd",
    }
    with pytest.raises(UsageError, match=r"laurel\.deb, c\.deb: no auditd is in there"):
        gather(["laurel.deb", "c.deb"], both, Served((laurel, LIBC)))


def test_links_that_lead_in_circles_or_nowhere_are_no_program() -> None:
    circle = {"usr/sbin/auditd": Link("usr/bin/auditd"), "usr/bin/auditd": Link("usr/sbin/auditd")}
    outside = {"usr/sbin/auditd": Link("etc/passwd")}
    for files in (circle, outside):
        package = Deb("auditd", "1", "x.deb", (), files)
        with pytest.raises(UsageError, match="no auditd is in there"):
            gather(["x.deb"], ["auditd"], Served((package,)))


def test_a_program_of_another_kind_is_refused() -> None:
    package = Deb("auditd", "1", "x.deb", (), {"usr/sbin/auditd": b"#!/bin/sh\n"})
    with pytest.raises(UsageError, match=r"auditd of x\.deb cannot be started in a guest"):
        gather(["x.deb"], ["auditd"], Served((package,)))


def test_a_guest_starts_each_daemon_with_its_own_loader() -> None:
    found = gather([deb.source for deb in ALL], ["auditd"], Served(ALL))
    static = Deb("auditd", "5", "s.deb", (), {"usr/bin/auditd": elf([], loader="")})
    alone = gather(["s.deb"], ["auditd"], Served((static,)))
    entries = daemon_entries({0: found, 1: alone}, {})
    script = entries[f"{programs_folder(0)}/auditd".encode()]
    assert script.mode & 0o111
    assert b"'/auditbench/daemons/0/run/auditd' --library-path" in script.data
    assert entries[b"/auditbench/daemons/0/run/auditd"].data == LIBC.files[
        f"{FOLDER}/ld-linux-x86-64.so.2"
    ]  # fmt: skip
    assert b"/auditbench/daemons/1/run/auditd" not in entries
    assert b"--library-path" not in entries[f"{programs_folder(1)}/auditd".encode()].data
    assert {b"/etc/passwd", b"/run"} <= entries.keys()
    assert any(path.endswith(b"/bin/sh") for path in entries), "which the scripts start with"


class Archives:
    """Archives by release, each with its packages by name; `None` is this distribution's."""

    def __init__(self, served: dict[str | None, dict[str, bytes]]) -> None:
        self.served = served
        self.downloads: list[str] = []
        self.version = "1:4.0-1"

    def of(self, release: str | None) -> Archives._One:
        if release not in self.served:
            raise HostUnfitError("apt-get update failed", remedy="none")
        return Archives._One(self, self.served[release])

    class _One:
        name = "this distribution"

        def __init__(self, all_of_them: Archives, packages: dict[str, bytes]) -> None:
            self._all, self._packages = all_of_them, packages

        def find(self, name: str, version: str | None = None) -> Package | None:
            return Package(name, self._all.version) if name in self._packages else None

        def download(self, package: Package) -> bytes:
            self._all.downloads.append(package.name)
            return self._packages[package.name]


@pytest.fixture
def archives(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Archives:
    """The release `stable` serves auditd, and this distribution another."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    library = deb([member(f"./{FOLDER}/libaudit.so.1", b"x")], {"Package": "libaudit1"})
    found = Archives({None: {}, "stable": {"auditd": deb([]), "libaudit1": library}})
    monkeypatch.setattr(source, "_archive", found.of)
    for each in (source._fetched, source._serves):
        each.cache_clear()
    return found


@needs("dpkg-deb")
def test_the_release_of_a_file_is_the_one_that_serves_it(
    archives: Archives, tmp_path: Path
) -> None:
    file = tmp_path / "a.deb"
    file.write_bytes(deb([link("./x", "y")]))
    sources = Sources()
    auditd = sources.named(str(file))
    assert auditd.source == str(file)
    library = sources.beside(auditd, "libaudit1")
    assert library is not None
    assert library.source == "stable/libaudit1"
    assert sources.beside(auditd, "no-such") is None
    file.write_bytes(deb([], {"Version": "1:4.0-1+mine"}))
    assert sources.beside(sources.named(str(file)), "libaudit1") is library, "known already"
    assert Sources().beside(sources.named(str(file)), "libaudit1") is None


@needs("dpkg-deb")
def test_a_package_by_name_is_fetched_once_and_kept(archives: Archives) -> None:
    for _ in range(2):
        source._fetched.cache_clear()
        assert Sources().named("stable/auditd").source == "stable/auditd"
    assert archives.downloads == ["auditd"]


@needs("dpkg-deb")
def test_of_a_package_the_newest_version_alone_is_kept(archives: Archives, tmp_path: Path) -> None:
    for archives.version in ("1:4.0-1", "1:4.0-2"):
        source._fetched.cache_clear()
        Sources().named("stable/auditd")
        Sources().named("stable/libaudit1")
    assert archives.downloads == ["auditd", "libaudit1"] * 2
    kept = sorted(path.name for path in (tmp_path / NAME / "packages").iterdir())
    assert kept == ["stable_auditd_1_4.0-2.deb", "stable_libaudit1_1_4.0-2.deb"]


@pytest.mark.parametrize("word", ["auditd", "x y", "a/../auditd", "Trixie/auditd", "-o/auditd", ""])
def test_a_name_that_is_no_package_is_refused(archives: Archives, word: str) -> None:
    with pytest.raises(UsageError, match=r"is no package|has no package auditd"):
        Sources().named(word)


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(UsageError, match=r"/no-such/x\.deb cannot be read"):
        Sources().named("/no-such/x.deb")
