"""`run --resume`: whole blocks that are missing are measured, a broken one again, or not at all.

With a replay, which needs neither root nor audit.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from harness.errors import EXIT_FINE, EXIT_USAGE
from harness.store import ENVIRONMENT, PLAN, SAMPLES, RunWriter, load_run
from tests.support.command import ROOT, assert_one_line, auditbench

LOAD = ("--consumer", "decode", "--blocks", 2, "--ops", 1000)
WORDS = ("run", "replay", *LOAD, "--label", "mine")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole run: three blocks of three cells."""
    place = tmp_path_factory.mktemp("measured")
    done = auditbench(*WORDS, cwd=place)
    assert done.returncode == EXIT_FINE, done.stderr
    return place


@pytest.fixture
def place(measured: Path, tmp_path: Path) -> Path:
    """The same, to be changed."""
    return Path(shutil.copytree(measured, tmp_path / "place"))


def folder_of(place: Path) -> Path:
    (folder,) = place.glob("results/*/*")
    return folder


def cut(place: Path, trials: int, *, rest: bytes = b"") -> list[bytes]:
    """Stop the run after so many trials, with `rest` of the next line written."""
    samples = folder_of(place) / SAMPLES
    lines = samples.read_bytes().splitlines(keepends=True)[:trials]
    samples.write_bytes(b"".join(lines) + rest)
    return lines


def change(place: Path, name: str, old: str, new: str) -> None:
    path = folder_of(place) / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def resumed(place: Path, *words: object) -> Any:
    return auditbench("run", "--resume", "latest", *words, cwd=place)


def test_missing_blocks_are_measured_and_what_is_there_stays(place: Path) -> None:
    before = load_run(folder_of(place))
    cells = len(before.samples) // 3
    kept = cut(place, 2 * cells)
    done = resumed(place)
    assert done.returncode == EXIT_FINE, done.stderr
    assert f"{cells} of {3 * cells} trials missing; about" in " ".join(done.stderr.split())
    lines = (folder_of(place) / SAMPLES).read_bytes().splitlines(keepends=True)
    assert lines[: len(kept)] == kept
    after = load_run(folder_of(place))
    order = [(s.index, s.cell, s.block, s.seed, s.ops) for s in before.samples]
    assert [(s.index, s.cell, s.block, s.seed, s.ops) for s in after.samples] == order
    assert after.plan == before.plan
    assert after.environment.label == "mine"
    assert len(after.environment.resumed_at) == 1
    assert [c.name for c in after.environment.cautions].count("resumed") == 1
    assert "and resumed at" in " ".join(done.stdout.split())


def test_a_run_that_was_kept_for_others_is_refused_with_the_reason(place: Path) -> None:
    kept = ROOT / "results/reference/overhead-debian12-2vcpu"
    done = auditbench("run", "--resume", kept, cwd=place)
    assert_one_line(done, EXIT_USAGE, "was kept for others: make a new run")


def test_a_broken_block_is_measured_again_and_kept_apart(place: Path) -> None:
    cells = len(load_run(folder_of(place)).samples) // 3
    cut(place, 2 * cells + 1, rest=b'{"index":')
    done = resumed(place)
    assert done.returncode == EXIT_FINE, done.stderr
    stored = load_run(folder_of(place))
    assert stored.cautions == ()
    broken = [s for s in stored.samples if not s.valid]
    assert [(s.index, s.invalid_reason[:20]) for s in broken] == [
        (2 * cells, "its block was broken")
    ]
    valid = sorted(s.index for s in stored.samples if s.valid)
    assert valid == list(range(3 * cells))


def test_a_run_is_resumed_more_than_once(place: Path) -> None:
    cells = len(load_run(folder_of(place)).samples) // 3
    cut(place, cells)
    assert resumed(place).returncode == EXIT_FINE
    cut(place, 2 * cells)
    assert resumed(place).returncode == EXIT_FINE
    stored = load_run(folder_of(place))
    assert len(stored.environment.resumed_at) == 2
    assert len(stored.samples) == 3 * cells


def test_a_whole_run_has_nothing_to_resume(place: Path) -> None:
    before = (folder_of(place) / SAMPLES).read_bytes()
    assert_one_line(resumed(place), EXIT_USAGE, "is whole")
    assert (folder_of(place) / SAMPLES).read_bytes() == before


@pytest.mark.parametrize(
    ("name", "old", "new", "reason"),
    [
        (ENVIRONMENT, '"boot_id": "', '"boot_id": "0', "was booted again since"),
        (ENVIRONMENT, '"boot_id": "', '"x": "', "not known on which boot"),
        (ENVIRONMENT, '"release": "', '"release": "9.', "kernel 9."),
        (ENVIRONMENT, '"audit_before": null', '"audit_before": {"rules": []}', "audit alone"),
        (PLAN, "workers = 1", "workers = 2", "the plan's workers would be another"),
        (PLAN, 'name = "full-rate"', 'name = "other"', "the scenarios of replay would be others"),
        (ENVIRONMENT, '"run",', '"gate",', "was not made by `auditbench run`"),
        (ENVIRONMENT, '"--blocks"', '"--bloxs"', "a command line that is none now"),
        (ENVIRONMENT, '"1000"', '"2000"', "the plan's ops would be another"),
    ],
)
def test_what_is_not_as_it_was_is_refused_with_the_reason(
    place: Path, name: str, old: str, new: str, reason: str
) -> None:
    cut(place, 5)
    change(place, name, old, new)
    files = {p.name: p.read_bytes() for p in folder_of(place).iterdir()}
    assert_one_line(resumed(place), EXIT_USAGE, reason)
    assert {p.name: p.read_bytes() for p in folder_of(place).iterdir()} == files


def test_options_of_what_is_measured_are_refused(place: Path) -> None:
    cut(place, 5)
    for words, named in (
        (("--ops", 5), "--ops"),
        (("--label", "x", "--fast"), "--label and --fast"),
        (("-n", 3, "--margin", "3%"), "--margin and -n"),
        (("--", "true"), "the command"),
        (("replay",), "the plan"),
        (("--cpus", "none", "--dry-run"), "--cpus and --dry-run"),
        (("--consumer-path", "a=/b", "--victim", "udp"), "--consumer-path and --victim"),
    ):
        done = resumed(place, *words)
        assert_one_line(done, EXIT_USAGE, "--resume measures what is missing")
        assert done.stderr.rstrip().endswith(f"as that was asked for: leave out {named}")


def test_what_others_can_change_is_not_carried_out(place: Path) -> None:
    cut(place, 5)
    (folder_of(place) / ENVIRONMENT).chmod(0o666)
    assert_one_line(resumed(place), EXIT_USAGE, "everybody may write to", "chmod")


def test_a_run_that_goes_on_is_not_resumed(place: Path) -> None:
    cut(place, 5)
    folder = folder_of(place)
    plan, environment = (folder / PLAN).read_bytes(), (folder / ENVIRONMENT).read_bytes()
    samples = (folder / SAMPLES).read_bytes()
    shutil.rmtree(folder)
    with RunWriter(folder) as writer:
        writer.describe({}, {})
        (folder / PLAN).write_bytes(plan)
        (folder / ENVIRONMENT).write_bytes(environment)
        (folder / SAMPLES).write_bytes(samples)
        assert_one_line(resumed(place), EXIT_USAGE, "is being measured")
