"""What becomes of a verdict where its output is full, closed, left by its reader, or in ASCII."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.cli import JUDGING, run_command
from harness.errors import EXIT_CODES
from harness.verbs.shared.endings import ENDINGS
from tests.support.command import ROOT, in_a_shell
from tests.support.patience import PATIENCE_S
from tests.support.stored.altered_runs import Change, altered_run, invalid, slower, unexplained
from tests.support.verbs import VERBS

FAILING = ("gate", "--run", "run", "--fail", "rules/elapsed:5%")
PASSING = ("gate", "--run", "run", "--fail", "rules/elapsed:900%")
UNDECIDED = ("gate", "--run", "bad", "--fail", "rules/elapsed:900%")
WORSE = ("compare", "run", "slow", "--force")
SHOWN = ("show", "run")
LINTED = ("rules", "lint", "good.rules")
BADLY = ("rules", "lint", "bad.rules")

OUTPUTS = {
    "full": ">/dev/full",
    "closed": ">&-",
    "left": "| true",
    "all closed": ">&- 2>&- <&-",
    "all full": ">/dev/full 2>/dev/full",
    "errors closed": ">/dev/null 2>&-",
    "errors full": ">/dev/null 2>/dev/full",
    "input closed": ">/dev/null <&-",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run, one that is slower, and one whose ledgers do not close."""
    place = tmp_path_factory.mktemp("runs")
    altered_run(place / "run")
    altered_run(place / "slow", slower("rules", 2))
    altered_run(place / "bad", unexplained("rules"))
    (place / "good.rules").write_text("-D\n-b 8192\n")
    (place / "bad.rules").write_text("-b many\n")
    return place


def shell(line: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """`auditbench` and what follows, in a shell; the code is that of auditbench."""
    script = f"set -o pipefail; {{python}} -m harness {line}"
    return in_a_shell(script, folder, **environment)


@pytest.mark.parametrize(
    ("words", "code", "redirection"),
    [
        *((FAILING, 1, redirection) for redirection in OUTPUTS.values()),
        *((PASSING, 0, redirection) for redirection in (">/dev/full", ">&-")),
        (UNDECIDED, 3, ">/dev/full"),
        (WORSE, 1, ">/dev/full"),
        (LINTED, 0, ">/dev/full"),
        (BADLY, 1, ">&-"),
    ],
    ids=[
        *OUTPUTS,
        "pass-full",
        "pass-closed",
        "undecided-full",
        "worse-full",
        "linted-full",
        "badly-closed",
    ],
)
def test_a_verdict_stays_what_it_is(
    words: tuple[str, ...], code: int, redirection: str, folder: Path
) -> None:
    done = shell(f"{' '.join(words)} {redirection}", folder)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (f"{' '.join(FAILING)} --to junit=/dev/full", 1),
        (f"{' '.join(PASSING)} --to junit=/dev/full", 0),
        ("show run --to md=/dev/full", 4),
        ("export run --to csv=/dev/full", 4),
    ],
)
def test_a_full_disk_is_no_mistake_of_the_command_line(words: str, code: int, folder: Path) -> None:
    done = shell(words, folder)
    assert done.returncode == code, done.stderr
    assert done.stderr.count("/dev/full cannot be written (No space left on device)") == 1
    assert done.stdout or words.startswith("export")


@pytest.mark.parametrize("redirection", [">/dev/full", ">&-"])
@pytest.mark.parametrize(
    "words", ["show run --json", "list plans", "list plans --json", "--help",
              "export run --to csv", "report run --to txt", "--version"]
)  # fmt: skip
def test_what_was_asked_for_and_cannot_be_delivered_is_told(
    words: str, redirection: str, folder: Path
) -> None:
    done = shell(f"{words} {redirection}", folder)
    assert done.returncode == 4
    assert done.stderr.splitlines()[-1].startswith("auditbench: standard output cannot be written")


def test_a_reader_that_has_seen_enough_changes_nothing(folder: Path) -> None:
    for words in ("show run", "show run --json", "export run --to csv", "list metrics"):
        done = shell(f"{words} | head -1", folder)
        assert (done.returncode, done.stderr) == (0, ""), words


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1"},
        {"PYTHONIOENCODING": "ascii:strict"},
        {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"},
    ],
    ids=["ascii", "latin-1", "strict", "C"],
)
def test_a_character_that_the_output_lacks_is_no_error(
    environment: dict[str, str], folder: Path
) -> None:
    for words, code in ((PASSING, 0), (FAILING, 1), (SHOWN, 0)):
        done = shell(" ".join(words), folder, **environment)
        assert done.returncode == code, done.stderr
        assert done.stdout
    document = json.loads(shell("show run --json", folder, **environment).stdout)
    assert document["run"].endswith("/run")


