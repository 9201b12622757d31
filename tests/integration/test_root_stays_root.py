"""Who may call `sudo auditbench`, and any program of theirs, gets nothing out of it but measuring.

These tests need root but no audit: root is what there is to lose. The attacker is a user without
rights who called sudo and whose programs own the folder that is worked in.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.files.output import NewFile, write_text
from harness.processes.as_caller import CANNOT_EXECUTE, run_as_caller
from harness.store import ENVIRONMENT, PLAN, SAMPLES, RunWriter, load_run
from tests.support.callers import (
    ATTACKER,
    as_attacker,
    by_root,
    by_sudo,
    home,
    needs_root,
    owner_of,
    sudo_auditbench,
    sudo_environment,
)
from tests.support.command import assert_one_line
from tests.support.patience import PATIENCE_S
from tests.support.runs import made_up_run, made_up_sample

__all__ = ["by_root", "by_sudo", "home"]

pytestmark = needs_root

REPLAY = ("run", "replay", "--blocks", "1", "--ops", "200")
SECRET = "correct-horse-battery-staple"


def seen(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """All below a folder: owner, mode and content."""
    found = {}
    for path in sorted([folder, *folder.rglob("*")]):
        about = path.lstat()
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        found[str(path)] = (about.st_uid, about.st_mode, content)
    return found


@pytest.fixture
def victim(home: Path) -> Path:
    """A file that only root can read and write, in a folder of root's beside the attacker's."""
    folder = home.parent / "root"
    folder.mkdir()
    path = folder / "victim"
    path.write_text(f"{SECRET}\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def stored(home: Path, by_sudo: None) -> Path:
    """A run that the attacker made, in `results` of their folder."""
    return made_up_run(home / "results" / "machine" / "run").folder


# ---- the folder of the runs ----------------------------------------------------------------


@pytest.mark.parametrize("place", ["folder", "link", "below/new"])
def test_no_folder_of_root_changes_hands(home: Path, place: str) -> None:
    root = home.parent
    (root / "folder" / "etc").mkdir(parents=True)
    (root / "below").mkdir()
    (root / "link").symlink_to("folder/etc")
    before = seen(root)
    done = sudo_auditbench(*REPLAY, "--results", root / place, cwd=root)
    assert_one_line(done, 2, "cannot be written", "who called sudo", "--results DIR")
    assert seen(root) == before


def test_a_folder_for_everybody_stays_roots(home: Path, by_sudo: None) -> None:
    place = home.parent / "tmp"
    place.mkdir()
    place.chmod(0o1777)
    made_up_run(place / "machine" / "run")
    assert (owner_of(place), owner_of(home.parent)) == (0, 0)
    assert {owner_of(path) for path in place.rglob("*")} == {ATTACKER}


def test_what_the_run_makes_is_the_callers(home: Path) -> None:
    done = sudo_auditbench(*REPLAY, cwd=home)
    assert done.returncode in (0, 3), done.stderr
    made = list((home / "results").rglob("*"))
    assert {path.name for path in made} >= {SAMPLES, PLAN, ENVIRONMENT}
    assert {owner_of(path) for path in (home / "results", *made)} == {ATTACKER}
    assert list(home.rglob(".*")) == []


def test_results_in_the_place_of_a_folder_of_roots(home: Path) -> None:
    target = home.parent / "etc"
    target.mkdir()
    as_attacker(lambda: (home / "results").symlink_to(target))
    assert_one_line(sudo_auditbench(*REPLAY, cwd=home), 2, "cannot be written")
    assert list(target.iterdir()) == []
    assert owner_of(target) == 0


def test_a_machines_folder_that_leads_elsewhere(home: Path, by_sudo: None) -> None:
    target = home.parent / "etc"
    target.mkdir()

    def plant() -> None:
        (home / "results").mkdir()
        (home / "results" / "machine").symlink_to(target)

    as_attacker(plant)
    with pytest.raises(UsageError, match="cannot be written"):
        RunWriter(home / "results" / "machine" / "run")
    assert list(target.iterdir()) == []


def test_a_run_that_never_began_leaves_nothing(home: Path, by_sudo: None) -> None:
    with pytest.raises(KeyError), RunWriter(home / "results" / "machine" / "run"):
        raise KeyError
    assert list(home.iterdir()) == []


# ---- files of a run while it is written ----------------------------------------------------


def test_links_in_the_place_of_files_and_drafts(home: Path, victim: Path, by_sudo: None) -> None:
    folder, before = home / "results" / "machine" / "run", seen(victim.parent)
    with RunWriter(folder) as writer:

        def plant() -> None:
            for name in (PLAN, ENVIRONMENT, f".{PLAN}.new", f".{ENVIRONMENT}.new"):
                (folder / name).symlink_to(victim)
            (folder / SAMPLES).unlink()
            (folder / SAMPLES).symlink_to(victim)

        as_attacker(plant)
        writer.describe({"name": "p"}, {"schema": "e"})
        writer.append(made_up_sample("rules", 1, 0, random.Random(1)))
        writer.describe({"name": "p"}, {"schema": "e"})
    assert seen(victim.parent) == before
    for name in (PLAN, ENVIRONMENT):
        assert not (folder / name).is_symlink()
        assert owner_of(folder / name) == ATTACKER


@pytest.mark.parametrize("level", ["run", "machine", "results"])
def test_a_folder_that_is_exchanged_during_the_run(
    home: Path, victim: Path, by_sudo: None, level: str
) -> None:
    folder, before = home / "results" / "machine" / "run", seen(victim.parent)
    swapped = {"run": folder, "machine": folder.parent, "results": home / "results"}[level]
    with RunWriter(folder) as writer:

        def swap() -> None:
            swapped.rename(home / "aside")
            swapped.symlink_to(victim.parent)

        as_attacker(swap)
        writer.describe({"name": "p"}, {"schema": "e"})
        writer.append(made_up_sample("rules", 1, 0, random.Random(1)))
    assert seen(victim.parent) == before
    names = {path.name for path in (home / "aside").rglob("*") if path.is_file()}
    assert names == {SAMPLES, PLAN, ENVIRONMENT}


def test_a_program_that_plants_links_all_the_time(home: Path, victim: Path) -> None:
    before = seen(victim.parent)
    attacker = os.fork()
    if attacker == 0:
        try:
            os.setgroups([])
            os.setresgid(ATTACKER, ATTACKER, ATTACKER)
            os.setresuid(ATTACKER, ATTACKER, ATTACKER)
            _plant_for_ever(home, victim)
        finally:
            os._exit(1)
    try:
        sudo_auditbench(*REPLAY, cwd=home)
    finally:
        os.kill(attacker, signal.SIGKILL)
        os.waitpid(attacker, 0)
    assert seen(victim.parent) == before


def _plant_for_ever(home: Path, victim: Path) -> None:
    """Links for all names that a run might write, and the run itself moved back and forth."""
    names = [PLAN, ENVIRONMENT, f".{PLAN}.new", f".{ENVIRONMENT}.new", "report.html"]
    while True:
        for run in home.glob("results/*/*"):
            drafts = [path.name for path in run.glob(".*.new")] if not run.is_symlink() else []
            for name in (*names, *drafts):
                try:
                    (run / name).unlink(missing_ok=True)
                    (run / name).symlink_to(victim)
                except OSError:
                    pass
            try:
                run.rename(home / "aside")
                run.symlink_to(victim.parent)
                run.unlink()
                (home / "aside").rename(run)
            except OSError:
                pass


# ---- what verbs write of a stored run ------------------------------------------------------

WRITING: list[tuple[str, ...]] = [
    ("report", "latest", "--output="),
    ("report", "latest", "--to", "md="),
    ("plot", "latest", "--output="),
    ("plot", "latest", "--to", "png="),
    ("history", "--to", "svg="),
    ("show", "latest", "--to", "json="),
    ("export", "latest", "--to", "csv="),
    ("export", "latest", "--to", "pyperf="),
    ("compare", "latest:rules", "latest:no-rules", "--to", "json="),
    ("gate", "--run", "latest", "--fail", "rules/elapsed:900%", "--to", "junit="),
    ("gate", "--run", "latest", "--fail", "rules/elapsed:900%", "--to", "md="),
    ("gate", "--run", "latest", "--fail", "rules/elapsed:900%", "--to", "json="),
    ("list", "plans", "--to", "json="),
]
"""The file's name is put behind the last word."""

