"""Packages read in memory: those of distributions, and those that nobody should have made."""

from __future__ import annotations

import gzip
import tarfile
from pathlib import Path

import pytest

from harness.errors import HostUnfitError, UsageError
from harness.guest.daemons import deb as debs
from harness.guest.daemons.deb import Link, read_deb
from tests.support.guests.debs import damaged_archives, deb, link, member, tar
from tests.support.programs import needs

pytestmark = needs("dpkg-deb")


def test_a_package_says_what_it_is_and_what_it_needs() -> None:
    depends = "libaudit1 (= 1:4.0-1), mawk | gawk:any, libc6 (>= 2.38)"
    found = read_deb(deb([], {"Depends": depends, "Pre-Depends": "init"}), "x.deb")
    assert (found.name, found.version, found.source) == ("auditd", "1:4.0-1", "x.deb")
    assert found.depends == (("init",), ("libaudit1",), ("mawk", "gawk"), ("libc6",))


def test_files_are_found_where_a_merged_usr_has_them() -> None:
    members = [
        member("./sbin/auditd", b"program"),
        member("./usr/lib64/x.so.1.0", b"library"),
        link("./lib64/x.so.1", "../usr/lib64/x.so.1.0"),
        link("./lib64/y.so.1", "/lib64/x.so.1.0"),
        link("./usr/sbin/again", "./sbin/auditd", tarfile.LNKTYPE),
        member("./usr/share/doc", type=tarfile.DIRTYPE),
    ]
    assert read_deb(deb(members), "x.deb").files == {
        "usr/sbin/auditd": b"program",
        "usr/lib64/x.so.1.0": b"library",
        "usr/lib64/x.so.1": Link("usr/lib64/x.so.1.0"),
        "usr/lib64/y.so.1": Link("usr/lib64/x.so.1.0"),
        "usr/sbin/again": Link("usr/sbin/auditd"),
    }


@pytest.mark.parametrize("name", ["../etc/passwd", "/etc/passwd", "usr/../../x", "./a/../../b"])
@pytest.mark.parametrize("kind", ["file", "link", "hard link"])
def test_a_path_that_leads_outside_is_refused(name: str, kind: str, tmp_path: Path) -> None:
    hostile = {
        "file": member(name, b"x"),
        "link": link(name, "usr/x"),
        "hard link": link("./usr/x", name, tarfile.LNKTYPE),
    }[kind]
    with pytest.raises(UsageError, match=r"has the path '.*', which may lead outside of it"):
        read_deb(deb([hostile]), "x.deb")


def test_a_link_leads_nowhere_but_to_the_packages_own_files(tmp_path: Path) -> None:
    """Neither by the root of this host, nor by more `..` than there are folders."""
    members = [link("./usr/sbin/auditd", "/etc/passwd"), link("./x", "../../../../etc/shadow")]
    assert read_deb(deb(members), "x.deb").files == {
        "usr/sbin/auditd": Link("etc/passwd"),
        "x": Link("etc/shadow"),
    }


def test_devices_and_fifos_are_left_out() -> None:
    members = [member("./dev/mem", type=tarfile.CHRTYPE, devmajor=1, devminor=1),
               member("./fifo", type=tarfile.FIFOTYPE)]  # fmt: skip
    assert read_deb(deb(members), "x.deb").files == {}


def test_what_unpacks_to_too_much_is_refused_before_it_is_all_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(debs, "MOST_BYTES", 4 << 20)
    packed = gzip.compress(tar([member("./zeros", bytes(64 << 20))]))
    assert len(packed) < 1 << 20
    with pytest.raises(UsageError, match=r"x\.deb holds more than 4 MiB"):
        read_deb(deb([], data_name="data.tar.gz", data=packed), "x.deb")


def test_a_sparse_file_is_as_large_as_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a kilobyte of archive that claims terabytes nothing is read."""
    claimed = 8 << 40
    pax = {"GNU.sparse.map": f"0,1,{claimed - 1},1", "GNU.sparse.size": str(claimed),
           "GNU.sparse.numblocks": "2", "GNU.sparse.name": "usr/sbin/auditd"}  # fmt: skip
    info, data = member("usr/sbin/auditd", b"ab")
    info.pax_headers = pax
    archive = info.tobuf(tarfile.PAX_FORMAT) + data + bytes(510) + bytes(1024)
    with pytest.raises(UsageError, match="holds more than 512 MiB"):
        read_deb(deb([], data=archive), "x.deb")


def test_too_many_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debs, "MOST_FILES", 3)
    with pytest.raises(UsageError, match="holds more than 3 files"):
        read_deb(deb([member(f"./{number}") for number in range(4)]), "x.deb")


@pytest.mark.parametrize("what", damaged_archives())
def test_headers_that_nobody_should_have_made_are_refused(what: str) -> None:
    """In one line, and soon: nothing is unpacked a second time, and no file is read for ever."""
    package = deb([], data=damaged_archives()[what])
    words = "is no Debian package|holds more than 20,000 files"
    with pytest.raises(UsageError, match=words):
        read_deb(package, "x.deb")


def test_what_a_package_says_of_itself_is_read_in_memory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither its other files nor those that lead outside of it come to a disk."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(debs, "MOST_CONTROL_BYTES", 1 << 20)
    tmp_path.chmod(0o500)
    outside = [member("../../outside", b"x"), link("./md5sums", "/etc/passwd")]
    assert read_deb(deb([], control=outside), "x.deb").name == "auditd"
    with pytest.raises(UsageError, match=r"x\.deb holds more than 1 MiB"):
        read_deb(deb([], control=[member("./md5sums", bytes(2 << 20))]), "x.deb")
    assert list(tmp_path.iterdir()) == []


def test_a_field_may_be_folded_and_stand_close_to_its_name() -> None:
    folded = {"Depends": "libaudit1,\n libc6", "Pre-Depends": "\tinit"}
    assert read_deb(deb([], folded), "x.deb").depends == (("init",), ("libaudit1",), ("libc6",))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is no Debian package"),
        (b"!<arch>\n", "is no Debian package"),
        (deb([])[:400], "is no Debian package"),
        (deb([], data=b"\xff" * 512), "is no Debian package"),
        (deb([], {"Architecture": "arm64"}), "of the architecture arm64"),
        (deb([], {"Package": "\x1b[31m"}), "does not say which package it is"),
        (deb([], {"Version": "$(id)"}), "does not say which package it is"),
    ],
)
def test_what_is_no_package_for_a_guest_is_refused_in_one_line(data: bytes, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        read_deb(data, "x.deb")
    assert "\n" not in caught.value.one_line()


def test_without_dpkg_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda program: None)
    with pytest.raises(HostUnfitError, match=r"x\.deb cannot be unpacked, .*install dpkg"):
        read_deb(deb([]), "x.deb")
