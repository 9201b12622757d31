"""The workflows, ours and those to copy from docs/ci.md: the schema, the shell, our commands."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from harness.cli import app

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"```yaml\n(# (\S+)\n.*?)```", re.S)
SCHEMAS = {
    ".github": "vendor.github-workflows",
    ".gitlab-ci.yml": "vendor.gitlab-ci",
    "action.yml": "vendor.github-actions",
}
OURS = [ROOT / "action.yml", *sorted((ROOT / ".github/workflows").glob("*.yml"))]
THE_ACTION = re.compile(r"uses: \S+/auditbench@v[\d.]+")
USES = re.compile(r"^\s*(?:- )?uses: (\S+)(.*)$", re.M)
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
COMMAND = re.compile(r"auditbench[\")]*\s+((?:gate|run|compare|ab|doctor|show|export)\b[^|;\n]*)")


def workflows() -> list[tuple[str, str]]:
    """Every workflow by the path that it has or is to have."""
    ours = [(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")) for path in OURS]
    page = (ROOT / "docs/ci.md").read_text(encoding="utf-8")
    return ours + [(name, text) for text, name in BLOCK.findall(page)]


WORKFLOWS = workflows()
NAMES = [name for name, _ in WORKFLOWS]


def scripts(text: str) -> Iterator[str]:
    """What a workflow has the shell do: `run` of GitHub, `script` of GitLab."""

    def walk(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            for key, value in node.items():
                if key == "run" and isinstance(value, str):
                    yield value
                elif key == "script":
                    yield "\n".join(value)
                else:
                    yield from walk(value)
        elif isinstance(node, list):
            for value in node:
                yield from walk(value)

    yield from walk(YAML(typ="safe").load(text))


def test_every_example_says_where_it_goes() -> None:
    page = (ROOT / "docs/ci.md").read_text(encoding="utf-8")
    assert page.count("```yaml") == len(BLOCK.findall(page)) >= 5


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_actions_are_pinned_by_hash_and_say_their_version(path: Path) -> None:
    used = USES.findall(path.read_text(encoding="utf-8"))
    assert used
    assert [name for name, _ in used if not PINNED.fullmatch(name)] == []
    assert [name for name, rest in used if not re.fullmatch(r"  # v\d+\.\d+\.\d+", rest)] == []


def test_the_page_uses_inputs_that_the_action_has() -> None:
    inputs = YAML(typ="safe").load((ROOT / "action.yml").read_text(encoding="utf-8"))["inputs"]
    (text,) = [text for _, text in WORKFLOWS if THE_ACTION.search(text)]
    steps = YAML(typ="safe").load(text)["jobs"]["cost"]["steps"]
    assert 0 < len(steps[-1]["with"].keys()) == len(steps[-1]["with"].keys() & inputs.keys())
    page = (ROOT / "docs/ci.md").read_text(encoding="utf-8")
    told = {name for name in inputs if re.search(rf"\b{name}[:`]", page)}
    assert inputs.keys() - told == {"token"}


def test_only_publishing_may_write() -> None:
    release = YAML(typ="safe").load((ROOT / ".github/workflows/release.yml").read_text())
    assert release["permissions"] == {"contents": "read"}
    rights = {
        name: job["permissions"] for name, job in release["jobs"].items() if "permissions" in job
    }
    assert rights == {"publish": {"id-token": "write"}, "files": {"contents": "write"}}
    assert all(release["jobs"][name]["if"] == "github.ref_type == 'tag'" for name in rights)


def test_the_release_runs_scripts_that_are_there() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in OURS)
    named = set(re.findall(r"packaging/[\w/]+\.sh", text))
    assert len(named) >= 5
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []


def test_they_fit_the_schemas(tmp_path: Path) -> None:
    by_schema: dict[str, list[str]] = {}
    for number, (name, text) in enumerate(WORKFLOWS):
        path = tmp_path / f"{number}-{Path(name).name}"
        path.write_text(text, encoding="utf-8")
        by_schema.setdefault(SCHEMAS[Path(name).parts[0]], []).append(str(path))
    assert set(by_schema) == set(SCHEMAS.values())
    for schema, paths in by_schema.items():
        transform = ("--data-transform", "gitlab-ci") if "gitlab" in schema else ()
        words = ["--builtin-schema", schema, *transform, *paths]
        done = subprocess.run(
            [sys.executable, "-m", "check_jsonschema", *words],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("name", "text"), WORKFLOWS, ids=NAMES)
def test_the_shell_understands_them(name: str, text: str) -> None:
    found = list(scripts(text))
    assert found or THE_ACTION.search(text)
    for script in found:
        done = subprocess.run(
            ["bash", "-n"], input=script, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{name}: {done.stderr}\n{script}"


@pytest.mark.parametrize(("name", "text"), WORKFLOWS, ids=NAMES)
def test_our_commands_in_them_parse(name: str, text: str) -> None:
    for command in commands(text):
        app.parse_args(command, exit_on_error=False, print_error=False)


def test_the_pages_use_the_verbs_for_ci() -> None:
    verbs = {command[0] for _, text in WORKFLOWS for command in commands(text)}
    assert {"gate", "compare", "run"} <= verbs


def commands(text: str) -> list[list[str]]:
    """The command lines of auditbench in a workflow, without the program's name."""
    joined = "\n".join(scripts(text)).replace("\\\n", " ")
    return [shlex.split(words) for words in COMMAND.findall(joined)]
