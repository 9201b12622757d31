"""The sample rules repository on the live kernel, as whoever copies it would run it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import ROOT
from tests.support.patience import PATIENCE_S

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("audit_host")]

SAMPLE = ROOT / "docs/examples/rules-repository"
# Too few and too small to decide anything about this host: what cannot be told is no failure here.
SMALL = ("--audit-blocks=2", "--audit-ops=200", "--audit-inconclusive=xfail", "-W", "error")


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """A copy of the sample repository."""
    copied = shutil.copytree(SAMPLE, tmp_path / "rules-repository")
    return Path(copied)


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "pytest", *SMALL, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def entries(path: Path) -> dict[str, dict[str, Any]]:
    document = json.loads(path.read_text(encoding="utf-8"))
    return {entry["name"]: entry for entry in document["benchmarks"]}


def test_the_sample_repository_measures_and_compares(sample: Path) -> None:
    first = run(sample, "--benchmark-json=b.json", "--benchmark-autosave", "--audit-results=kept")
    assert first.returncode == 0, first.stdout
    assert " skipped" not in first.stdout
    assert "== audit overhead ==" in first.stdout
    found = entries(sample / "b.json")
    assert len(found) == 3
    connections = found["test_connections_cost_at_most_six_times"]
    assert connections["stats"]["rounds"] == 2
    assert connections["stats"]["iterations"] == 200
    assert connections["extra_info"]["ratio"] > 1
    accounts = found["test_watching_accounts_costs_connections_little"]
    assert accounts["extra_info"]["reference"] == "base"
    kept = [path.read_text(encoding="utf-8") for path in (sample / "kept").rglob("samples.jsonl")]
    for trial in (json.loads(line) for text in kept for line in text.splitlines()):
        if trial["scenario"] in ("base", "watched"):
            assert trial["ledger"]["complete"] == trial["ops"]

    compared = run(
        sample, "-k", "programs", "--benchmark-compare", "--benchmark-compare-fail=mean:100000%"
    )
    assert compared.returncode == 0, compared.stdout
    assert "(NOW)" in compared.stdout


def test_what_is_lost_at_a_rate_is_counted(sample: Path) -> None:
    lossy = "-D\n-b 8\n--backlog_wait_time 0\n-a always,exit -F arch=b64 -S connect -k net\n"
    (sample / "rules/lossy.rules").write_text(lossy, encoding="utf-8")
    (sample / "tests/test_rules.py").write_text(
        "def test_whole(audit_overhead):\n"
        "    result = audit_overhead('rules/base.rules', workload='udp')\n"
        "    loss = result.assert_nothing_lost(rate=1_000, seconds=0.2)\n"
        "    assert (loss.trials, loss.expected, loss.complete) == (2, 400, 400)\n"
        "    assert 950 < loss.reached_per_s < 1_100\n"
        "def test_lossy(audit_overhead):\n"
        "    audit_overhead('rules/lossy.rules', workload='connect').assert_nothing_lost()\n",
        encoding="utf-8",
    )
    done = run(sample, "--audit-ops=5000")
    assert done.returncode == 1, done.stdout
    assert "FAILED tests/test_rules.py::test_lossy" in done.stdout
    assert "events did not arrive whole" in done.stdout
    assert "FAILED tests/test_rules.py::test_whole" not in done.stdout
