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
from cyclopts.argument import Argument

from harness.cli import FAMILIES, GROUPS, app, run_command, split
from harness.errors import EXIT_CODES, EXIT_ERROR, EXIT_USAGE
from harness.verbs.shared.endings import COMMAND, ENDINGS
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
    parse(words)


def parse(words: str) -> None:
    """As the command line does, but for the command after `--`."""
    ours = shlex.split(words)
    ours = ours[: ours.index("--")] if "--" in ours else ours
    app.parse_args(split(ours)[0], exit_on_error=False, print_error=False)


@pytest.mark.parametrize("verb", VERBS)
def test_examples_of_help_parse(verb: str) -> None:
    assert ENDINGS[verb].examples
    for words, what in ENDINGS[verb].examples:
        assert words.split()[: len(verb.split())] == verb.split()
        assert what[0].isupper()
        parse(words)


def help_of(verb: str) -> str:
    """What the help of a verb prints."""
    with app.console.capture() as shown:
        app.help_print(verb.split(), console=app.console)
    return shown.get()


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_verb_ends_with_examples_and_its_exit_codes(verb: str) -> None:
    text = help_of(verb)
    shown = {
        int(code) for code in re.findall(r"^ +(\d+)  \w", text.partition("Exit codes:")[2], re.M)
    }
    assert shown == set(ENDINGS[verb].all_codes())
    assert shown <= set(EXIT_CODES)
    for words, what in ENDINGS[verb].examples:
        assert f"  {what}:\n    auditbench {words}" in text
    assert not [line for line in text.splitlines() if len(line) > 80]


EXIT_WORDS = re.compile(r"^Exit codes:(.*?)\n\n", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb.startswith("rules ")])
def test_help_has_the_exit_codes_of_the_page(verb: str) -> None:
    page = (ROOT / f"docs/{verb.replace(' ', '-')}.md").read_text(encoding="utf-8")
    (words,) = EXIT_WORDS.findall(page)
    said = {int(code) for code in re.findall(r"(?<=[ ,])[0-5](?=[ ,;])", words)}
    everywhere = {EXIT_USAGE, EXIT_ERROR}
    assert said | everywhere == set(ENDINGS[verb].all_codes())


@pytest.mark.parametrize("verb", VERBS)
def test_help_names_the_command_where_a_verb_takes_one(verb: str) -> None:
    takes = "command" in {argument.field_info.name for argument in every_argument(verb)}
    assert (COMMAND in help_of(verb)) == takes


@pytest.mark.parametrize("verb", ["run", "gate"])
def test_options_stand_in_groups_that_can_be_read(verb: str) -> None:
    panels: dict[str, int] = {}
    for line in help_of(verb).splitlines():
        if line.startswith("╭─ "):
            panels[line.split(" ─")[0][3:]] = 0
        elif panels and re.match(r"│ -", line):
            panels[list(panels)[-1]] += 1
    assert {"What is compared", "Load", "Consumers", "Host", "Results", "General"} <= set(panels)
    assert max(panels.values()) <= 14


def every_argument(verb: str) -> list[Argument]:
    """All that a verb takes, with what is not read from its words."""
    return list(command_of(verb).assemble_argument_collection())


OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z0-9-]*(?![\w-]*[.:/])")


def options_of(verb: str) -> set[str]:
    """Every spelling of an option that a verb has."""
    every = (*every_argument(verb), *app.meta.assemble_argument_collection())
    return {"--help"} | {name for found in every for name in found.names}


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
    assert f"`auditbench {family} VERB --help` has examples." in shown


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


def test_a_group_of_the_first_help_holds_what_its_title_says() -> None:
    """Options stand behind the verbs, not in a group of commands before them."""
    shown = help_of("")
    titles = re.findall(r"^╭─ (\w+) ", shown, re.MULTILINE)
    assert titles == [*GROUPS, "General"]
    assert {"--help", "--version"} <= set(re.findall(r"--\w+", shown.partition("─ General")[2]))


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
    assert run_command([*verb.split(), "--no-such-option"]) == EXIT_USAGE
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


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["run", "--blokcs", "3"], "Unknown option: --blokcs. Did you mean --blocks? "),
        (["run", "--qiet"], "Unknown option: --qiet. Did you mean --quiet? "),
        (["-q", "run", "--wiat"], "Unknown option: --wiat. Did you mean --wait? "),
        (["run", "--vortex"], "Unknown option: --vortex. `auditbench run --help`"),
        (["--verson"], "Unknown option: --verson. Did you mean --version? "),
        (["shwo"], 'Unknown command "shwo". Did you mean show?'),
        (["rules", "lnt"], 'Unknown command "lnt". Did you mean lint?'),
        (["hist"], 'Unknown command "hist". Did you mean history or list? `auditbench --help`'),
        (
            ["rules", "cost", "--log", "audit.log", "my.rules"],
            "RULES is missing. Write it in front of --log, which takes every word behind it. ",
        ),
        (
            ["rules", "cost", "my.rules", "--to", "json=a.json", "md=a.md"],
            "'md=a.md' has no place here. Write --to in front of each form. ",
        ),
        (["rules", "cost"], "RULES is missing. `auditbench rules cost --help`"),
        (["record", "--workload", "udp"], "--output is missing. `auditbench record --help`"),
        (["--color", "blue", "show"], 'Invalid value "blue" for --color.'),
        (["-q", "-v", "show"], "--quiet and --verbose contradict each other: give one of them"),
    ],
)
def test_a_mistyped_word_is_answered_with_what_was_meant(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(words) == EXIT_USAGE
    assert f"auditbench: {told}" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["help"], ["help", "run"], ["-q", "help"], ["rules", "-h"]])
def test_help_can_be_asked_for_in_words(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(words) == 0
    assert capsys.readouterr().out.startswith("Usage: auditbench ")


@pytest.mark.parametrize("word", ["frob", "--no-such-option"])
def test_a_word_that_is_no_verb_points_to_the_list_of_verbs(
    word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command([word]) == EXIT_USAGE
    assert "`auditbench --help` lists the commands." in capsys.readouterr().err
