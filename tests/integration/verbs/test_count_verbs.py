"""Counted runs through the command line: which verbs take them, and what they say."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.cli import run_command
from tests.support.command import assert_one_line
from tests.support.runs import made_up_run
from tests.support.stored.counted_runs import BASIC, counted_run

Command = Callable[..., subprocess.CompletedProcess[str]]
DEARER = {**BASIC, "site": (850.5, 850.3)}


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """As a user's shell does it, but in this process, beside two counted runs and a timed one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    machine = tmp_path / "results" / "h-1"
    made_up_run(machine / "2026-01-01T120000Z-timed")
    counted_run(machine / "2026-01-02T120000Z-overhead")
    counted_run(machine / "2026-01-03T120000Z-overhead", DEARER, kernels={"6.12.9-x": 1.0})

    def run(*words: object) -> subprocess.CompletedProcess[str]:
        capsys.readouterr()
        code = run_command([str(word) for word in words])
        return subprocess.CompletedProcess(words, code, *capsys.readouterr())

    return run


def test_compare_takes_two_counted_runs(command: Command, tmp_path: Path) -> None:
    done = command("compare", "latest~1", "latest", "--to", "md=c.md", "--to", "csv=c.csv")
    assert done.returncode == 1
    assert done.stdout.startswith("Linux 6.12.9-x against Linux 6.1.0-x. Worse: syscalls × site")
    assert (tmp_path / "c.md").read_text().startswith("## auditbench compare")
    assert len((tmp_path / "c.csv").read_text().splitlines()) == 4
    assert command("compare", "latest~1", "latest", "--margin", "5%").returncode == 0


def test_compare_refuses_to_mix_counts_with_times(command: Command) -> None:
    assert_one_line(command("compare", "latest~2", "latest"), 2, "counts and times have nothing")
    pooled = command("compare", "latest~1", "--with", "latest")
    assert_one_line(pooled, 2, "counts instructions")


def test_gate_judges_a_counted_run(command: Command, tmp_path: Path) -> None:
    words = ("gate", "--run", "latest", "--reference", "no-rules", "--fail")
    assert command(*words, "site/instructions:80%", "--to", "junit=g.xml").returncode == 0
    assert "instructions:80%" in (tmp_path / "g.xml").read_text()
    failed = command(*words, "site/instructions:60%", "--json")
    assert failed.returncode == 1
    assert json.loads(failed.stdout)["schema"] == "auditbench.gate-count/1"
    against = command("gate", "--run", "latest", "--against", "latest~1", "--fail",
                      "instructions:1%")  # fmt: skip
    assert against.returncode == 1
    assert_one_line(command(*words, "elapsed:5%"), 2, "elapsed is not counted")
    timed = command("gate", "--run", "latest~2", "--fail", "instructions:1%")
    assert_one_line(timed, 2, "instructions are counted, not measured in time: add --count")
    mixed = command("gate", "--run", "latest", "--against", "latest~2", "--fail",
                    "instructions:1%")  # fmt: skip
    assert_one_line(mixed, 2, "counts and times have nothing")


