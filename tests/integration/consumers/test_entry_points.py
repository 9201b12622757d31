"""Adapters in packages of their own: the example is installed, and bad ones are one line."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.consumers.base import ConsumerSetup
from harness.consumers.own import entry_points
from harness.processes.line_process import ChildFailedError
from tests.support.command import ROOT, assert_one_line
from tests.support.patience import PATIENCE_S

WHOLE = (
    "class A:\n    name = summary = 'bad'\n    changes = ''\n"
    "    sees_events = registers = True\n    by_tree = False\n    start = None\n"
)
EXAMPLE = ROOT / "docs/examples/own-consumer"


def installed(source: Path, folder: Path) -> Path:
    """A folder with the package, as pip installs it; nothing is fetched."""
    copy = Path(shutil.copytree(source, folder / "source"))
    words = ("install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index")
    done = subprocess.run(
        [sys.executable, "-m", "pip", *words, "--target", str(folder / "site"), str(copy)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder / "site"


def auditbench(site: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "harness", *words],
        env={"PYTHONPATH": f"{site}:{ROOT}", "PATH": f"{site}/bin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed(EXAMPLE, tmp_path_factory.mktemp("example"))


def test_the_example_is_listed_and_planned(site: Path) -> None:
    listed = auditbench(site, "list", "consumers")
    assert listed.returncode == 0, listed.stderr
    (line,) = (line for line in listed.stdout.splitlines() if line.startswith("tiny-audit "))
    assert "tiny-audit, events to a file as JSON" in line
    words = ("--consumer", "tiny-audit", "--workload", "udp", "--blocks", "2")
    dry = auditbench(site, "run", "consumers", *words, "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert "tiny-audit is registered as the audit daemon" in " ".join(dry.stdout.split())


def test_builds_of_it_are_told_apart(site: Path) -> None:
    build = f"tiny-audit@head={site}/bin/tiny-audit"
    dry = auditbench(site, "run", "consumers", "--consumer", "tiny-audit", build, "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert "tiny-audit@head" in dry.stdout


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("raise RuntimeError('broken\\nmore')", "of bad cannot be used (broken)"),
        ("class A: pass", "is no consumer: it lacks summary, sees_events"),
        ("import gone_for_good", "cannot be used (No module named 'gone_for_good')"),
        ("A = 3", "cannot be used ("),
        ("class A:\n    def __init__(self): raise SystemExit(3)", "cannot be used (3)"),
        (f"{WHOLE}    def find(self, _): return {{}}['x']", "find its program (KeyError: 'x')"),
        (
            "from auditbench.consumers import OwnConsumer, OwnCommand\n"
            "def A(): return OwnConsumer('x', OwnCommand(('true',)))",
            "calls its consumer 'x'",
        ),
    ],
)
def test_a_bad_package_is_one_line(code: str, expected: str, tmp_path: Path) -> None:
    about = tmp_path / "bad-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: bad\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[auditbench.consumers]\nbad = bad_one:A\n")
    (tmp_path / "bad_one.py").write_text(code + "\n")
    done = auditbench(tmp_path, "run", "--consumer", "bad", "--dry-run")
    assert_one_line(done, 2, expected)
    # The others are still there.
    assert auditbench(tmp_path, "run", "--consumer", "store", "--dry-run").returncode == 0
    listed = auditbench(tmp_path, "list", "consumers")
    assert listed.returncode == 0, listed.stderr
    assert {"store", "bad"} <= {text.split(" ")[0] for text in listed.stdout.splitlines()}


def test_what_a_package_raises_in_a_trial_is_told_as_its_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Running:
        def stop(self) -> None:
            raise KeyError("cpu")

    class Adapter:
        name, summary, changes = "mine", "mine", ""
        sees_events, registers, by_tree = True, True, False

        def find(self, _: Path | None) -> None:
            return None

        def start(self, setup: ConsumerSetup) -> Running:
            if setup.marker == "x":
                raise FileNotFoundError("no mine.conf")
            return Running()

    class Point:
        name, dist = "mine", None
        load = staticmethod(lambda: Adapter)

    monkeypatch.setattr(entry_points, "installed", lambda: {"mine": Point})
    made = entry_points.adapter.__wrapped__("mine")
    with pytest.raises(ChildFailedError, match=r"'mine' failed in start .no mine.conf"):
        made.start(ConsumerSetup("x"))
    with pytest.raises(ChildFailedError, match=r"'mine' failed in stop .KeyError: 'cpu'"):
        made.start(ConsumerSetup("y")).stop()


def test_a_package_cannot_take_the_name_of_a_consumer_of_auditbench(tmp_path: Path) -> None:
    about = tmp_path / "bad-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: bad\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[auditbench.consumers]\nstore = bad_one:A\n")
    (tmp_path / "bad_one.py").write_text("raise RuntimeError('never imported')\n")
    assert auditbench(tmp_path, "run", "--consumer", "store", "--dry-run").returncode == 0
    assert auditbench(tmp_path, "list", "consumers").returncode == 0
