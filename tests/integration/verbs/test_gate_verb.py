"""The gate on made-up stored runs, through the command line: exit codes, words, files."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Protocol
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from harness.cli import run_command
from harness.run import session
from harness.run.session import Outcome
from harness.store import SAMPLES
from tests.support.command import ROOT, assert_one_line
from tests.support.stored.altered_runs import (
    Change,
    altered_run,
    invalid,
    lossy,
    slower,
    unexplained,
    without_ledger,
)

SCHEMA = json.loads((ROOT / "docs/schema/gate.schema.json").read_text(encoding="utf-8"))


def stored(tmp_path: Path, *changes: Change, name: str = "run", blocks: int = 8) -> Path:
    return altered_run(tmp_path / "results" / "h-1" / name, *changes, blocks=blocks)


class Command(Protocol):
    """Runs one command line in the test's folder."""

    def __call__(self, *words: object) -> subprocess.CompletedProcess[str]: ...


class Gate(Protocol):
    """Runs the gate on the run called `run`; its document, which must be as the schema says."""

    def __call__(self, *words: object, code: int) -> dict: ...


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """As a user's shell does it, but in this process: a new one for each takes too long."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)

    def run(*words: object) -> subprocess.CompletedProcess[str]:
        capsys.readouterr()
        code = run_command([str(word) for word in words])
        return subprocess.CompletedProcess(words, code, *capsys.readouterr())

    return run


@pytest.fixture
def gate(command: Command) -> Gate:
    """The gate, with `--json`."""

    def run(*words: object, code: int) -> dict:
        done = command("gate", "--json", "--run", "run", *words)
        assert done.returncode == code, done.stderr
        document = json.loads(done.stdout)
        jsonschema.validate(document, SCHEMA)
        return document

    return run


def outcomes(document: dict) -> dict[str, str]:
    return {check["scenario"]: check["outcome"] for check in document["checks"]}


def test_within_and_exceeded(tmp_path: Path, gate: Gate) -> None:
    stored(tmp_path)
    fine = gate("--fail", "elapsed:200%", "lost:0", "rules/elapsed:16us", code=0)
    assert fine["verdict"] == "pass"
    assert len(fine["checks"]) == 4 + 4 + 1
    assert {check["against"] for check in fine["checks"]} == {"no-audit", ""}
    broken = gate("--fail", "elapsed:10%", "--fail", "rules/elapsed:14us", code=1)
    assert broken["verdict"] == "fail"
    by_cell = outcomes(broken)
    assert by_cell == {
        "disabled": "pass",
        "no-rules": "pass",
        "rules": "fail",
        "rules+exclude-exe": "fail",
    }
    for check in broken["checks"]:
        assert len(check["readings"]) == 1  # a stored run cannot be measured once more
    in_time = broken["checks"][-1]["readings"][0]
    assert in_time["low"] < in_time["estimate"] < in_time["high"]
    assert in_time["low"] > 14_000


def test_undecided_fails_or_passes_as_asked(tmp_path: Path, command: Command, gate: Gate) -> None:
    stored(tmp_path, slower("rules", 1.0, spread=0.1))
    words = ("--fail", "rules/elapsed:150%")
    document = gate(*words, code=3)
    (reading,) = document["checks"][0]["readings"]
    assert document["verdict"] == "inconclusive"
    assert reading["low"] < 2.5 < reading["high"]
    assert 0.05 < reading["detectable"] < 0.5
    passed = gate(*words, "--inconclusive", "pass", code=0)
    assert passed["checks"][0]["outcome"] == "inconclusive"
    shown = command("gate", "--run", "run", *words)
    assert shown.returncode == 3
    assert "8 blocks detect a difference of" in " ".join(shown.stdout.split())
    assert max(map(len, shown.stdout.splitlines())) <= 80
    decidable = gate("--fail", "rules/elapsed:165%", code=3)
    assert decidable["checks"][0]["readings"][0]["blocks_needed"] > 8


def test_loss_is_a_matter_of_fact(tmp_path: Path, command: Command, gate: Gate) -> None:
    stored(tmp_path, lossy("rules", every=4))
    document = gate("--fail", "lost:0", code=1)
    assert outcomes(document)["rules"] == "fail"
    assert outcomes(document)["no-rules"] == "no-events"
    shown = " ".join(command("gate", "--run", "run", "--fail", "lost:0").stdout.split())
    assert "events lost in 2 of 8 trials" in shown
    assert "no events: none could be lost, so this says nothing about loss" in shown
    stored(tmp_path, name="clean")
    done = command("gate", "--run", "clean", "--fail", "rules/lost:0")
    words = " ".join(done.stdout.split())
    assert "none lost in 8 trials; a loss in up to 36.9 % of trials cannot be excluded" in words


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (unexplained("rules"), "events not accounted for"),
        (invalid("rules"), "has no valid trial"),
        (without_ledger, "no consumer was listening"),
    ],
)
def test_what_must_not_be_relied_on(
    tmp_path: Path, gate: Gate, change: Change, reason: str
) -> None:
    stored(tmp_path, change)
    limits = ("--fail", "no-rules/elapsed:200%", "no-rules/lost:0")
    document = gate(*limits, "--inconclusive", "pass", code=3)
    assert document["verdict"] == "untrustworthy"
    assert any(reason in words for words in document["doubts"])


def test_a_run_of_invalid_trials_only(tmp_path: Path, command: Command) -> None:
    stored(tmp_path, invalid())
    done = command("gate", "--run", "run", "--fail", "elapsed:5%")
    assert_one_line(done, 3, "no trial of h-1/run counts (54 of 54 invalid)")


def test_a_reference_of_ones_own(tmp_path: Path, command: Command, gate: Gate) -> None:
    stored(tmp_path)
    document = gate("--fail", "elapsed:5%", "--reference", "rules", code=0)
    assert set(outcomes(document)) == {"disabled", "no-rules", "rules+exclude-exe"}
    assert {check["against"] for check in document["checks"]} == {"rules"}
    assert all(check["readings"][0]["estimate"] < 0.5 for check in document["checks"])
    done = command("gate", "--run", "run", "--fail", "elapsed:5%", "--reference", "x")
    assert_one_line(done, 2, "--reference x is not a scenario")


def test_against_another_run(tmp_path: Path, gate: Gate) -> None:
    stored(tmp_path, name="base")
    stored(tmp_path, slower("rules", 1.2), name="run")
    words = ("--against", "base", "--fail", "elapsed:5%", "lost:0")
    document = gate(*words, code=1)
    ratios = {
        check["scenario"]: check["readings"][0]["estimate"]
        for check in document["checks"]
        if check["limit"]["metric"] != "lost"
    }
    assert set(ratios) == {"disabled", "no-rules", "rules", "rules+exclude-exe"}
    assert 1.15 < ratios["rules"] < 1.25
    assert {check["against"] for check in document["checks"]} == {"h-1/base", ""}
    assert outcomes(gate("--against", "base", "--fail", "elapsed:25%", code=0))


def test_unlike_runs_are_refused_unless_forced(tmp_path: Path, command: Command) -> None:
    stored(tmp_path)
    base = stored(tmp_path, name="base")
    plan = base / "plan.toml"
    plan.write_text(plan.read_text().replace("udp = 1000", "udp = 9000"))
    words = ("gate", "--run", "run", "--against", "base", "--fail", "elapsed:5%")
    assert_one_line(command(*words), 2, "9000", "--allow ops;")
    assert command(*words, "--allow", "kernel").returncode == 2
    assert command(*words, "--allow", "kernel,ops").returncode == 0
    assert_one_line(
        command(*words, "--allow", "nonsense"), 2, "'nonsense' is not a known difference"
    )
    assert command(*words, "--force").returncode == 0


def test_every_writer(tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    stored(tmp_path, slower("no-rules", 1.0, spread=0.1))
    summary = tmp_path / "summary.md"
    summary.write_text("already there\n")
    files = ("--to", "junit=j.xml", "--to", "md=m.md", "--to", "json=o.json")
    limits = ("--fail", "elapsed:5%", "--fail", "rules/lost:0")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    done = command("gate", "--run", "run", *limits, *files)
    command("gate", "--run", "run", *limits, "--inconclusive", "pass", "--to", "junit=p.xml")
    assert done.returncode == 1
    markdown = (tmp_path / "m.md").read_text()
    assert "**The gate fails: 3 of 5 checks exceed their limit.**" in markdown
    assert summary.read_text().startswith("already there\n" + markdown)
    jsonschema.validate(json.loads((tmp_path / "o.json").read_text()), SCHEMA)
    assert states(tmp_path / "j.xml") == {
        "udp.disabled.assemble elapsed:5%": ("failure", "limit"),
        "udp.no-rules.assemble elapsed:5%": ("failure", "inconclusive"),
        "udp.rules.assemble elapsed:5%": ("failure", "limit"),
        "udp.rules+exclude-exe.assemble elapsed:5%": ("failure", "limit"),
        "udp.rules.assemble rules/lost:0": None,
        "auditbench.gate is trustworthy": None,
    }
    assert states(tmp_path / "p.xml")["udp.no-rules.assemble elapsed:5%"] == (
        "skipped",
        "inconclusive",
    )


def test_a_summary_page_that_cannot_be_written_is_told_before_anything_is_measured(
    tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "some.rules").write_text("-D\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "no" / "summary.md"))
    for words in (("gate", "--fail", "lost:0"), ("ab", "some.rules", "some.rules")):
        assert_one_line(command(*words), 2, "no/summary.md cannot be written")
    assert not list(tmp_path.glob("results/*/*"))


def states(path: Path) -> dict[str, tuple[str, str | None] | None]:
    """What became of each test case; the counts must be right."""
    root = ET.parse(path).getroot()
    (suite,) = root
    found: dict[str, tuple[str, str | None] | None] = {}
    for case in suite.iter("testcase"):
        bad = [child for child in case if child.tag in ("failure", "error", "skipped")]
        found[f"{case.get('classname')} {case.get('name')}"] = (
            (bad[0].tag, bad[0].get("type")) if bad else None
        )
    tags = [state[0] for state in found.values() if state]
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert suite.get(attribute) == str(tags.count(tag))
    assert suite.get("tests") == root.get("tests") == str(len(found))
    return found


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--fail", "elapsed"], "is not a limit"),
        (["--fail", "elapsd:5%"], "did you mean elapsed"),
        (["--fail", "p99:5%"], "the run has no latency_p99_ns"),
        (["--fail", "p99:5us"], "the run has no latency_p99_ns"),
        (["--fail", "nonsense/lost:0"], "matches no compared cell"),
        ([], "decides nothing"),
        (["--fail", "lost:0", "--inconclusive", "maybe"], "--inconclusive"),
        (["--fail", "lost:0", "--to", "junit=no/such/folder/j.xml"], "cannot be written"),
        (["--fail", "lost:0", "--rules", "x.rules"], "judged as they are: leave out --rules"),
        (["--fail", "lost:0", "--blocks", "3", "-n", "2"], "leave out --blocks and -n"),
        (["--fail", "instructions:1%", "--kernel", "6.1"], "as they are: leave out --kernel"),
        (["--fail", "lost:0", "--against", "nonsense"], "is not a run"),
    ],
)
def test_bad_words(tmp_path: Path, command: Command, words: list[str], expected: str) -> None:
    stored(tmp_path)
    assert_one_line(command("gate", "--run", "run", *words), 2, expected)


def test_bad_runs(tmp_path: Path, command: Command) -> None:
    short = stored(tmp_path, blocks=1, name="short")
    limit = ("--fail", "elapsed:5%")
    done = command("gate", "--run", short, *limit)
    assert_one_line(done, 3, "too few blocks for any verdict")
    assert command("gate", "--run", short, "--fail", "lost:0").returncode == 0
    damaged = stored(tmp_path, name="damaged") / SAMPLES
    lines = damaged.read_text().splitlines()
    damaged.write_text("\n".join([lines[0], "{", *lines[2:]]) + "\n")
    done = command("gate", "--run", "damaged", *limit)
    assert_one_line(done, 2, f"{SAMPLES}:2 is damaged")
    truncated = stored(tmp_path, name="truncated") / SAMPLES
    truncated.write_text(truncated.read_text()[:-40])
    done = command("gate", "--json", "--run", "truncated", "--fail", "elapsed:200%")
    document = json.loads(done.stdout)
    assert any("cut short" in warning["what"] for warning in document["warnings"])
    assert_one_line(command("gate", "--run", "missing", *limit), 2, "is not a run")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["gate", "nonsense", "--fail", "lost:0"], "no plan is called"),
        (["gate", "--fail", "elapsed:5%", "--blocks", "1"], "too few for any verdict"),
        (["gate", "--fail", "ruels/lost:0"], "rules"),
        (["gate", "--fail", "lost:0", "--reference", "x"], "--reference x is not a scenario"),
        (["gate", "--fail", "lost:0", "--against", "x"], "--run"),
        (["gate", "--rules", "none.rules", "--fail", "lost:0"], "none.rules"),
        (["ab", "none.rules", "none.rules"], "none.rules"),
        (["ab", "some.rules"], "B"),
        (["ab", "some.rules", "some.rules", "--blocks", "1"], "too few for any verdict"),
        (["ab", "some.rules", "some.rules", "--workload", "x"], "no workload is called"),
        (["ab", "some.rules", "some.rules", "--to", "md=no/such/m.md"], "cannot be written"),
        (["ab", "some.rules", "some.rules", "--", "/no/such"], "/no/such"),
    ],
)
def test_found_before_anything_is_measured(
    tmp_path: Path, command: Command, words: list[str], expected: str
) -> None:
    (tmp_path / "some.rules").write_text("-D\n")
    assert_one_line(command(*words), 2, expected)
    assert not list(tmp_path.glob("results/*/*"))


@pytest.mark.parametrize(
    ("first", "second", "change", "codes"),
    [
        ("rules", "rules+exclude-exe", slower("rules", 1.0), (0, 0)),
        ("rules+exclude-exe", "rules", slower("rules", 1.0), (0, 1)),
        ("disabled", "no-rules", slower("no-rules", 1.0, spread=0.1), (3, 3)),
        ("rules+exclude-exe", "rules", unexplained("rules"), (3, 3)),
    ],
)
def test_what_ab_ends_in(
    tmp_path: Path,
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
    first: str,
    second: str,
    change: Change,
    codes: tuple[int, int],
) -> None:
    """The run that would have been measured is made up."""
    for name in (first, second):
        (tmp_path / f"{name}.rules").write_text("-D\n")
    folder = stored(tmp_path, change)
    monkeypatch.setattr(session, "run_session", lambda *_: Outcome(folder, interrupted=False))
    words = ("ab", f"{first}.rules", f"{second}.rules", "--to", "md=m.md")
    plain, strict = command(*words), command(*words, "--fail-if-worse", "--json")
    assert (plain.returncode, strict.returncode) == codes
    assert f"A is {first}.rules (scenario {first})" in plain.stdout
    document = json.loads(strict.stdout)
    assert " ".join(document["answer"].split()) in " ".join(plain.stdout.split())
    assert (tmp_path / "m.md").read_text().startswith("## auditbench ab\n")
