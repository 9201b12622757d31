"""The command lines of README and docs, executed: those that need neither root nor audit.

The others are executed by tests/kernel/test_doc_examples_kernel.py, made small.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli import run_command
from tests.support.command import ROOT
from tests.support.doc_examples import EXEMPT, Example, all_examples, executed
from tests.support.doc_sandbox import complaint, copied, environment, execute, make_sandbox, placed

EXAMPLES = executed(on_kernel=False)
PAGES = sorted({example.page for example in EXAMPLES})
IN_PROCESS = (
    "show",
    "compare",
    "export",
    "gate",
    "list",
    "top",
    "verify",
    "report",
    "plot",
    "history",
    "rules",
)
"""Verbs that a test may call in its own process, because they start nothing: that saves time."""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_sandbox(tmp_path_factory.mktemp("template"))


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_of_a_page_run(
    page: str,
    template: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    examples = [example for example in EXAMPLES if example.page == page]
    folder = copied(template, tmp_path, examples)
    monkeypatch.chdir(folder)
    for name, value in environment(folder).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    wrong = []
    for example in examples:
        if example.program == "auditbench" and example.verb in IN_PROCESS and not example.fed:
            code, output, errors = called(example, folder, capfd)
        else:
            done = execute(example, folder)
            code, output, errors = done.returncode, done.stdout, done.stderr
        wrong.append(complaint(example, code, output, errors))
    assert not any(wrong), "\n".join(filter(None, wrong))


def called(
    example: Example, folder: Path, capfd: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    """Run one line in this process."""
    capfd.readouterr()
    code = run_command(placed(example.small, folder))
    said = capfd.readouterr()
    return code, said.out, said.err


def test_every_line_is_executed_or_exempt() -> None:
    unknown = [
        example.where
        for example in all_examples()
        if not example.exempt
        and example.program not in ("auditbench", "consumer", "workloads", "pyperf")
    ]
    assert not unknown, "no test executes these lines, and none says why"
    assert len(EXAMPLES) + len(executed(on_kernel=True)) >= 75


@pytest.mark.parametrize("pattern", EXEMPT)
def test_every_exemption_is_needed(pattern: str) -> None:
    reason = EXEMPT[pattern]
    assert [example for example in all_examples() if example.exempt == reason], pattern


def test_scripts_that_are_not_executed_exist() -> None:
    scripts = [
        word
        for example in all_examples()
        if example.exempt
        for word in example.command.split()
        if word.endswith(".py")
    ]
    assert scripts
    assert [script for script in scripts if not (ROOT / script).is_file()] == []


def test_an_example_that_fails_or_says_something_else_is_named(
    template: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(template)
    for example, words in (
        (Example("p.md", 3, "auditbench list plans", ("overhead", "…")), ""),
        (Example("p.md", 3, "auditbench list everything"), "p.md:3: auditbench list everything"),
        (Example("p.md", 3, "auditbench list plans", ("no such line",)), "'no such line'"),
    ):
        code, output, errors = called(example, template, capfd)
        output = output.replace("overhead", "overhead\n")
        wrong = complaint(example, code, output, errors)
        assert (words in wrong) if words else wrong == ""