@pytest.mark.parametrize(
    "verb", [("run",), ("gate", "--fail", "instructions:1%"), ("ab", "a", "b")]
)
@pytest.mark.parametrize(
    ("option", "words"),
    [
        (("--blocks", "5"), "--blocks and --count contradict"),
        (("--fast",), "--fast and --count contradict"),
        (("--cpus", "none"), "--cpus and --count contradict"),
        (("--rate", "5"), "--rate and --count contradict"),
        (("-n", "2"), "options of the load and --count contradict"),
        (("--", "true"), "a command of yours is not counted"),
    ],
)
def test_what_has_no_meaning_in_a_guest_is_refused(
    command: Command, tmp_path: Path, verb: tuple[str, ...], option: tuple[str, ...], words: str
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text("-a always,exit -F arch=b64 -S mount\n")
    assert_one_line(command(*verb, "--count", *option), 2, words)


@pytest.mark.parametrize("verb", [("run",), ("gate", "--fail", "lost:0"), ("ab", "a", "b")])
def test_a_kernel_is_only_for_counting(command: Command, verb: tuple[str, ...]) -> None:
    assert_one_line(command(*verb, "--kernel", "6.1"), 2, "add --count")


def test_a_scope_that_nothing_has_is_refused_before_anything_is_fetched(
    command: Command, tmp_path: Path
) -> None:
    (tmp_path / "site.rules").write_text("-a always,exit -F arch=b64 -S mount\n")
    words = ("gate", "--count", "--rules", "site.rules", "--fail", "sight/instructions:1%")
    assert_one_line(command(*words), 2, "no workload, scenario or kernel 'sight'")


@pytest.mark.parametrize("verb", [("count",), ("run", "--count")])
def test_a_form_of_times_is_refused_before_anything_is_fetched(
    command: Command, verb: tuple[str, ...]
) -> None:
    words = (*verb, "--kernel", "no-such-file", "--to", "pyperf=times.json")
    assert_one_line(command(*words), 2, "there is no form 'pyperf' here")


@pytest.mark.parametrize("option", ["ledger", "details"])
def test_show_has_neither_ledger_nor_details_of_counts(command: Command, option: str) -> None:
    assert command("show", "latest").returncode == 0
    assert_one_line(command("show", "latest", f"--{option}"), 2, f"has no {option}: leave it out")


def test_report_takes_counted_runs(command: Command, tmp_path: Path) -> None:
    assert command("report", "latest~1", "latest", "-o", "r.html").returncode == 0
    assert "2 counted runs compared" in (tmp_path / "r.html").read_text()
    text = command("report", "latest", "--to", "md").stdout
    assert text.startswith("## auditbench count: h-1/2026-01-03T120000Z-overhead")
    assert "auditbench count: h-1" in command("report", "latest", "--to", "txt").stdout
    assert_one_line(command("report", "latest~2", "latest"), 2, "counts and times")


def test_plot_draws_counts_and_nothing_that_shows_times(command: Command, tmp_path: Path) -> None:
    assert command("plot", "latest", "-o", "p.svg").returncode == 0
    assert "Instructions by scenario" in (tmp_path / "p.svg").read_text()
    refused = command("plot", "latest", "--kind", "forest", "-o", "p.svg")
    assert_one_line(refused, 2, "cannot be drawn as forest: one of counts, kernels")
    refused = command("plot", "latest~2", "--kind", "counts", "-o", "p.svg")
    assert_one_line(refused, 2, "is no counted run, as the plot counts needs")
    document = json.loads(command("plot", "latest", "--json").stdout)
    assert document["kind"] == "counts"
    assert len(document["rows"]) == len(BASIC)


def test_export_writes_every_form_but_the_one_of_times(command: Command, tmp_path: Path) -> None:
    forms = ("--to", "csv=t.csv", "--to", "junit=t.xml", "--to", "md=t.md")
    assert command("export", "latest", *forms).returncode == 0
    assert len((tmp_path / "t.csv").read_text().splitlines()) == 1 + 2 * len(BASIC)
    assert "instructions_per_op" in (tmp_path / "t.xml").read_text()
    assert_one_line(command("export", "latest", "--to", "pyperf"), 2, "this form holds times")


def test_history_follows_counts(command: Command, tmp_path: Path) -> None:
    done = command("history", "--metric", "instructions", "--to", "svg=h.svg")
    assert done.returncode == 0
    assert "syscalls × site × none: instructions +3.7 % (820.4 to 850.4)" in done.stdout
    assert "Linux 6.1.0-x → 6.12.9-x" in done.stdout
    assert "<svg" in (tmp_path / "h.svg").read_text()
    assert command("plot", "latest", "--kind", "history", "-o", "p.svg").returncode == 0


def test_list_says_which_runs_are_counted(command: Command) -> None:
    shown = command("list", "runs").stdout
    assert shown.count("counted") == 2
    listed = json.loads(command("list", "runs", "--json").stdout)
    assert [run["counted"] for run in listed["runs"]] == [True, True, False]
