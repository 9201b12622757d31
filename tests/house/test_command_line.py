"""What the faces promise: quick help, no heavy imports, examples that parse."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from harness.cli import GROUPS, app
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


def test_the_readme_has_examples() -> None:
    assert len([page for page, _ in examples() if page == "README.md"]) >= 5


def test_help_names_every_verb() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "harness", "--help"], capture_output=True, text=True, check=True
    ).stdout
    for verb in VERBS:
        assert verb in shown


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
    rows = re.findall(r"^\| (\w+) \| (\[.*) \|$", page, re.MULTILINE)
    shown = {group: re.findall(r"\[(\w+)\]", verbs) for group, verbs in rows}
    assert shown == {group.lower(): list(verbs) for group, verbs in GROUPS.items()}
