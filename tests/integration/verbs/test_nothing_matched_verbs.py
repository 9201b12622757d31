"""What the commands say of a stored run whose rules matched nothing; the run is made up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness.errors import EXIT_FINE, EXIT_UNTRUSTWORTHY
from tests.support.command import auditbench
from tests.support.stored.unmatched_runs import FORESEEN, LOGIN, eventless, run_with_rules

SENTENCE = (
    "rules: nothing matched (udp); of its 40 rules 20 need another euid, 17 need another path, "
    "3 need another auid."
)
FILE_LINE = "rules stig.rules: 0 of 40 rules can match this load (udp): "


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return run_with_rules(
        tmp_path / "results/h-1/run", eventless("rules"), matching=[FORESEEN], login=LOGIN
    )


def test_show_answers_first_that_nothing_matched(run: Path, tmp_path: Path) -> None:
    done = auditbench("show", run, cwd=tmp_path)
    assert done.returncode == EXIT_FINE, done.stderr
    text = " ".join(done.stdout.split())
    assert SENTENCE in text
    assert text.index(SENTENCE) < text.index("udp: disabled")
    assert FILE_LINE in text
    assert "login uid of the load: 1000" in text


def test_the_document_has_it_as_data(run: Path, tmp_path: Path) -> None:
    done = auditbench("show", run, "--json", cwd=tmp_path)
    document = json.loads(done.stdout)
    assert document["answer"].startswith(SENTENCE)
    assert [cell["scenario"] for cell in document["unmatched"]] == ["rules"]


def test_a_gate_on_it_is_inconclusive(run: Path, tmp_path: Path) -> None:
    limits = ("--fail", "rules/elapsed:900%", "--fail", "rules/lost:0")
    done = auditbench("gate", "--run", run, *limits, cwd=tmp_path)
    assert done.returncode == EXIT_UNTRUSTWORTHY, done.stderr
    assert "inconclusive: nothing matched: the rules made no event" in done.stdout
    assert "The gate is inconclusive: 2 of 2 checks are." in done.stdout
    passed = auditbench("gate", "--run", run, *limits, "--inconclusive", "pass", cwd=tmp_path)
    assert passed.returncode == EXIT_FINE, passed.stderr


def test_the_report_says_it(run: Path, tmp_path: Path) -> None:
    done = auditbench("report", run, "-o", tmp_path / "report.html", cwd=tmp_path)
    assert done.returncode == EXIT_FINE, done.stderr
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert SENTENCE in page
    assert FILE_LINE in page
