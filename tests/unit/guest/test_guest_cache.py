"""The folder that keeps kernels: what lies in it is started, so it must be this user's alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from harness.errors import HostUnfitError
from harness.files.caller import Caller
from harness.guest.kernels.cache import NAME, cache_folder, keep, kept, private_folder


def test_it_is_made_for_this_user_alone(tmp_path: Path) -> None:
    made = cache_folder({"XDG_CACHE_HOME": str(tmp_path / "cache")})
    assert made == tmp_path / "cache" / NAME
    assert stat.S_IMODE(made.stat().st_mode) == 0o700


def test_without_a_name_it_is_below_the_home_folder(tmp_path: Path) -> None:
    assert cache_folder({"HOME": str(tmp_path)}) == tmp_path / ".cache" / NAME


def test_a_relative_name_is_ignored_as_the_specification_says(tmp_path: Path) -> None:
    environment = {"XDG_CACHE_HOME": "here", "HOME": str(tmp_path)}
    assert cache_folder(environment) == tmp_path / ".cache" / NAME


def test_under_sudo_the_callers_variables_are_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Caller(1000, 1000, (1000,), "someone", "/home/someone")
    monkeypatch.setattr("harness.guest.kernels.cache.caller", lambda: found)
    monkeypatch.setattr("harness.guest.kernels.cache.OF_ROOT", tmp_path / "of-root")
    theirs = {"XDG_CACHE_HOME": str(tmp_path / "theirs"), "HOME": str(tmp_path / "home")}
    assert cache_folder(theirs) == tmp_path / "of-root" / NAME
    assert not (tmp_path / "theirs").exists()


@pytest.mark.parametrize("environment", [{}, {"HOME": "home"}, {"XDG_CACHE_HOME": ""}])
def test_without_a_home_it_says_what_to_name(environment: dict[str, str]) -> None:
    with pytest.raises(HostUnfitError, match="XDG_CACHE_HOME=DIR"):
        cache_folder(environment)


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o720, 0o702, 0o755])
def test_one_that_others_can_open_is_refused(tmp_path: Path, mode: int) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(HostUnfitError, match="only this user"):
        private_folder(folder)


def test_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to("real")
    with pytest.raises(HostUnfitError, match="only this user"):
        private_folder(tmp_path / "link")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to make another user's folder")
def test_another_users_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir(mode=0o700)
    os.chown(folder, 65534, 65534)
    with pytest.raises(HostUnfitError, match="only this user"):
        private_folder(folder)


def test_what_was_kept_comes_back(tmp_path: Path) -> None:
    keep(tmp_path, "a.vmlinuz", b"one")
    keep(tmp_path, "a.vmlinuz", b"two")
    assert kept(tmp_path, "a.vmlinuz") == b"two"
    assert [path.name for path in tmp_path.iterdir()] == ["a.vmlinuz"]
    assert stat.S_IMODE((tmp_path / "a.vmlinuz").stat().st_mode) == 0o600


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    assert kept(tmp_path, "a.vmlinuz") is None


def test_what_others_may_write_or_a_link_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / "loose").write_bytes(b"x")
    (tmp_path / "loose").chmod(0o666)
    (tmp_path / "link").symlink_to("loose")
    os.mkfifo(tmp_path / "fifo")
    assert [kept(tmp_path, name) for name in ("loose", "link", "fifo")] == [None, None, None]


def test_keeping_replaces_a_link_and_does_not_follow_it(tmp_path: Path) -> None:
    (tmp_path / "victim").write_bytes(b"mine")
    (tmp_path / "a").symlink_to("victim")
    keep(tmp_path, "a", b"kernel")
    assert (tmp_path / "victim").read_bytes() == b"mine"
    assert not (tmp_path / "a").is_symlink()
