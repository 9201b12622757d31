"""Removing runs: their own files, inside the results, and never through a link."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.store import RunWriter, load_run
from harness.store.remove import remove_run, require_removable
from tests.support.stored.two_runs import write_run


@pytest.fixture
def results(tmp_path: Path) -> Path:
    for name in ("1", "2"):
        write_run(tmp_path / "results" / "h-1" / name, blocks=2)
    return tmp_path / "results"


def test_a_run_is_removed_and_no_other(results: Path) -> None:
    (results / "h-1/2/report.html").write_text("page")
    (results / f"h-1/2/.plan.toml.{'0' * 16}.new").write_text("")
    assert remove_run(results / "h-1/2", results).left == ()
    assert not (results / "h-1/2").exists()
    load_run(results / "h-1/1")


def test_the_folder_of_a_machine_goes_with_its_last_run(results: Path) -> None:
    for name in ("1", "2"):
        remove_run(results / "h-1" / name, results)
    assert list(results.iterdir()) == []


def test_files_of_others_stay(results: Path) -> None:
    notes = results / "h-1/2/notes.txt"
    notes.write_text("mine")
    assert remove_run(results / "h-1/2", results).left == ("notes.txt",)
    assert notes.read_text() == "mine"
    assert [path.name for path in notes.parent.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("way", ["h-1/link", "link/2", "h-1/../h-1/2"])
def test_no_link_is_followed(results: Path, way: str) -> None:
    (results / "h-1/link").symlink_to("2")
    (results / "link").symlink_to("h-1")
    if ".." in way:  # the same run, named oddly
        remove_run(results / way, results)
        return
    with pytest.raises(UsageError, match="symbolic link"):
        remove_run(results / way, results)
    load_run(results / "h-1/2")


def test_nothing_outside_of_the_results_is_removed(results: Path, tmp_path: Path) -> None:
    elsewhere = write_run(tmp_path / "elsewhere" / "r", blocks=2)
    for folder in (elsewhere, results / "../elsewhere/r", results, results / "a/b/c"):
        with pytest.raises(UsageError, match="is not a run of"):
            remove_run(folder, results)
    load_run(elsewhere)


def test_a_link_among_a_runs_files_is_itself_removed(results: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (results / "h-1/2/report.html").symlink_to(precious)
    remove_run(results / "h-1/2", results)
    assert precious.read_text() == "mine"


def test_a_run_that_is_being_measured_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "h-1" / "1"
    with RunWriter(folder) as writer:
        writer.describe({}, {})
        with pytest.raises(UsageError, match="is being measured"):
            require_removable(folder, tmp_path)
    require_removable(folder, tmp_path)
