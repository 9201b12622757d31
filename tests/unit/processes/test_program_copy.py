"""A copy of the interpreter under another name: it works, it is no link, and it does not stay."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import HostUnfitError
from harness.files import scratch
from harness.files.scratch import place_for_programs, remove_abandoned
from harness.processes import program_copy
from harness.processes.line_process import LineProcess, module_command
from harness.processes.program_copy import interpreter_copy

INTERPRETER = Path("/proc/self/exe")
HOLD = """
import sys
from pathlib import Path
from harness.processes.program_copy import interpreter_copy
with interpreter_copy("mysqld", Path(sys.argv[1])):
    print("there", flush=True)
    sys.stdin.read()
"""


def test_it_is_a_file_of_its_own_for_its_owner_alone(tmp_path: Path) -> None:
    with interpreter_copy("mysqld", tmp_path) as copy:
        found, running = copy.lstat(), INTERPRETER.stat()
        assert copy.name == "mysqld"
        assert (found.st_dev, found.st_ino) != (running.st_dev, running.st_ino)
        assert found.st_nlink == 1
        assert found.st_mode & 0o7777 == 0o500
        assert found.st_uid == os.geteuid()
        assert copy.read_bytes() == INTERPRETER.read_bytes()
        folder = copy.parent.parent
        assert folder.parent == tmp_path
        # A Python that looks for its library beside its executable finds it here.
        assert (folder / "lib").readlink() == INTERPRETER.resolve().parent.parent / "lib"
        assert folder.stat().st_mode & 0o7777 == 0o700
    assert list(tmp_path.iterdir()) == []


def test_python_from_it_is_the_same_python_under_another_name(tmp_path: Path) -> None:
    words = (
        "import os, sys; print(os.readlink('/proc/self/exe')); print(sys.executable, sys.prefix)"
    )
    words += "; print(open('/proc/self/comm').read().strip())"
    with interpreter_copy("mysqld", tmp_path) as copy:
        done = subprocess.run(
            [sys.executable, "-P", "-c", words],
            executable=copy,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.splitlines() == [
            str(copy),
            f"{sys.executable} {sys.prefix}",
            "mysqld",
        ]


def test_a_load_runs_from_it(tmp_path: Path) -> None:
    command = module_command("workloads", "udp", "--ops", "5", "--auid", "unset")
    with (
        interpreter_copy("mysqld", tmp_path) as copy,
        LineProcess("workload", [*command, "--control"], executable=str(copy)) as load,
    ):
        load.expect("ready", timeout_s=30)
        load.send("go")
        done = load.expect("result", timeout_s=30)
        assert (done["ops"], done["exe"]) == (5, str(copy))


def test_an_error_of_the_caller_passes_through_and_nothing_stays(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="the caller's"), interpreter_copy("mysqld", tmp_path):
        raise OSError("the caller's")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_is_removed_and_what_is_in_use_is_not(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"there\n"
        assert remove_abandoned(tmp_path) == []
        (folder,) = tmp_path.iterdir()
        other.send_signal(signal.SIGKILL)
        other.wait()
    assert remove_abandoned(tmp_path) == [
        f"{folder}, which a killed run had left behind, was removed"
    ]
    assert list(tmp_path.iterdir()) == []
    assert (Path(os.path.realpath(INTERPRETER)).parent.parent / "lib").is_dir(), (
        "a link, not followed"
    )


@pytest.mark.parametrize(
    ("content", "reason"), [(b"neither", "Exec format error"), (b"#!/no/such\n", "No such file")]
)
def test_a_copy_that_does_not_start_is_one_line_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, reason: str
) -> None:
    (tmp_path / "odd").write_bytes(content)
    (tmp_path / "copies").mkdir()
    monkeypatch.setattr(program_copy, "_RUNNING", tmp_path / "odd")
    with (
        pytest.raises(HostUnfitError, match=reason) as caught,
        interpreter_copy("mysqld", tmp_path / "copies"),
    ):
        pass
    assert "leave --exclude-exe out" in caught.value.remedy
    assert list((tmp_path / "copies").iterdir()) == []


def test_a_python_that_is_not_ours_is_refused_in_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program_copy, "_CHECK", "import no_such_module_here")
    with (
        pytest.raises(HostUnfitError, match="No module named 'no_such_module_here'"),
        interpreter_copy("mysqld", tmp_path),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_copy_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with (
        pytest.raises(HostUnfitError, match=r"cannot be copied to .* name too long"),
        interpreter_copy("x" * 256, tmp_path),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_place_mounted_noexec_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = [tmp_path / name for name in ("missing", "noexec", "good")]
    for place in places[1:]:
        place.mkdir()
    statvfs, noexec = os.statvfs, {places[1]}

    def pretend(path: Path) -> os.statvfs_result:
        found = list(statvfs(path))
        if path in noexec:
            found[8] |= os.ST_NOEXEC
        return os.statvfs_result(found)

    monkeypatch.setattr(scratch, "PROGRAM_PLACES", tuple(places))
    monkeypatch.setattr(os, "statvfs", pretend)
    assert place_for_programs() == places[2]
    noexec.add(places[2])
    with pytest.raises(HostUnfitError, match="noexec"):
        place_for_programs()