TRICKS: dict[str, Callable[[Path, Path], None]] = {
    "link": lambda path, victim: path.symlink_to(victim),
    "link to a new file": lambda path, victim: path.symlink_to(victim.parent / "new.svg"),
    "hard link": lambda path, victim: path.hardlink_to(victim),
    "root's file": lambda path, victim: path.write_bytes(victim.read_bytes()),
    "FIFO": lambda path, victim: os.mkfifo(path, 0o666),
    "folder": lambda path, victim: path.mkdir(),
}


@pytest.mark.parametrize("words", WRITING, ids=" ".join)
@pytest.mark.parametrize("trick", ["link", "root's file"])
def test_what_a_verb_writes_reaches_no_file_of_roots(
    stored: Path, home: Path, victim: Path, words: tuple[str, ...], trick: str
) -> None:
    target = home / "target.svg"
    TRICKS[trick](target, victim)
    before = seen(victim.parent), target.lstat()
    done = sudo_auditbench(*words[:-1], f"{words[-1]}{target}", cwd=home)
    assert_one_line(done, 2, f"{target} cannot be written")
    after = target.lstat()
    assert seen(victim.parent) == before[0]
    assert (after.st_ino, after.st_size, after.st_uid) == (
        before[1].st_ino,
        before[1].st_size,
        before[1].st_uid,
    )


