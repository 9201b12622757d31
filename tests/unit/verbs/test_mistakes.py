"""What is said about a command line that cannot be read: words of a command line, and its help."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.cli import run_command
from tests.support.verbs import VERBS

OF_PROGRAMMERS = re.compile(
    r"Literal|unable to convert|Unused Tokens|[Pp]arameter|element|argument|ARGS"
)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["history", "overhead"], "'overhead' has no place here."),
        (["list", "foo"], 'Choose from: "scenarios", "workloads"'),
        (["run", "--blocks", "x"], "--blocks 'x' is not a whole number."),
        (["run", "--rate", "fast"], "--rate 'fast' is not a number."),
        (["run", "--blocks"], "--blocks needs a value behind it."),
        (["run", "--rules"], "--rules needs a value behind it."),
        (["ab", "one.rules"], "B is missing."),
        (["record"], "--output is missing."),
        (["rules", "lnt"], "Did you mean lint?"),
    ],
)
def test_a_line_that_cannot_be_read_is_told_as_a_user_reads_it(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(words) == 2
    line = capsys.readouterr().err
    assert told in line
    assert f"`auditbench {words[0]} --help`" in line
    assert OF_PROGRAMMERS.search(line) is None


@pytest.mark.parametrize(
    "words", [["show"], ["history"], ["list", "runs"], ["compare", "latest", "latest~1"]]
)
@pytest.mark.parametrize("exists", [True, False])
def test_where_no_runs_are_every_verb_says_the_same(
    words: list[str],
    exists: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    if exists:
        (tmp_path / "results").mkdir()
    assert run_command(words) == 2
    assert capsys.readouterr().err == (
        "auditbench: no run under results: make one with `auditbench run`, or name the folder that "
        "has some: --results DIR\n"
    )


@pytest.mark.parametrize("verb", VERBS)
def test_a_usage_line_names_what_the_help_below_it_explains(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command([*verb.split(), "--help"]) == 0
    usage = capsys.readouterr().out.splitlines()[0]
    assert "ARGS" not in usage
