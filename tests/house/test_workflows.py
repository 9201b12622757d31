"""The workflows, ours and those to copy from docs/ci.md: the schema, the shell, our commands."""

from __future__ import annotations

import io
import os
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
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("notebooks/*.md"), *(ROOT / "docs").rglob("*.md")]
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
COMMAND = re.compile(
    r"auditbench[\")]*\s+((?:gate|run|compare|ab|doctor|show|export|rules)\b[^|;\n]*)"
)


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


FILES_RIGHTS = {"contents": "write", "id-token": "write", "attestations": "write"}
"""The files of a release, and the signed statement of where they were made."""


def test_only_publishing_may_write() -> None:
    release = YAML(typ="safe").load((ROOT / ".github/workflows/release.yml").read_text())
    assert release["permissions"] == {"contents": "read"}
    rights = {
        name: job["permissions"] for name, job in release["jobs"].items() if "permissions" in job
    }
    assert rights == {"publish": {"id-token": "write"}, "files": FILES_RIGHTS}
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


def installs() -> Iterator[tuple[str, str]]:
    """What the pages and workflows have pip or pipx install, with the place that says so."""
    texts = {str(page.relative_to(ROOT)): page.read_text(encoding="utf-8") for page in PAGES}
    for name, text in {**texts, **dict(WORKFLOWS)}.items():
        joined = re.sub(r"\\\n\s*", " ", text)
        for words in re.findall(r"\bpipx? install ([^\n`;|&]+)", joined):
            yield name, words


def comes_from_an_index(words: str) -> bool:
    """Whether auditbench itself would be looked for on a package index, where it is not."""
    # With extras it is there already: `auditbench[data]` installs only what they name.
    return bool(re.search(r"(?<![\w./$@{+-])auditbench(?![\w\[/.:?])", words.partition("#")[0]))


def test_every_example_installs_from_what_exists() -> None:
    found = list(installs())
    assert {"docs/ci.md", "docs/pytest.md", "README.md", ".gitlab-ci.yml"} <= {n for n, _ in found}
    # docs/install.md says from which tag on its line works.
    from_index = [(name, words) for name, words in found if comes_from_an_index(words)]
    assert from_index == [("docs/install.md", "auditbench")]


@pytest.mark.parametrize("words", ["auditbench", "-q auditbench pytest", "'auditbench' x"])
def test_an_install_from_an_index_is_seen(words: str) -> None:
    assert comes_from_an_index(words)


def test_the_command_is_found_under_sudo() -> None:
    """sudo has a PATH of its own: the program is named by its place."""
    called = [
        (name, word)
        for name, text in WORKFLOWS
        for word in re.findall(r"\bsudo (?:-E )?(\S*auditbench\S*)", "\n".join(scripts(text)))
    ]
    assert {".github/workflows/nightly.yml", ".gitlab-ci.yml"} <= {name for name, _ in called}
    assert [(name, word) for name, word in called if "/" not in word] == []


COMMENTING = {
    "audit-rules.yml": ({"pull-requests": "write"}, "gate.md", "auditbench"),
    "audit-count.yml": (
        {"contents": "read", "pull-requests": "write", "security-events": "write"},
        "answer.md",
        "auditbench, counted",
    ),
}
"""Workflows to copy that comment: what that job may do, its answer, the mark of its comment."""


@pytest.mark.parametrize("workflow", COMMENTING)
def test_what_comments_on_the_pull_request_measures_nothing(workflow: str) -> None:
    (text,) = [text for name, text in WORKFLOWS if name.endswith(workflow)]
    document = YAML(typ="safe").load(text)
    assert document["permissions"] == {"contents": "read"}
    writing = [job for job in document["jobs"].values() if "permissions" in job]
    (job,) = writing
    assert job["permissions"] == COMMENTING[workflow][0]
    said = "\n".join(step.get("run", "") for step in job["steps"])
    assert "gh pr comment" in said
    assert "sudo" not in said
    assert commands(yaml_of(job)) == []


def yaml_of(job: Any) -> str:
    stream = io.StringIO()
    YAML(typ="safe").dump({"jobs": {"it": job}}, stream)
    return stream.getvalue()


@pytest.mark.parametrize("workflow", COMMENTING)
@pytest.mark.parametrize("known", [True, False])
def test_the_comment_is_renewed(known: bool, workflow: str, tmp_path: Path) -> None:
    """The script of the example, with a stand-in for `gh` that knows one comment or none."""
    _, answer, mark = COMMENTING[workflow]
    (text,) = [text for name, text in WORKFLOWS if name.endswith(workflow)]
    (script,) = [one for one in scripts(text) if "gh pr comment" in one]
    (tmp_path / answer).write_text("the table\n")
    gh = tmp_path / "gh"
    there = "echo 17" if known else ":"
    gh.write_text(f'#!/bin/sh\necho "$*" >> asked\ncase "$*" in *--paginate*) {there} ;; esac\n')
    gh.chmod(0o755)
    done = subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "GH_REPO": "o/r", "NUMBER": "5"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    asked = (tmp_path / "asked").read_text()
    assert ("--method PATCH repos/o/r/issues/comments/17" in asked) is known
    assert ("pr comment 5 --body-file comment.md" in asked) is not known
    assert (tmp_path / "comment.md").read_text() == f"<!-- {mark} -->\nthe table\n"
