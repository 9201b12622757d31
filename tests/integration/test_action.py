"""The steps of action.yml, with stand-ins for sudo, auditbench and gh."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.support.command import ROOT
from tests.support.programs import program

STEPS = Path(__file__).parents[2] / "packaging/action"
AUDITBENCH = """\
#!/bin/sh
case "$*" in
*--help*) echo "${HELP:---count}"; exit 0 ;;
*lint*) printf '%s\\n' "$@" > "$SAID/lint"; echo 'a finding'; exit "${FINDS:-0}" ;;
*cost*) said=cost title='# Bill' code=${BILLS:-0} ;;
*--count*) said=counted title='# Counted' code=${COUNTS:-0} ;;
*) said=words title='# Answer' code=${ANSWERS:-0} ;;
esac
printf '%s\\n' "$@" > "$SAID/$said"
for word; do case $word in md=*) echo "$title" > "${word#md=}" ;; esac; done
exit "$code"
"""
GH = """\
#!/bin/sh
echo "$*" >> "$SAID/gh"
[ -z "${REFUSED:-}" ] || exit 1
case "$*" in *--paginate*) echo "${LAST:-}" ;; esac
for word; do case $word in body=@*) cp "${word#body=@}" "$SAID/body" ;; esac; done
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A rules repository with a branch that changes one rule file and adds another."""
    there = tmp_path / "repository"
    (there / "rules").mkdir(parents=True)
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    for name, text in (
        ("auditbench", AUDITBENCH),
        ("gh", GH),
        ("sudo", '#!/bin/sh\nshift\nexec "$@"\n'),
    ):
        (bin_ / name).write_text(text)
        (bin_ / name).chmod(0o755)

    def git(*words: str) -> None:
        who = ("-c", "user.name=t", "-c", "user.email=t@localhost")
        subprocess.run([program("git"), *who, "-C", str(there), *words], check=True)

    git("init", "--quiet")
    (there / "rules/base.rules").write_text("-D\n")
    git("add", "--all")
    git("commit", "--quiet", "-m", "base")
    git("update-ref", "refs/remotes/origin/main", "HEAD")
    (there / "rules/base.rules").write_text("-D\n-b 100\n")
    (there / "rules/new.rules").write_text("-D\n")
    git("add", "--all")
    git("commit", "--quiet", "-m", "head")
    return there


def measure(repository: Path, rules: str = "rules/base.rules", **more: str) -> tuple[int, str]:
    """The exit code of the step and all that it printed."""
    said = repository.parent
    environment = {
        "PATH": f"{said / 'bin'}:{os.environ['PATH']}",
        "SAID": str(said),
        "TMPDIR": str(said),
        "AUDITBENCH": "auditbench",
        "RULES": rules,
        "LINT": "error",
        "COUNT": "instructions:1%",
        "KERNEL": "host",
        "COST": "false",
        "LIMITS": "elapsed:5% lost:0",
        "WORKLOADS": "udp shells",
        "ARGUMENTS": "--fast",
        "INCONCLUSIVE": "warn",
        "RESULTS": "results",
        "GITHUB_OUTPUT": str(said / "output"),
        "GITHUB_BASE_REF": "main",
    }
    return step("measure.sh", repository, environment | more)


def step(name: str, folder: Path, environment: dict[str, str]) -> tuple[int, str]:
    done = subprocess.run(
        [program("bash"), str(STEPS / name)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def words(repository: Path) -> list[str]:
    return (repository.parent / "words").read_text().splitlines()


def test_head_is_measured_beside_the_merge_base(repository: Path) -> None:
    assert measure(repository)[0] == 0
    said = words(repository)
    base, head = said[2:4]
    assert Path(base).read_text() == "-D\n"
    assert Path(head).read_text() == "-D\n-b 100\n"
    assert (Path(base).stem, Path(head).stem) == ("base", "head")
    at = said.index("--reference")
    assert said[at + 1] == "base"
    at = said.index("--workload")
    assert said[at + 1 : at + 4] == ["udp", "shells", "--borrow"]
    assert [said[i + 1] for i, word in enumerate(said) if word == "--fail"] == [
        "head/elapsed:5%", "head/lost:0",
    ]  # fmt: skip
    assert said[-1] == "--fast"
    output = (repository.parent / "output").read_text()
    assert output.startswith("code=0\ncounted=0\nmarkdown=")
    answer = Path(output.strip().rpartition("=")[2])
    assert answer.read_text() == "# Counted\n\n# Answer\n\n"


def test_instructions_have_limits_and_a_kernel_of_their_own(repository: Path) -> None:
    assert measure(repository, COUNT="instructions:1% udp/instructions:2%")[0] == 0
    said = (repository.parent / "counted").read_text().splitlines()
    assert [said[i + 1] for i, word in enumerate(said) if word == "--fail"] == [
        "head/instructions:1%", "head/udp/instructions:2%",
    ]  # fmt: skip
    assert said[-3:] == ["--count", "--kernel", "host"]


@pytest.mark.parametrize(
    ("asked", "installed"),
    [("", "/the/action"), ("git+https://host/fork", "git+https://host/fork")],
)
def test_the_action_installs_what_it_is_a_part_of_or_what_is_asked_for(
    asked: str, installed: str, tmp_path: Path
) -> None:
    action = YAML(typ="safe").load((ROOT / "action.yml").read_text(encoding="utf-8"))
    # No index has auditbench: the default must be what the runner has already.
    assert action["inputs"]["install"]["default"] == ""
    (script,) = [s["run"] for s in action["runs"]["steps"] if s.get("name") == "Install"]
    pip = tmp_path / "auditbench/bin/pip"
    pip.parent.mkdir(parents=True)
    pip.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/installed\n')
    pip.chmod(0o755)
    for name, text in (("ldconfig", "echo libaudit.so.1"), ("qemu-system-x86_64", "true")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "PYTHON": "true",
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_ACTION_PATH": "/the/action",
        "INSTALL": asked,
        "COUNT": "",
        "COST": "false",
    }
    bash = [program("bash"), "-euo", "pipefail", "-c", script]
    subprocess.run(bash, env=environment, check=True)
    assert (tmp_path / "installed").read_text().split() == ["install", "--quiet", installed]


@pytest.mark.parametrize(("count", "help_text"), [("", "--count"), ("instructions:1%", "--fail")])
def test_nothing_is_counted_unasked_or_by_a_version_that_cannot(
    repository: Path, count: str, help_text: str
) -> None:
    assert measure(repository, COUNT=count, HELP=help_text)[0] == 0
    assert not (repository.parent / "counted").exists()
    assert (repository.parent / "words").exists()


def test_more_instructions_than_allowed_fail_the_job_after_all_was_measured(
    repository: Path,
) -> None:
    assert measure(repository, COUNTS="1")[0] == 1
    assert "counted=1" in (repository.parent / "output").read_text()
    assert (repository.parent / "words").exists()


def test_findings_fail_the_job_and_stand_in_the_answer(repository: Path) -> None:
    code, output = measure(repository, FINDS="1")
    assert code == 1
    assert "::error file=rules/base.rules::" in output
    said = (repository.parent / "lint").read_text().split()
    assert said == ["rules", "lint", "rules/base.rules", "--elsewhere", "--fail-on", "error"]
    answer = Path((repository.parent / "output").read_text().strip().rpartition("=")[2])
    assert "a finding" in answer.read_text()
    assert "# Answer" in answer.read_text()
    assert measure(repository, FINDS="1", LINT="none")[0] == 0


def test_the_bill_is_folded_into_the_answer_and_decides_nothing(repository: Path) -> None:
    assert measure(repository, COST="true")[0] == 0
    said = (repository.parent / "cost").read_text().splitlines()
    assert said[:5] == ["rules", "cost", "rules/base.rules", "--kernel", "host"]
    answer = Path((repository.parent / "output").read_text().strip().rpartition("=")[2])
    assert "<summary>What each line costs</summary>\n\n# Bill\n\n</details>" in answer.read_text()
    code, output = measure(repository, COST="true", BILLS="3")
    assert code == 0
    assert "::warning::rules cost" in output


@pytest.mark.parametrize(("rules", "ref"), [("rules/new.rules", "main"), ("rules/base.rules", "")])
def test_without_a_base_the_reference_is_no_rules(repository: Path, rules: str, ref: str) -> None:
    assert measure(repository, rules, GITHUB_BASE_REF=ref)[0] == 0
    said = words(repository)
    assert said[said.index("--reference") + 1] == "no-rules"
    assert Path(said[2]).stem == "head"
    assert said[3] == "--reference"


@pytest.mark.parametrize(
    ("answers", "inconclusive", "code", "told"),
    [
        ("1", "warn", 1, ""),
        ("3", "warn", 0, "::warning::time and loss: not decided"),
        ("3", "fail", 3, ""),
        ("4", "fail", 0, "::warning::time and loss: not possible"),
        ("2", "warn", 2, ""),
    ],
)
def test_what_becomes_of_an_exit_code(
    repository: Path, answers: str, inconclusive: str, code: int, told: str
) -> None:
    got, output = measure(repository, ANSWERS=answers, INCONCLUSIVE=inconclusive)
    assert got == code
    assert told in output
    assert (repository.parent / "output").read_text().startswith(f"code={answers}\n")


def test_what_the_checkout_lacks_is_said(repository: Path) -> None:
    code, output = measure(repository, "rules/gone.rules")
    assert code == 2
    assert "::error::rules/gone.rules is not in this checkout" in output
    code, output = measure(repository, GITHUB_BASE_REF="elsewhere")
    assert code == 2
    assert "fetch-depth: 0" in output


def comment(repository: Path, **more: str) -> tuple[int, str]:
    said = repository.parent
    (said / "answer.md").write_text("# Answer\n")
    environment = {
        "PATH": f"{said / 'bin'}:{os.environ['PATH']}",
        "SAID": str(said),
        "TMPDIR": str(said),
        "ANSWER": str(said / "answer.md"),
        "RULES": "rules/base.rules",
        "PULL_REQUEST": "7",
        "GITHUB_REPOSITORY": "some/rules",
    }
    return step("comment.sh", repository, environment | more)


def test_the_first_answer_is_a_new_comment(repository: Path) -> None:
    assert comment(repository)[0] == 0
    _, made = (repository.parent / "gh").read_text().splitlines()
    assert "repos/some/rules/issues/7/comments" in made
    assert "PATCH" not in made
    body = (repository.parent / "body").read_text()
    assert body == "<!-- auditbench: rules/base.rules -->\n# Answer\n"


def test_the_next_one_replaces_it(repository: Path) -> None:
    assert comment(repository, LAST="41")[0] == 0
    _, made = (repository.parent / "gh").read_text().splitlines()
    assert "--method PATCH repos/some/rules/issues/comments/41" in made


def test_a_token_that_may_not_comment_is_a_warning(repository: Path) -> None:
    code, output = comment(repository, REFUSED="yes")
    assert code == 0
    assert "pull-requests: write" in output
