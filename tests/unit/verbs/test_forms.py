"""`--to` and `--json`: where each form goes, and what is refused before anything is measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.cli import run_command
from harness.errors import UsageError
from harness.verbs.shared.forms import Forms
from harness.verbs.shared.old_options import instead_of
from tests.support.verbs import VERBS

DOCUMENT = {"schema": "x/1", "word": "é"}

SCRIPT = "completion"
"""Its output is a program for a shell, which has one form."""


def test_files_are_written_and_one_form_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = tmp_path / "one.md", tmp_path / "two.json"
    forms = Forms(("json", "md", "csv"), [f"md={one}", "csv", f"json={two}"])
    forms.deliver(
        lambda: print("shown"), lambda: DOCUMENT, md=lambda: "# md\n", csv=lambda: "a,b\n"
    )
    assert capsys.readouterr().out == "a,b\n"
    assert one.read_text() == "# md\n"
    assert json.loads(two.read_text()) == DOCUMENT


def test_without_a_printed_form_the_verb_shows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forms = Forms(("json",), [f"json={tmp_path / 'x.json'}"])
    forms.deliver(lambda: print("shown"), lambda: DOCUMENT)
    assert capsys.readouterr().out == "shown\n"


def test_json_is_the_same_as_to_json(capsys: pytest.CaptureFixture[str]) -> None:
    for forms in (Forms(("json",), None, json=True), Forms(("json",), ["json"], json=True)):
        forms.deliver(lambda: print("shown"), lambda: DOCUMENT)
        assert json.loads(capsys.readouterr().out) == DOCUMENT


@pytest.mark.parametrize(
    ("to", "flag", "words"),
    [
        (["xml"], False, "no form 'xml' here: one of json, md"),
        (["xml=file"], False, "no form 'xml'"),
        (["md="], False, "names no file"),
        (["md", "json"], False, "cannot both be printed: write one to a file"),
        (["md"], True, "cannot both be printed"),
        (["md=/no/such/folder/x"], False, "/no/such/folder/x cannot be written"),
    ],
)
def test_what_is_refused_at_once(to: list[str], flag: bool, words: str) -> None:
    with pytest.raises(UsageError) as found:
        Forms(("json", "md"), to, json=flag)
    assert words in found.value.one_line()


def test_the_summary_of_a_ci_job_is_appended_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    Forms(("md",), None, summary=True).deliver(lambda: None, None, md=lambda: "after")
    Forms(("md",), None).deliver(lambda: None, None, md=lambda: "not here")
    assert summary.read_text() == "before\nafter\n"


@pytest.mark.parametrize("form", ["pyperf", "folded"])
def test_a_form_that_a_count_cannot_fill_is_refused_before_it_counts(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["count", "--to", form]) == 2
    assert f"no form '{form}'" in capsys.readouterr().err


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != SCRIPT])
def test_every_verb_has_both_options(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command([*verb.split(), "--help"]) == 0
    shown = capsys.readouterr().out
    assert "--to " in shown
    assert "--json" in shown


def test_only_verbs_that_write_one_file_have_its_option(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = set()
    for verb in VERBS:
        run_command([*verb.split(), "--help"])
        if "--output" in capsys.readouterr().out:
            found.add(verb)
    assert found == {"report", "plot", "record"}


@pytest.mark.parametrize(
    ("words", "now"),
    [
        (["show", "--output", "x"], "--output is --results DIR now"),
        (["run", "-o", "x"], "-o is --results DIR now"),
        (["gate", "--junit", "x"], "--junit is --to junit=FILE now"),
        (["gate", "--output-json=x"], "--to json=FILE now"),
        (["ab", "a", "b", "--markdown", "x"], "--markdown is --to md=FILE now"),
        (["compare", "a", "b", "--format", "md"], "--format is --to FORM now"),
        (["history", "--csv"], "--csv is --to csv now"),
        (["history", "-o", "x.svg"], "-o is --to svg=FILE now"),
        (["export", "--to", "csv", "-o", "x"], "-o is --to FORM=FILE now"),
    ],
)
def test_an_old_option_tells_the_new_one(
    words: list[str], now: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(words) == 2
    assert now in capsys.readouterr().err


def test_an_option_that_never_was_has_no_new_name() -> None:
    assert instead_of("show", "--bogus") is None
    assert instead_of("plot", "-o") is None
