"""The private directories of the workload `files`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from workloads.errors import WorkloadError
from workloads.running.scratch import PREFIX, Scratch


def test_each_worker_has_its_own_and_all_go(tmp_path: Path) -> None:
    scratch = Scratch(3, str(tmp_path))
    pairs = [scratch.paths(worker) for worker in range(3)]
    assert len({path for pair in pairs for path in pair}) == 6
    for existing, passing in pairs:
        assert Path(existing.decode()).is_file()
        assert not Path(passing.decode()).exists()
    Path(pairs[0][1].decode()).touch()  # as an interrupted worker leaves it
    scratch.remove()
    scratch.remove()
    assert list(tmp_path.iterdir()) == []


def test_the_root_is_private(tmp_path: Path) -> None:
    assert Path(Scratch(1, str(tmp_path)).root).stat().st_mode & 0o777 == 0o700


def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-I", "-S", "-c", ""])
    process.wait()
    return process.pid


def test_what_a_killed_one_left_is_removed(tmp_path: Path) -> None:
    left = tmp_path / f"{PREFIX}{dead_pid()}"
    (left / "0").mkdir(parents=True)
    (left / "0" / "existing").touch()
    Scratch(1, str(tmp_path)).remove()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [f"{PREFIX}1", f"{PREFIX}x", "else", f"x{PREFIX}1"])
def test_what_is_not_ours_or_alive_stays(tmp_path: Path, name: str) -> None:
    other = tmp_path / name
    (other / "0").mkdir(parents=True)
    Scratch(1, str(tmp_path)).remove()
    assert (other / "0").is_dir()


def test_a_foreign_file_is_never_removed(tmp_path: Path) -> None:
    left = tmp_path / f"{PREFIX}{dead_pid()}"
    (left / "0").mkdir(parents=True)
    (left / "0" / "diary").touch()
    Scratch(1, str(tmp_path)).remove()
    assert (left / "0" / "diary").exists()


def test_no_place_for_files(tmp_path: Path) -> None:
    with pytest.raises(WorkloadError, match="set TMPDIR") as refused:
        Scratch(1, str(tmp_path / "missing"))
    assert refused.value.exit_code == 4
