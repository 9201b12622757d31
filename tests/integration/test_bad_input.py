"""Bad input, missing privilege, a host in the wrong state: one line, the right exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command import ROOT, assert_one_line, auditbench
from tests.support.patience import PATIENCE_S
from tests.support.privilege import WITHOUT_CAPABILITIES, unprivileged

FAKE = [sys.executable, "-m", "tests.fakes.fake_kernel"]


def on_fake_kernel(*words: str, state: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The command line against a fake kernel in this state."""
    return subprocess.run(
        [*FAKE, state, "--state-dir", str(cwd / "state"), "--", *words],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def nothing_stored(folder: Path) -> bool:
    return not list(folder.glob("results/*/*"))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["run", "nonsense"], "no plan is called 'nonsense'"),
        (["run", "--workload", "nonsense"], "no workload is called 'nonsense'"),
        (["run", "--scenario", "nonsense"], "no scenario is called 'nonsense'"),
        (["run", "--consumer", "nonsense"], "no consumer is called 'nonsense'"),
        (["run", "--blocks", "0"], "--blocks 0"),
        (["run", "--blocks", "many"], "--blocks"),
        (["run", "--nonsense"], "--nonsense"),
        (["run", "--fast", "--rigorous"], "contradict"),
        (["run", "--cpus", "workload=9999"], "9999"),
        (["run", "--cpus", "nonsense"], "nonsense"),
        (["run", "--auid", "nobody-at-all"], "'nobody-at-all' is not auto, keep, unset or a uid"),
        (["run", "--", "/no/such/program"], "/no/such/program"),
        (["run", "--rules", "missing.rules"], "missing.rules"),
        (["run", "--exclude-exe", "mysqld"], "not the whole path of a program"),
        (["run", "replay", "--exclude-exe", "/usr/none"], "nothing that is to be measured"),
        (["gate", "--fail", "lost:0", "--exclude-exe", "/dev/null"], "is not a program"),
        (["show", "nonsense"], "is not a run"),
        (["show"], "no run under"),
        (["list", "nonsense"], "nonsense"),
        (["nonsense"], "nonsense"),
        (["doctor", "--", "x"], "has no meaning here"),
        (["record", "-o", "/no/such/folder/x"], "/no/such/folder/x"),
    ],
)
def test_bad_words(words: list[str], expected: str, tmp_path: Path) -> None:
    assert_one_line(auditbench(*words, cwd=tmp_path), 2, expected)
    assert nothing_stored(tmp_path)


def test_what_is_wrong_cannot_colour_the_terminal(tmp_path: Path) -> None:
    done = auditbench("show", "\x1b[31mred\x07", cwd=tmp_path)
    assert_one_line(done, 2, r"\x1b[31mred", "is not a run")
    assert "\x1b" not in done.stderr
    assert "\x07" not in done.stderr


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-a always,exit -F arch=b64 -S nonsense", "nonsense"),
        ("-e 2", "--ignore-lock"),
        ("-f 2", "--ignore-lock"),
        ("-w relative -p wa", "relative"),
    ],
)
def test_a_bad_rule_is_named_with_file_and_line(line: str, expected: str, tmp_path: Path) -> None:
    (tmp_path / "bad.rules").write_text(f"# fine\n-D\n{line}\n")
    done = auditbench("run", "--rules", "bad.rules", cwd=tmp_path)
    assert_one_line(done, 2, "bad.rules:3: ", expected)
    assert nothing_stored(tmp_path)


@pytest.mark.parametrize("verb", ["run", "gate", "ab"])
def test_every_bad_line_is_told_on_its_own_line(verb: str, tmp_path: Path) -> None:
    (tmp_path / "rules.d").mkdir()
    (tmp_path / "rules.d" / "10-a.rules").write_text("-D\n-b x\n-e 2\n")
    (tmp_path / "b.rules").write_text("-a always,exit -F arch=b64 -S nonsense\n")
    words = ["rules.d", "b.rules"] if verb == "ab" else ["--rules", "rules.d", "b.rules"]
    words += ["--fail", "elapsed:5%"] if verb == "gate" else []
    done = auditbench(verb, *words, cwd=tmp_path)
    assert done.returncode == 2
    starts = ("rules.d/10-a.rules:2: ", "rules.d/10-a.rules:3: ", "b.rules:1: ")
    told = done.stderr.splitlines()
    assert len(told) == len(starts)
    for line, start in zip(told, starts, strict=True):
        assert line.startswith(f"auditbench: {start}")
    assert nothing_stored(tmp_path)


@pytest.mark.parametrize("option", ["--rules", "--scenario", "--workload", "--consumer"])
def test_an_option_with_nothing_behind_it(option: str, tmp_path: Path) -> None:
    assert_one_line(
        auditbench("run", option, "--fast", cwd=tmp_path), 2, option, "needs a value behind it"
    )
    assert nothing_stored(tmp_path)


def test_results_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = auditbench("run", "--results", "file/results", cwd=tmp_path)
    assert_one_line(done, 2, "cannot be written", "--results DIR")


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("--locked", "reboot"),
        ("--daemon", "--borrow"),
        ("--panics", "failure 2"),
        ("--unknown-answer", "kernel"),
    ],
)
def test_a_host_in_the_wrong_state(state: str, expected: str, tmp_path: Path) -> None:
    done = on_fake_kernel("run", "--blocks", "1", state=state, cwd=tmp_path)
    assert_one_line(done, 4, expected)


@pytest.mark.parametrize("verb", [["run", "--blocks", "1"], ["status"], ["restore"]])
def test_no_privilege(verb: list[str], tmp_path: Path) -> None:
    done = subprocess.run(
        [*unprivileged(WITHOUT_CAPABILITIES), sys.executable, "-m", "harness", *verb],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert_one_line(done, 4, "CAP_AUDIT_CONTROL")


def test_an_error_with_json_is_still_one_line(tmp_path: Path) -> None:
    done = auditbench("run", "nonsense", "--json", cwd=tmp_path)
    assert_one_line(done, 2, "nonsense")
    assert done.stdout == ""


def test_the_fallback_says_why_and_measures_the_consumer(tmp_path: Path) -> None:
    words = ["run", "--fallback", "replay", "--fast", "--blocks", "1", "--ops", "2000", "--json"]
    done = subprocess.run(
        [*unprivileged(WITHOUT_CAPABILITIES), sys.executable, "-m", "harness", *words],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "CAP_AUDIT_CONTROL" in done.stderr
    assert "not this host's kernel" in " ".join(done.stderr.split())
    document = json.loads(done.stdout)
    assert document["plan"]["kind"] == "replay"
    assert {c["consumer"] for c in document["comparisons"]} == {
        "count",
        "decode",
        "assemble",
        "store",
    }
    assert any("not this host's kernel" in warning["what"] for warning in document["warnings"])
