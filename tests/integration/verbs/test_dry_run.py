"""`--dry-run`: what would be done is said, and nothing is done."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.errors import EXIT_FINE, EXIT_USAGE
from tests.support.command import assert_one_line, auditbench, auditbench_json

RULES = "-b 4096\n-a always,exit -F arch=b64 -S connect -k net\n"
SMALL = ("--blocks", 8, "--ops", 50, "--workload", "udp", "--seed", 7)


def without_what_others_left(output: str) -> str:
    """Without the folders of runs that tests beside this one killed; any run removes them."""
    return re.sub(r"^\S+, which a killed run had left behind, was removed$", "", output, flags=re.M)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "a.rules").write_text(RULES)
    (tmp_path / "b.rules").write_text("-a always,exit -F arch=b64 -S sendto -k net\n")
    return tmp_path


def test_a_run_says_what_it_would_do(place: Path) -> None:
    done = auditbench("run", "--rules", "a.rules", "--dry-run", "--borrow", *SMALL, cwd=place)
    assert done.returncode == EXIT_FINE, done.stderr
    said = " ".join(done.stdout.split())
    assert said.startswith("overhead: 5 cells × 8 blocks and a warm-up = 45 trials; about ")
    for words in (
        "a guess from the number of operations",
        "--seed 7 repeats it",
        "-a always,exit -F arch=b64 -S connect -F key=net",
        "backlog_limit is set to 4096, 8192",
        "audit daemon is asked to stop",
        "nothing was changed or measured",
    ):
        assert words in said, words
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert sorted(path.name for path in place.iterdir()) == ["a.rules", "b.rules"]


def test_what_cells_set_apart_is_told_in_full_and_what_all_set_once(place: Path) -> None:
    done = auditbench("run", "pressure", "--dry-run", cwd=place)
    table = done.stdout.partition("Rules in force")[0]
    for words in (
        "backlog_wait_time=0",
        "multicast-assemble",
        "rcvbuf_bytes=106496",
        "enobufs",
        "stop_after_ms=50",
        "stop_for_ms=1500",
    ):
        assert words in table, words
    assert "…" not in table
    assert " ".join(table.split()).endswith("All cells: udp, failure=0.")
    assert table.count("failure=0") == 1
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_rules_that_depend_on_the_workload_are_told_for_each(place: Path) -> None:
    """The exclusion of one call is of another call in each workload."""
    rules = auditbench("run", "--dry-run", cwd=place).stdout.partition("Rules in force")[2]
    heads = [line for line in rules.splitlines() if line.endswith(":")]
    assert len(heads) == len(set(heads))
    assert {"rules+exclude-call (shells):", "rules+exclude-call (udp):", "rules:"} <= set(heads)


def test_one_block_is_said_to_decide_nothing_before_it_is_measured(place: Path) -> None:
    few = auditbench_json("run", "--blocks", 1, "--dry-run", cwd=place)["line"]
    assert few.endswith("; one block gives no interval and no verdict: use --blocks 6 or more")
    for enough in (("--blocks", 6), ("soak",)):
        line = auditbench_json("run", *enough, "--dry-run", cwd=place)["line"]
        assert "no verdict" not in line


def test_the_same_as_a_document(place: Path) -> None:
    found = auditbench_json("run", "--rules", "a.rules", "--dry-run", *SMALL, cwd=place)
    assert found["schema"] == "auditbench.preview/1"
    assert (found["trials"], found["blocks"], found["seed"]) == (45, 8, 7)
    assert found["estimate"]["seconds"] > 0
    assert found["estimate"]["runs"] == 0
    cell = next(cell for cell in found["cells"] if cell["scenario"] == "a")
    assert cell["rules"] == ["-a always,exit -F arch=b64 -S connect -F key=net"]
    assert cell["limits"]["backlog_limit"] == 4096


def test_ab_and_gate_have_it_too(place: Path) -> None:
    both = auditbench_json("ab", "a.rules", "b.rules", "--dry-run", *SMALL, cwd=place)
    assert {"a", "b"} <= {cell["scenario"] for cell in both["cells"]}
    gate = ("gate", "--rules", "a.rules", "--fail", "a/elapsed:5%", "--dry-run")
    judged = auditbench_json(*gate, *SMALL, cwd=place)
    assert "a" in {cell["scenario"] for cell in judged["cells"]}
    assert not (place / "results").exists()


def test_a_request_that_cannot_be_measured_is_refused_as_ever(place: Path) -> None:
    bad = auditbench("run", "--rules", "missing.rules", "--dry-run", cwd=place)
    assert_one_line(bad, EXIT_USAGE, "missing.rules")
    label = auditbench("run", "--label", "a b", "--dry-run", cwd=place)
    assert_one_line(label, EXIT_USAGE, "cannot name a run")
    unfit = auditbench("gate", "--fail", "nowhere/elapsed:5%", "--dry-run", cwd=place)
    assert_one_line(unfit, EXIT_USAGE, "nowhere")
    form = auditbench("run", "--dry-run", "--to", "csv", cwd=place)
    assert_one_line(form, EXIT_USAGE, "one of json, md")


def test_stored_runs_have_no_dry_run(place: Path) -> None:
    done = auditbench("gate", "--run", "latest", "--fail", "lost:0", "--dry-run", cwd=place)
    assert_one_line(done, EXIT_USAGE, "judged as they are: leave out --dry-run")


def test_a_replay_leaves_the_host_alone(place: Path) -> None:
    found = auditbench_json("run", "replay", "--dry-run", cwd=place)
    assert found["changes"] == ["nothing: a replay leaves the kernel's audit alone"]
    assert found["login"] is None


def test_a_run_begins_with_the_same_line(place: Path) -> None:
    words = ("run", "replay", "--blocks", 2, "--ops", 2000, "--seed", 1)
    preview = auditbench_json(*words, "--dry-run", cwd=place)
    done = auditbench(*words, cwd=place)
    said = without_what_others_left(done.stderr)
    assert " ".join(said.split()).startswith(" ".join(preview["line"].split()))
    again = auditbench_json(*words, "--dry-run", cwd=place)
    assert "as trials took in 1 run here" in again["line"]
