"""Kernels that are kept: listed, and removed by version or release."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.cli import app
from harness.errors import HostUnfitError, UsageError
from harness.guest.kernels import images, kept
from harness.guest.kernels.cache import NAME
from harness.guest.kernels.kept import find_kept, list_kept, remove_kept
from harness.guest.kernels.packages import Package
from tests.unit.guest.test_guest_images import bz_image

OLD = Package("linux-image-6.1.0-9-cloud-amd64", "6.1.27-1")
NEW = Package("linux-image-6.1.0-57-cloud-amd64", "6.1.192-3")
SPLIT = Package("linux-binary-7.3.4+deb13-cloud-amd64", "7.3.4-1~bpo13+1")
RELEASES = {
    OLD: "6.1.0-9-cloud-amd64",
    NEW: "6.1.0-57-cloud-amd64",
    SPLIT: "7.3.4+deb13-cloud-amd64",
}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of three kernels, with other things beside them."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    kernels = tmp_path / NAME / "kernels"
    for folder in (kernels.parent, kernels):
        folder.mkdir(mode=0o700)
    for package, release in RELEASES.items():
        (kernels / package.file).write_bytes(bz_image(release))
        (kernels / package.file).chmod(0o600)
    (kernels / "notes").write_text("of mine")
    (kernels / "linux-image-6.2.0-1-cloud-amd64_6.2.1-1.vmlinuz").symlink_to("notes")
    return kernels


def test_kept_kernels_are_listed_the_oldest_first() -> None:
    found = list_kept()
    assert [kernel.package for kernel in found] == [OLD, NEW, SPLIT]
    assert [kernel.release for kernel in found] == list(RELEASES.values())
    assert all(len(kernel.sha256) == 64 and kernel.size_bytes == 0x1000 for kernel in found)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("6.1",), [OLD, NEW]),
        (("6.1.27",), [OLD]),
        (("7.3.4+deb13-cloud-amd64",), [SPLIT]),
        (("trixie-backports/7.3", "7.3"), [SPLIT]),
        (("all",), [OLD, NEW, SPLIT]),
    ],
)
def test_a_kernel_is_named_by_version_or_release(
    words: tuple[str, ...], named: list[Package]
) -> None:
    assert [kernel.package for kernel in find_kept(words)] == named


@pytest.mark.parametrize("word", ["6.2", "6", "../kernels", "notes"])
def test_what_is_not_kept_is_refused(word: str) -> None:
    with pytest.raises(UsageError, match="is kept: `auditbench list kernels`"):
        find_kept([word])


def test_one_is_removed_and_nothing_else(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path.name for path in cache.iterdir()}
    (old,) = find_kept(["6.1.27"])
    monkeypatch.setattr(kept, "kept", lambda *_: pytest.fail("all of them were read again"))
    remove_kept(old)
    remove_kept(old)
    assert before - {path.name for path in cache.iterdir()} == {OLD.file}


def run(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What a command prints; it must be fine."""
    assert app(words, exit_on_error=False, result_action="return_value") == 0
    return capsys.readouterr().out


class Served:
    """An archive that serves two kernels."""

    def __init__(self, folder: Path, release: str | None = None) -> None:
        pass

    def newest_of_each(self) -> list[Package]:
        return [NEW, Package("linux-image-6.12.1-cloud-amd64", "6.12.1-1")]


class Unreachable(Served):
    """An archive that cannot be reached."""

    def newest_of_each(self) -> list[Package]:
        raise HostUnfitError("apt-get update failed", remedy="none")


def test_the_list_has_what_is_kept_and_what_is_served(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(images, "Archive", Served)
    text = run(capsys, "list", "kernels")
    assert "6.1.0-57-cloud-amd64" in text
    document = json.loads(run(capsys, "list", "kernels", "--json"))
    assert [kernel["version"] for kernel in document["kernels"]] == [p.version for p in RELEASES]
    assert [(s["kernel"], s["kept"]) for s in document["served"]] == [
        ("6.1", True),
        ("6.12", False),
    ]


def test_without_the_archive_the_kept_ones_are_listed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(images, "Archive", Unreachable)
    text = run(capsys, "list", "kernels")
    assert "What is served is not known: apt-get update failed" in text
    document = json.loads(run(capsys, "list", "kernels", "--json"))
    assert (len(document["kernels"]), document["served"]) == (3, None)


def test_remove_asks_and_says_what_it_removed(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    with pytest.raises(UsageError, match="nobody can be asked here"):
        app(["remove", "--kernel", "6.1"], exit_on_error=False, result_action="return_value")
    document = json.loads(run(capsys, "remove", "--kernel", "6.1", "--yes", "--json"))
    assert [kernel["file"] for kernel in document["kernels"]] == [OLD.file, NEW.file]
    assert not (cache / NEW.file).exists()
    assert (cache / SPLIT.file).exists()


def test_runs_and_kernels_are_not_mixed() -> None:
    with pytest.raises(UsageError, match="leave out one"):
        app(["remove", "latest", "--kernel", "6.1"], exit_on_error=False)