@pytest.mark.parametrize("trick", TRICKS)
def test_every_trick_in_the_place_of_the_report(
    stored: Path, home: Path, victim: Path, trick: str
) -> None:
    TRICKS[trick](stored / "report.html", victim)
    before = seen(victim.parent)
    done = sudo_auditbench("report", "latest", cwd=home, timeout_s=PATIENCE_S)
    assert_one_line(done, 2, "report.html cannot be written")
    assert seen(victim.parent) == before


@pytest.mark.parametrize("trick", sorted(TRICKS.keys() - {"root's file"}))
def test_every_trick_on_root_itself(home: Path, victim: Path, by_root: None, trick: str) -> None:
    target = home / "report.html"
    TRICKS[trick](target, victim)
    before = seen(victim.parent)
    with pytest.raises(UsageError, match="cannot be written"):
        write_text(target, "words")
    assert seen(victim.parent) == before


def test_a_file_in_a_folder_of_roots_is_not_made(stored: Path, home: Path, victim: Path) -> None:
    before = seen(victim.parent)
    done = sudo_auditbench("report", "latest", "-o", victim.parent / "new.html", cwd=home)
    assert_one_line(done, 2, "cannot be written", "who called sudo")
    assert seen(victim.parent) == before


def test_the_callers_own_file_is_overwritten_and_stays_theirs(stored: Path, home: Path) -> None:
    as_attacker(lambda: (home / "page.html").write_text("old and longer than nothing"))
    assert sudo_auditbench("report", "latest", "-o", "page.html", cwd=home).returncode == 0
    assert sudo_auditbench("report", "latest", "-o", "new.html", cwd=home).returncode == 0
    assert (home / "page.html").read_text().startswith("<!doctype html>")
    assert (home / "page.html").read_bytes() == (home / "new.html").read_bytes()
    assert owner_of(home / "page.html") == owner_of(home / "new.html") == ATTACKER


def test_the_summary_of_a_ci_job(stored: Path, home: Path, victim: Path) -> None:
    before = seen(victim.parent)
    (home / "summary").symlink_to(victim)
    words = ("gate", "--run", "latest", "--fail", "rules/elapsed:900%")
    done = sudo_auditbench(*words, cwd=home, GITHUB_STEP_SUMMARY=str(home / "summary"))
    assert_one_line(done, 2, "summary cannot be written")
    assert seen(victim.parent) == before


def test_the_program_writes_to_its_own_standard_output(stored: Path, home: Path) -> None:
    done = sudo_auditbench("report", "latest", "--to", "md=/dev/stdout", cwd=home)
    assert done.stdout.startswith("**") or "|" in done.stdout
    assert sudo_auditbench("report", "latest", "-o", "/dev/null", cwd=home).returncode == 0


@pytest.mark.parametrize("trick", TRICKS)
def test_a_capture_replaces_nothing(home: Path, victim: Path, by_sudo: None, trick: str) -> None:
    before = seen(victim.parent)
    TRICKS[trick](home / "new.cap", victim)
    with pytest.raises(UsageError, match="it exists"):
        NewFile(home / "new.cap")
    assert seen(victim.parent) == before


def test_a_capture_is_the_callers(home: Path, by_sudo: None) -> None:
    with NewFile(home / "new.cap") as file:
        os.write(file.descriptor, b"records")
        assert not (home / "new.cap").exists()
        assert file.publish() == 7
    assert owner_of(home / "new.cap") == ATTACKER
    assert [path.name for path in home.iterdir()] == ["new.cap"]
    with NewFile(home / "given-up.cap"):
        pass
    assert [path.name for path in home.iterdir()] == ["new.cap"]


def test_fonts_are_not_listed_in_the_callers_home(stored: Path, home: Path, victim: Path) -> None:
    def plant() -> None:
        (home / ".cache").mkdir()
        (home / ".cache" / "matplotlib").symlink_to(victim.parent)
        (home / ".config").symlink_to(victim.parent)

    as_attacker(plant)
    before = seen(victim.parent)
    done = sudo_auditbench("report", "latest", "-o", "page.html", cwd=home, HOME=str(home))
    assert done.returncode == 0, done.stderr
    assert seen(victim.parent) == before


def test_the_browser_runs_as_the_caller(stored: Path, home: Path) -> None:
    browser = home / "browser"
    browser.write_text(f'#!/bin/sh\nid -u > "{home}/who"\nid -G >> "{home}/who"\n')
    browser.chmod(0o755)
    done = sudo_auditbench(
        *("report", "latest", "-o", "page.html", "--open"), cwd=home, BROWSER=str(browser)
    )
    if done.returncode == 2:  # the caller cannot reach this very Python: then nothing is opened
        assert_one_line(done, 2, "no browser could be started")
    assert not (home / "who").exists() or (home / "who").read_text().split() == [str(ATTACKER)] * 2