def test_an_error_of_the_program_is_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("made up")

    monkeypatch.setattr("harness.store.load_run", broken)
    assert run_command(["show", str(folder / "run")]) == 70
    shown = capsys.readouterr().err
    assert len(shown.splitlines()) == 1
    for words in ("ZeroDivisionError: made up", "harness/verbs/show.py:", "auditbench 0",
                  "report", "AUDITBENCH_TRACEBACK=1"):  # fmt: skip
        assert words in shown
    monkeypatch.setenv("AUDITBENCH_TRACEBACK", "1")
    assert run_command(["show", str(folder / "run")]) == 70
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    "error",
    [MemoryError(), ImportError("libx.so: failed to map segment from shared object"),
     OSError(12, "Cannot allocate memory"), RuntimeError("can't start new thread")],
)  # fmt: skip
def test_no_memory_is_the_hosts_fault(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("harness.store.find_run", broken)
    assert run_command(["show"]) == 4
    assert "not enough memory" in capfd.readouterr().err


@pytest.mark.parametrize("kib", [130_000, 150_000, 220_000, 304_000, 380_000])
def test_a_limit_on_memory_ends_in_one_line(kib: int, folder: Path) -> None:
    done = in_a_shell(f"ulimit -v {kib}; exec {{python}} -m harness show run", folder)
    # What memory a library takes is its own business, so that one of these may be enough.
    assert done.returncode in (0, 4), done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == (1 if done.returncode else 0), done.stderr


def test_the_codes_are_said_in_help_and_on_their_page(folder: Path) -> None:
    page = (ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8")
    for words, codes in (("--help", EXIT_CODES), ("gate --help", ENDINGS["gate"].all_codes())):
        shown = shell(words, folder).stdout
        for code, meaning in codes.items():
            assert f"{code:4}  {meaning}" in shown
    assert all(f"| {code} |" in page for code in EXIT_CODES)
    assert set(VERBS) >= JUDGING
    assert all(f"`{verb}`" in page for verb in JUDGING)


@pytest.mark.parametrize("redirection", [">/dev/full", ">&-"])
@pytest.mark.parametrize("words", ["consumer --help", "consumer.log audit.log", "workloads --list",
                                   "workloads syscalls --ops 10"])  # fmt: skip
def test_the_programs_below_say_it_too(words: str, redirection: str, tmp_path: Path) -> None:
    (tmp_path / "audit.log").write_text("type=EOE msg=audit(1.000:1): \n")
    done = in_a_shell(f"{{python}} -m {words} {redirection}", tmp_path)
    assert done.returncode == 4
    assert len(done.stderr.splitlines()) == 1


def test_the_guard_is_not_for_users() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "harness.kernel.lease.guard"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def some_invalid(blocks: set[int]) -> Change:
    """All trials of these blocks failed."""

    def change(sample: dict[str, Any]) -> None:
        if sample["block"] in blocks:
            sample["valid"], sample["invalid_reason"] = False, "a CPU went away"

    return change


def test_what_failed_trials_leave_undecided_is_not_fine(tmp_path: Path) -> None:
    # Of two blocks one is left: no interval, so no verdict, though not most trials failed.
    altered_run(tmp_path / "run", some_invalid({2}), blocks=2)
    done = shell("show run", tmp_path)
    assert done.returncode == 3
    assert "too few are left to decide" in " ".join(done.stdout.split())


def test_mostly_failed_is_not_fine(tmp_path: Path) -> None:
    altered_run(tmp_path / "run", some_invalid({1, 2, 3, 4, 5}), blocks=8)
    done = shell("show run", tmp_path)
    assert done.returncode == 3
    assert "too many to trust" in " ".join(done.stdout.split())


def test_a_few_failed_trials_are_fine(tmp_path: Path) -> None:
    altered_run(tmp_path / "run", some_invalid({1, 2}), blocks=8)
    assert shell("show run", tmp_path).returncode == 0


def test_one_block_that_was_asked_for_is_fine(tmp_path: Path) -> None:
    altered_run(tmp_path / "run", blocks=1)
    assert shell("show run", tmp_path).returncode == 0


def test_a_limit_on_a_cell_whose_every_trial_failed_is_undecided(tmp_path: Path) -> None:
    altered_run(tmp_path / "run", invalid("rules"))
    for limit in ("rules/elapsed:5%", "rules/elapsed:20us", "rules/lost:0"):
        done = shell(f"gate --run run --fail {limit}", tmp_path)
        assert done.returncode == 3, limit
        assert "no valid trial" in done.stdout or "too few blocks" in done.stderr
