"""docs/examples/bisect.sh under the real `git bisect run`: 0, 1, 125, and a stop for mistakes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command import ROOT
from tests.support.patience import PATIENCE_S
from tests.support.programs import program
from tests.support.stored.two_runs import write_run

SCRIPT = ROOT / "docs/examples/bisect.sh"
MEASURE = """\
import os, random, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.support.stored.two_runs import write_run
cost = Path("cost").read_text().strip()
if cost == "broken":
    sys.exit("it does not build")
results, label = Path(os.environ["RESULTS"]) / "h-1", os.environ["LABEL"]
number = len(list(results.iterdir()))
blocks = 2 if cost == "unclear" else 8
costs = {{"rules": 1.02 if cost == "unclear" else float(cost)}}
write_run(
    results / f"2026-12-01T{{number:06}}Z-overhead",
    seed=number, blocks=blocks, costs=costs, environment={{"label": label}},
)
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A repository beside the results, a way to measure it, and auditbench on the PATH."""
    for name in ("tree", "bin", "results/h-1"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "measure.py").write_text(MEASURE.format(root=str(ROOT)))
    command = tmp_path / "bin/auditbench"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -P -m harness "$@"\n')
    command.chmod(0o755)
    for seed in range(3):
        write_run(
            tmp_path / "results/h-1" / f"2026-11-0{seed + 1}T100000Z-overhead",
            seed=100 + seed,
            environment={"label": "good"},
        )
    return tmp_path


def git(place: Path, *words: str) -> str:
    done = subprocess.run(
        [program("git"), *words],
        cwd=place / "tree",
        env={**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )
    return done.stdout


def commit_all(place: Path, costs: list[str]) -> list[str]:
    """A commit for each cost; their names."""
    git(place, "init", "-q", "-b", "main")
    names = []
    for number, cost in enumerate(costs):
        (place / "tree/cost").write_text(f"{cost}\n")
        (place / "tree/number").write_text(f"{number}\n")
        git(place, "add", ".")
        who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
        git(place, *who, "commit", "-q", "-m", f"{number}")
        names.append(git(place, "rev-parse", "HEAD").strip())
    return names


def bisect(place: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """`git bisect run`, or the script alone where words do not begin with git."""
    return subprocess.run(
        list(words),
        cwd=place / "tree",
        env={
            **os.environ,
            "PATH": f"{place / 'bin'}:{os.environ['PATH']}",
            "RESULTS": str(place / "results"),
            **variables,
        },
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE_S,
        check=False,
    )


def measuring(place: Path) -> tuple[str, str, str, str]:
    return str(SCRIPT), "@good", sys.executable, str(place / "measure.py")


def test_the_first_bad_commit_is_found(place: Path) -> None:
    names = commit_all(place, ["1.0", "1.0", "broken", "1.3", "1.3", "1.3"])
    git(place, "bisect", "start", names[-1], names[0])
    done = bisect(place, program("git"), "bisect", "run", *measuring(place))
    said = done.stdout + done.stderr
    # The commit that does not build cannot be told from the first that is worse.
    for name in names[2:4]:
        assert name in said, said
    assert "only 'skip'ped commits left" in said or f"{names[3]} is the first bad commit" in said


@pytest.mark.parametrize(
    ("cost", "boots", "code"),
    [
        ("1.0", "1", 0),
        ("1.3", "1", 1),
        ("1.3", "3", 1),
        ("broken", "1", 125),
        ("unclear", "1", 125),
    ],
)
def test_each_exit_code(place: Path, cost: str, boots: str, code: int) -> None:
    commit_all(place, [cost])
    options = "--allow kernel,version --metric elapsed"
    done = bisect(place, *measuring(place), BOOTS=boots, COMPARE=options)
    assert done.returncode == code, done.stdout + done.stderr
    if boots == "3":
        assert "3 runs of BASE, 3 of HEAD" in done.stdout


def test_a_mistake_stops_the_search(place: Path) -> None:
    commit_all(place, ["1.0"])
    script, _, *measure = measuring(place)
    assert bisect(place, script, "@bad", *measure).returncode == 255
    assert bisect(place, script, "@good").returncode == 255
    without = bisect(place, *measuring(place), PATH=os.defpath)
    assert without.returncode == 255
    assert "not on the PATH" in without.stderr