def test_a_program_that_the_caller_may_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    for name, value in sudo_environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("SUDO_COMMAND", raising=False)
    assert run_as_caller([str(program)]) == CANNOT_EXECUTE


# ---- reading -------------------------------------------------------------------------------


def _put(stored: Path, name: str, make: Callable[[Path], object]) -> None:
    (stored / name).unlink()
    as_attacker(lambda: make(stored / name))


@pytest.mark.parametrize("name", [SAMPLES, PLAN, ENVIRONMENT])
@pytest.mark.parametrize("verb", ["show", "report", "export"])
def test_a_link_to_a_secret_is_not_read_out(
    stored: Path, home: Path, victim: Path, name: str, verb: str
) -> None:
    victim.write_text(f'name = "{SECRET}"\n{{"{SECRET}": "{SECRET}", "schema": "{SECRET}"}}\n')
    _put(stored, name, lambda path: path.symlink_to(victim))
    words = ("--to", "csv") if verb == "export" else ()
    done = sudo_auditbench(verb, stored, *words, cwd=home)
    assert done.returncode == 2
    assert SECRET not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", [SAMPLES, PLAN, ENVIRONMENT])
@pytest.mark.parametrize("kind", ["FIFO", "endless"])
def test_a_fifo_or_a_device_keeps_nobody_waiting(
    stored: Path, home: Path, name: str, kind: str
) -> None:
    make: Callable[[Path], object] = (
        os.mkfifo if kind == "FIFO" else lambda path: path.symlink_to("/dev/zero")
    )
    _put(stored, name, make)
    done = sudo_auditbench("show", stored, cwd=home, timeout_s=PATIENCE_S)
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_root_alone_follows_no_link_in_a_run(home: Path, victim: Path, by_root: None) -> None:
    folder = made_up_run(home / "results" / "machine" / "run").folder
    (folder / PLAN).unlink()
    (folder / PLAN).symlink_to(victim)
    with pytest.raises(UsageError) as caught:
        load_run(folder)
    assert SECRET not in caught.value.one_line()
    assert "root follows none" in caught.value.one_line()


@pytest.mark.parametrize("option", [("--rules",), ()], ids=["rules", "plan"])
def test_a_secret_is_no_rule_file_and_no_plan(
    home: Path, victim: Path, option: tuple[str, ...]
) -> None:
    secret = victim.rename(victim.with_name("secret.toml"))
    link = home / "mine.toml"
    as_attacker(lambda: link.symlink_to(secret))
    for path in (secret, link):
        done = sudo_auditbench("run", *option, path, cwd=home)
        assert_one_line(done, 2, "cannot be read", "who called sudo")
        assert SECRET not in done.stderr


def test_runs_in_a_folder_that_the_caller_may_not_look_into(home: Path) -> None:
    hidden = home.parent / "hidden"
    made_up_run(hidden / "machine" / "run-of-roots")
    hidden.chmod(0o700)
    for words in (("show", "latest"), ("show", "run-of-roots"), ("history",)):
        done = sudo_auditbench(*words, "--results", hidden, cwd=home)
        assert done.returncode == 2, done.stderr
        assert "Traceback" not in done.stderr


# ---- root by itself ------------------------------------------------------------------------


def test_root_follows_its_own_links_and_no_strangers(home: Path, by_root: None) -> None:
    root = home.parent
    (root / "real").mkdir()
    (root / "own").symlink_to("real")
    with RunWriter(root / "own" / "machine" / "run") as writer:
        writer.describe({}, {})
    assert (root / "real" / "machine" / "run" / PLAN).is_file()
    assert owner_of(root / "real" / "machine") == 0
    as_attacker(lambda: (home / "theirs").symlink_to(root / "real"))
    with pytest.raises(UsageError, match="another user's symbolic link"):
        RunWriter(home / "theirs" / "machine" / "second")


@pytest.mark.parametrize("command", ["/bin/bash", "/usr/bin/su", "/usr/bin/su root"])
def test_in_a_root_shell_files_are_roots(
    home: Path, by_sudo: None, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("SUDO_COMMAND", command)
    made_up_run(home.parent / "results" / "machine" / "run")
    assert {owner_of(path) for path in (home.parent / "results").rglob("*")} == {0}


def test_a_command_for_a_shell_is_no_root_shell(
    home: Path, by_sudo: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUDO_COMMAND", "/bin/bash -c auditbench run")
    made_up_run(home / "results" / "machine" / "run")
    assert {owner_of(path) for path in (home / "results").rglob("*")} == {ATTACKER}
