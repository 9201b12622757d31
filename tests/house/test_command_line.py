"""What the faces promise: quick help, no heavy imports, examples that parse."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from cyclopts import App

from harness.cli import FAMILIES, GROUPS, app, run_command
from harness.errors import EXIT_USAGE
from tests.support.verbs import VERBS

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def examples() -> list[tuple[str, str]]:
    """Every `auditbench …` line of a console block in the README and the docs."""
    found = []
    for page in PAGES:
        for block in re.findall(r"```(?:console|sh|bash)\n(.*?)```", page.read_text(), re.S):
            for line in re.sub(r"\\\n\s*", " ", block).splitlines():
                match = re.match(r"(?:[$#] )?(?:sudo (?:-E )?)?(?:\S*/)?auditbench( .*)?$", line)
                if match:
                    words = (match[1] or "").split("  #")[0].split(" > ")[0].split(" | ")[0]
                    found.append((page.name, words.strip()))
    return found


@pytest.mark.parametrize(("page", "words"), examples())
def test_examples_parse(page: str, words: str) -> None:
    ours = shlex.split(words)
    ours = ours[: ours.index("--")] if "--" in ours else ours
    app.parse_args(ours, exit_on_error=False, print_error=False)


OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z0-9-]*(?![\w-]*[.:/])")


def options_of(verb: str) -> set[str]:
    """Every spelling of an option that a verb has."""
    return {"--help"} | {
        name for found in command_of(verb).assemble_argument_collection() for name in found.names
    }


def command_of(verb: str) -> App:
    """The command of a verb; one of two words is a command of a group."""
    found = app
    for word in verb.split():
        found = found[word]
    return found


def options_in_prose() -> list[tuple[str, str]]:
    """Each code span of a page that begins with a verb and an option: `gate --run RUN`."""
    found = []
    for page in PAGES:
        text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.S | re.M)
        for span in re.findall(r"`([^`\n]+(?:\n[^`\n]+)?)`", text):
            words = span.removeprefix("auditbench ").split()
            if words and words[0] in VERBS and OPTION.search(span):
                found.append((page.name, " ".join(words)))
    return found


@pytest.mark.parametrize(("page", "words"), options_in_prose())
def test_prose_names_options_that_the_verb_has(page: str, words: str) -> None:
    ours = words.split(" -- ", maxsplit=1)[0]
    assert set(OPTION.findall(ours)) <= options_of(ours.split(maxsplit=1)[0]), page


def test_there_are_options_in_prose() -> None:
    assert len(options_in_prose()) > 10


@pytest.mark.parametrize("verb", VERBS)
def test_a_page_of_a_verb_has_every_option_in_its_tables(verb: str) -> None:
    page = (ROOT / f"docs/{verb.replace(' ', '-')}.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`-.*?`.*?) \|", page, re.MULTILINE)
    named = {option for row in rows for option in re.findall(r"`(--?[a-z][a-z0-9-]*)", row)}
    assert named <= options_of(verb)


SCENARIO_FILES = sorted((ROOT / "harness/scenarios").glob("*.[tr][ou]*"))


@pytest.mark.parametrize("path", SCENARIO_FILES, ids=lambda path: path.name)
def test_a_plan_names_options_that_there_are(path: Path) -> None:
    named = re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", path.read_text(encoding="utf-8"))
    assert set(named) <= set().union(*(options_of(verb) for verb in VERBS))


def test_the_readme_has_examples() -> None:
    assert len([page for page, _ in examples() if page == "README.md"]) >= 5


def test_help_names_every_verb() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "harness", "--help"], capture_output=True, text=True, check=True
    ).stdout
    for verb in VERBS:
        assert verb.split()[0] in shown


@pytest.mark.parametrize("family", FAMILIES)
def test_help_of_a_family_names_its_verbs(family: str) -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "harness", family, "--help"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    own = [verb.split()[1] for verb in VERBS if verb.startswith(f"{family} ")]
    assert own
    assert [verb for verb in own if verb not in shown] == []


def test_the_version_is_that_of_what_is_installed() -> None:
    command = [sys.executable, "-m", "harness", "--version"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert shown.strip() == version("auditbench")


def test_the_command_line_imports_nothing_heavy() -> None:
    heavy = "matplotlib", "scipy", "numpy", "pyroute2", "pyperf"
    code = (
        "import sys; from harness.cli import app\n"
        "app.parse_args(['run', '--fast'], exit_on_error=False, print_error=False)\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_help_and_the_first_page_show_verbs_in_the_same_groups() -> None:
    page = (ROOT / "docs/index.md").read_text(encoding="utf-8")
    shown: dict[str, list[str]] = {}
    for group, verb in re.findall(
        r"^\| (\w+) \| \[([\w ]+)\]\([\w-]+\.md\) \|", page, re.MULTILINE
    ):
        shown.setdefault(group, []).append(verb)
    assert shown == {group.lower(): list(verbs) for group, verbs in GROUPS.items()}


@pytest.mark.parametrize("verb", VERBS)
def test_a_mistake_in_a_verb_points_to_the_help_of_the_verb(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command([verb, "--no-such-option"]) == EXIT_USAGE
    assert f"`auditbench {verb} --help`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        ("run", ["--blocks", "many"]),
        ("top", ["--limit=some"]),
        ("compare", []),
        ("gate", ["--rate"]),
        ("list", ["nothing"]),
    ],
)
def test_a_wrong_or_missing_value_points_to_the_help_of_the_verb(
    verb: str, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command([verb, *words]) == EXIT_USAGE
    assert f"`auditbench {verb} --help` lists what it takes." in capsys.readouterr().err


@pytest.mark.parametrize("word", ["frob", "--no-such-option"])
def test_a_word_that_is_no_verb_points_to_the_list_of_verbs(
    word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command([word]) == EXIT_USAGE
    assert "`auditbench --help` lists the commands." in capsys.readouterr().err
