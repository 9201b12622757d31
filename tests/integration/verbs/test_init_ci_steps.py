"""The steps of the counted workflow that `init ci` writes, one by one, as nobody.

`rules lint` is the real one; counting is done by a stand-in, as it takes minutes in guests.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from harness.cli import run_command
from tests.support.command import ROOT
from tests.support.privilege import AS_NOBODY, unprivileged
from tests.support.programs import program

GOOD = "-D\n-b 8192\n-a always,exit -F arch=b64 -S connect -F key=net\n"
BAD = GOOD + "-a always,exit -F arch=b64 -S opne -F key=open\n"
AUDITBENCH = f"""\
#!/bin/sh
printf '%s\\n' "$*" >> "$SAID/asked"
case "$1 $2" in
"rules lint") cd "$PWD" && PYTHONPATH={ROOT} exec {sys.executable} -P -m harness "$@" ;;
"rules cost") title='# Bill' code=${{BILL:-0}} ;;
*) title='# Gate' code=${{GATE:-0}} ;;
esac
for word; do
    case $word in md=*) [ "$code" = 4 ] || echo "$title" > "${{word#md=}}" ;; esac
done
exit "$code"
"""


@dataclass(frozen=True)
class Repository:
    """A checkout of a pull request, and the workflow that it has."""

    place: Path
    steps: dict[str, str]

    @property
    def said(self) -> Path:
        """Where stand-ins leave what they were asked."""
        return self.place.parent

    def git(self, *words: str) -> None:
        who = ("-c", "user.name=t", "-c", "user.email=t@localhost")
        subprocess.run([program("git"), *who, "-C", str(self.place), *words], check=True)

    def run(self, name: str, **more: str) -> subprocess.CompletedProcess[str]:
        """One step, by a user who may do nothing in particular."""
        environment = {
            "PATH": f"{self.said / 'bin'}:{os.environ['PATH']}",
            "HOME": str(self.said),
            "SAID": str(self.said),
            "GITHUB_BASE_REF": "main",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        return subprocess.run(
            [*unprivileged(AS_NOBODY), program("bash"), "-e", "-c", self.steps[name]],
            cwd=self.place,
            env=environment | more,
            capture_output=True,
            text=True,
            check=False,
        )

    def asked(self) -> list[str]:
        """What auditbench was called with."""
        return (self.said / "asked").read_text().splitlines()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the user nobody reaches: git asks access(2), which knows no capability."""
    made = Path(tempfile.mkdtemp(prefix="init-ci-"))
    made.chmod(0o777)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def repository(folder: Path) -> Repository:
    """A pull request that changes rules/base.rules."""
    place = folder / "repository"
    assert run_command(["init", "ci", str(place)]) == 0
    text = (place / ".github/workflows/audit-count.yml").read_text()
    job: dict[str, Any] = YAML(typ="safe").load(text)["jobs"]["count"]
    made = Repository(place, {s["name"]: s["run"] for s in job["steps"] if "run" in s})
    (folder / "bin").mkdir()
    (folder / "bin/auditbench").write_text(AUDITBENCH)
    (folder / "bin/auditbench").chmod(0o755)
    (place / "rules").mkdir()
    (place / "rules/base.rules").write_text(GOOD)
    made.git("init", "--quiet")
    made.git("add", "--all")
    made.git("commit", "--quiet", "-m", "base")
    made.git("update-ref", "refs/remotes/origin/main", "HEAD")
    (place / "rules/base.rules").write_text(BAD)
    made.git("commit", "--quiet", "--all", "-m", "head")
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(stat.S_IMODE(path.stat().st_mode) | (0o777 if path.is_dir() else 0o666))
    return made


def test_findings_fail_the_step_and_stand_in_the_sarif_file(repository: Repository) -> None:
    done = repository.run("Find what is wrong")
    assert done.returncode == 1, done.stderr
    assert "rules/base.rules:4: error: -S opne names no syscall" in done.stdout
    (run,) = json.loads((repository.place / "lint.sarif").read_text())["runs"]
    (error,) = [each for each in run["results"] if each["level"] == "error"]
    where = error["locations"][0]["physicalLocation"]
    assert (where["artifactLocation"]["uri"], where["region"]["startLine"]) == (
        "rules/base.rules", 4,
    )  # fmt: skip
    (repository.place / "rules/base.rules").write_text(GOOD)
    assert repository.run("Find what is wrong").returncode == 0


def test_cost_and_coverage_become_one_answer(repository: Repository) -> None:
    done = repository.run("Count merge base and head")
    assert done.returncode == 0, done.stderr
    assert (repository.place / "base.rules").read_text() == GOOD
    assert (repository.place / "head.rules").read_text() == BAD
    gate, cost = repository.asked()
    assert gate.startswith("gate --count --rules base.rules head.rules --reference base ")
    assert "--fail head/instructions:1% --fail head/blind:0" in gate
    assert cost == "rules cost head.rules --to md=cost.md"
    assert (repository.place / "answer.md").read_text() == (
        "# Gate\n\n<details><summary>What each line costs</summary>\n\n# Bill\n\n</details>\n"
    )


@pytest.mark.parametrize(
    ("gate", "code", "told"),
    [("1", 1, ""), ("3", 0, "::warning::not decided"), ("2", 2, "")],
)
def test_what_becomes_of_the_gate(repository: Repository, gate: str, code: int, told: str) -> None:
    done = repository.run("Count merge base and head", GATE=gate)
    assert done.returncode == code, done.stderr
    assert told in done.stdout
    assert "# Gate" in (repository.place / "answer.md").read_text()
    assert "# Bill" in (repository.place / "answer.md").read_text()


def test_a_bill_that_cannot_be_had_is_a_warning(repository: Repository) -> None:
    done = repository.run("Count merge base and head", BILL="4")
    assert done.returncode == 0
    assert "::warning::rules cost ended with 4" in done.stdout
    assert (repository.place / "answer.md").read_text() == "# Gate\n"


def test_a_file_that_is_new_has_its_bill_alone(repository: Repository) -> None:
    repository.git("rm", "--quiet", "--cached", "rules/base.rules")
    repository.git("commit", "--quiet", "-m", "without")
    repository.git("update-ref", "refs/remotes/origin/main", "HEAD")
    (repository.place / "rules/base.rules").write_text(BAD)
    done = repository.run("Count merge base and head")
    assert done.returncode == 0, done.stderr
    assert "::notice::rules/base.rules is new" in done.stdout
    assert repository.asked() == ["rules cost head.rules --to md=cost.md"]
